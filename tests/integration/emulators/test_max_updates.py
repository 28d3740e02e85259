"""How updates reach a bot: long polling and webhooks, with everything that goes wrong."""

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.emulators.conftest import ANNA, BORIS, Hook, Max, button, keyboard, served, until

FAST = 0.001  # 60 s become 60 ms


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["body"]["text"] for update in updates]


def test_a_marker_confirms_what_is_before_it(met: Max) -> None:
    for text in ("раз", "два", "три"):
        met.hand("messages", text=text)
    first = met.updates(limit=2)
    assert texts(first["updates"]) == ["раз", "два"]
    assert texts(met.updates()["updates"]) == ["раз", "два", "три"]
    rest = met.updates(marker=first["marker"])
    assert texts(rest["updates"]) == ["три"]
    assert texts(met.updates(marker=0)["updates"]) == ["три"]
    assert met.updates(marker=rest["marker"]) == {"updates": [], "marker": rest["marker"]}


def test_polling_filters_by_type(met: Max) -> None:
    met.hand("messages", text="раз")
    met.hand("stop")
    assert [update["update_type"] for update in met.updates(types="bot_stopped,bot_started")["updates"]] == [
        "bot_stopped"
    ]


def test_a_poll_waits_for_news(met: Max) -> None:
    marker = met.updates()["marker"]
    later = threading.Timer(0.3, lambda: met.hand("messages", text="новость"))
    later.start()
    assert texts(met.updates(timeout=20, marker=marker)["updates"]) == ["новость"]
    later.join()


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"timeout": 91}, {"marker": "abc"}])
def test_a_wrong_query_is_refused(strict: Max, query: dict[str, Any]) -> None:
    answer = strict.bot.get("/updates", params={"timeout": 0, **query})
    assert (answer.status_code, answer.json()["code"]) == (400, "proto.payload")


def test_updates_are_kept_for_a_day(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with served(tmp_path, clock=lambda: now[0]) as messenger:
        messenger.hand("start")
        now[0] += 24 * 3600 + 1
        messenger.hand("messages", text="сегодня")
        assert [update["update_type"] for update in messenger.updates()["updates"]] == ["message_created"]


def test_a_webhook_switches_polling_off_and_back_on(messenger: Max, hook: Hook) -> None:
    messenger.subscribe(hook.url, update_types=["message_created"])
    assert messenger.bot.get("/updates").status_code == 405
    listed = messenger.bot.get("/subscriptions").json()["subscriptions"]
    assert [(item["url"], item["update_types"]) for item in listed] == [(hook.url, ["message_created"])]
    assert messenger.bot.delete("/subscriptions", params={"url": hook.url}).json() == {"success": True}
    assert messenger.bot.delete("/subscriptions", params={"url": hook.url}).json()["success"] is False
    assert messenger.updates()["updates"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "ftp://example.org/hook"},
        {"url": "http://example.org/hook"},
        {"url": "https://example.org:8443/hook"},
        {"url": "https://example.org/hook", "secret": "abc"},
        {"url": "https://example.org/hook", "secret": "with space"},
        {"url": "https://example.org/hook", "update_types": "message_created"},
    ],
)
def test_a_wrong_subscription_is_refused(strict: Max, body: dict[str, Any]) -> None:
    answer = strict.bot.post("/subscriptions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "proto.payload")
    assert strict.bot.get("/subscriptions").json() == {"subscriptions": []}


def test_an_https_webhook_without_a_port_is_taken(tmp_path: Path) -> None:
    with served(tmp_path, allow_http_webhooks=False) as messenger:
        messenger.subscribe("https://example.org/hook", secret="abc_de-1")


def test_a_webhook_gets_one_bare_update_with_the_secret(messenger: Max, hook: Hook) -> None:
    messenger.subscribe(hook.url, secret="very-secret")
    messenger.hand("start", payload="key")
    got = hook.next()
    assert got.secret == "very-secret"
    assert (got.update["update_type"], got.update["payload"]) == ("bot_started", "key")
    assert set(got.update) == {"update_type", "timestamp", "chat_id", "user", "user_id", "user_locale", "payload"}


def test_only_wanted_types_are_sent(messenger: Max, hook: Hook) -> None:
    messenger.subscribe(hook.url, update_types=["message_created"])
    messenger.hand("start")
    messenger.hand("messages", text="раз")
    assert hook.texts(1) == ["раз"]


def attempts(messenger: Max) -> list[dict[str, Any]]:
    return list(messenger.world.get("/_deliveries").json()["attempts"])


def pending(messenger: Max) -> list[dict[str, Any]]:
    return list(messenger.world.get("/_deliveries").json()["pending"])


def test_only_200_counts_and_a_failed_call_is_repeated_before_the_next_of_its_chat(tmp_path: Path, hook: Hook) -> None:
    with served(tmp_path, retry_scale=FAST) as messenger:
        messenger.hand("start")
        messenger.subscribe(hook.url)
        for status in (500, 204, 302):
            hook.statuses.put(status)
        messenger.hand("messages", text="раз")
        messenger.hand("messages", text="два")
        assert hook.texts(5) == ["раз", "раз", "раз", "раз", "два"]
        until(lambda: not pending(messenger))
        calls = attempts(messenger)
        assert [call["status"] for call in calls] == [500, 204, 302, 200, 200]
        pauses = [after["at"] - before["at"] for before, after in pairwise(calls[:4])]
        assert [pause >= least for pause, least in zip(pauses, (0.06, 0.15, 0.375), strict=True)] == [True] * 3


def test_a_chat_in_trouble_does_not_hold_back_another(tmp_path: Path, hook: Hook) -> None:
    with served(tmp_path) as messenger:
        for person in (ANNA, BORIS):
            messenger.hand("start", person=person)
        messenger.subscribe(hook.url)
        hook.refused = "беда"
        for text in ("беда", "после беды"):
            messenger.hand("messages", text=text)
        messenger.hand("messages", person=BORIS, text="другой")
        assert set(hook.texts(2)) == {"беда", "другой"}
        waiting = until(lambda: [row for row in pending(messenger) if row["attempts"] == 1])
        assert 55_000 < waiting[0]["due"] - attempts(messenger)[0]["at"] * 1000 < 65_000
        assert len(pending(messenger)) == 2


def test_after_eight_hours_of_failure_the_bot_is_unsubscribed_and_can_poll(tmp_path: Path, hook: Hook) -> None:
    with served(tmp_path, retry_scale=FAST / 10) as messenger:  # 8 h become 2.9 s, the seventh repeat falls at 2.4 s
        messenger.hand("start")
        messenger.subscribe(hook.url)
        hook.refused = "беда"
        messenger.hand("messages", text="беда")
        until(lambda: messenger.bot.get("/subscriptions").json() == {"subscriptions": []})
        assert len(attempts(messenger)) in {7, 8}
        assert texts(messenger.updates(types="message_created")["updates"]) == ["беда"]


def test_an_unreachable_webhook_counts_as_a_failure(tmp_path: Path, hook: Hook) -> None:
    with served(tmp_path) as messenger:
        messenger.hand("start")
        messenger.subscribe("http://127.0.0.1:9/hook")
        messenger.hand("messages", text="раз")
        assert until(lambda: attempts(messenger))[0]["error"] == "ConnectError"
        assert until(lambda: [row["attempts"] for row in pending(messenger) if row["attempts"]]) == [1]


def test_duplicates_and_shuffled_order(met: Max, hook: Hook) -> None:
    met.subscribe(hook.url)
    met.faults(duplicates=3)
    met.hand("messages", text="раз")
    assert hook.texts(3) == ["раз"] * 3
    met.faults(shuffle=True)
    for text in ("один", "два", "три"):
        met.hand("messages", text=text)
    assert hook.texts(3) == ["три", "два", "один"]


def test_in_silence_nothing_comes_and_afterwards_everything(met: Max, hook: Hook) -> None:
    met.subscribe(hook.url)
    met.faults(silence=True)
    met.hand("messages", text="раз")
    with pytest.raises(httpx.ReadTimeout):
        met.bot.get("/me", timeout=0.3)
    assert hook.got.empty()
    met.faults()
    assert hook.texts(1) == ["раз"]
    assert met.bot.get("/me").status_code == 200


def test_silence_can_be_kept_to_the_webhook(met: Max, hook: Hook) -> None:
    met.subscribe(hook.url)
    met.faults(silence=True, routes=["webhook"])
    met.hand("messages", text="раз")
    assert met.say()["body"]["text"] == "Здравствуйте"
    assert hook.got.empty()
    met.faults(silence=True, routes=["GET /me"])
    assert hook.texts(1) == ["раз"]


@pytest.mark.parametrize(
    ("status", "code"), [(500, "internal.error"), (429, "too.many.requests"), (403, "chat.denied")]
)
def test_refusals_strike_the_named_route_so_many_times(met: Max, status: int, code: str) -> None:
    met.faults(status=status, routes=["POST /messages"], times=1)
    assert met.bot.get("/me").status_code == 200
    answer = met.bot.post("/messages", params={"user_id": ANNA}, json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert met.screen() == []
    assert met.say("x")["body"]["text"] == "x"


def test_a_cut_connection_leaves_the_effect(met: Max) -> None:
    met.faults(cut=True, routes=["POST /messages"], times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        met.say("дошло")
    assert [message["body"]["text"] for message in met.screen()] == ["дошло"]
    last = met.world.get("/_requests").json()["requests"][-1]
    assert (last["method"], last["path"], last["body"]["text"], last["status"]) == ("POST", "/messages", "дошло", None)


def test_an_unknown_fault_is_refused(messenger: Max) -> None:
    for wrong in ({"typhoon": True}, {"status": 418}, {"duplicates": 9}):
        assert messenger.world.put("/_faults", json=wrong).status_code == 400
    assert messenger.world.get("/_faults").json()["status"] is None


def test_presses_in_one_chat_keep_their_order(met: Max, hook: Hook) -> None:
    met.subscribe(hook.url)
    met.say("x", attachments=[keyboard([button(str(number), str(number)) for number in range(7)])])
    for number in range(7):
        met.hand("press", payload=str(number))
    assert [hook.next().update["callback"]["payload"] for _ in range(7)] == [str(number) for number in range(7)]
