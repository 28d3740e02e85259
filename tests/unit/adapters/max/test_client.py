"""What leaves for MAX, and what comes back from it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from registratura.adapters.max.client import Batch, Bot, CallFailed, MaxSettings, Subscription
from registratura.application.ports.messenger import Answer, Button, Delivery, Edit, LinkButton, Message, Send
from registratura.domain.identifiers import MessengerId
from tests.unit.adapters.max.scripted import Places, answer, messenger

pytestmark = pytest.mark.anyio

ANNA = MessengerId("1001")
TIMES = Message("Выберите время", ((Button("09:15", "v1:slot:81"),),))
WITH_LINK = Message("Ваша консультация", ((LinkButton("Подключиться", "https://registry.example/join/k7Q"),),))
SINCE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOST = {"max:bot": 1 / 23.5}
DIALOGUE = HOST | {"max:chat:1001": 1 / 1.8}


def body(request: httpx.Request) -> Any:
    return json.loads(request.content)


async def test_a_message_goes_to_the_person_with_the_bare_token_and_no_format() -> None:
    max_, script = messenger([answer(message={})])
    assert (await max_.deliver(Send(user=ANNA, chat="90001", message=TIMES))).delivery is Delivery.DONE
    assert script.asked == [("POST", "/prefix/messages", {"user_id": "1001"})]
    assert script.requests[0].headers["Authorization"] == "invented-token"
    buttons = [[{"type": "callback", "text": "09:15", "payload": "v1:slot:81"}]]
    assert body(script.requests[0]) == {
        "text": "Выберите время",
        "attachments": [{"type": "inline_keyboard", "payload": {"buttons": buttons}}],
    }


async def test_a_personal_link_is_sent_without_a_preview() -> None:
    max_, script = messenger([answer(message={})])
    await max_.deliver(Send(user=ANNA, message=WITH_LINK))
    assert script.asked[0][2] == {"user_id": "1001", "disable_link_preview": "true"}
    assert body(script.requests[0])["attachments"][0]["payload"]["buttons"] == [
        [{"type": "link", "text": "Подключиться", "url": "https://registry.example/join/k7Q"}]
    ]


async def test_an_edit_without_buttons_tells_max_to_take_them_away() -> None:
    max_, script = messenger([answer(success=True)])
    await max_.deliver(Edit(user=ANNA, mid="mid.1", message=Message("Вы записаны")))
    assert script.asked == [("PUT", "/prefix/messages", {"message_id": "mid.1"})]
    assert body(script.requests[0]) == {"text": "Вы записаны", "attachments": []}


async def test_an_answer_is_a_note_alone() -> None:
    max_, script = messenger([answer(success=True)])
    await max_.deliver(Answer(user=ANNA, callback="cb/1", note="Ищу время"))
    assert script.asked == [("POST", "/prefix/answers", {"callback_id": "cb/1"})]
    assert body(script.requests[0]) == {"notification": "Ищу время"}


@pytest.mark.parametrize("refusal", [answer(404, code="not.found"), answer(400), answer(success=False, message="old")])
async def test_a_refused_edit_is_sent_anew_once(refusal: httpx.Response) -> None:
    places = Places()
    max_, script = messenger([refusal, answer(404, code="not.found")], places)
    assert (await max_.deliver(Edit(user=ANNA, mid="mid.1", message=TIMES))).delivery is Delivery.REFUSED
    assert [asked[0] for asked in script.asked] == ["PUT", "POST"]
    assert body(script.requests[1]) == body(script.requests[0])
    assert places.asked == [DIALOGUE, DIALOGUE]


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_an_edit_that_may_still_succeed_is_not_sent_anew(status: int) -> None:
    max_, script = messenger([answer(status)])
    await max_.deliver(Edit(user=ANNA, mid="mid.1", message=TIMES))
    assert len(script.requests) == 1


async def test_messages_stand_in_two_lines_and_answers_in_one() -> None:
    places = Places()
    max_, _ = messenger(lambda _: answer(success=True), places)
    await max_.deliver(Send(user=ANNA, chat="90001", message=TIMES))
    await max_.deliver(Edit(user=ANNA, mid="mid.1", message=TIMES))
    await max_.deliver(Answer(user=ANNA, callback="cb", note="Ищу время"))
    assert places.asked == [DIALOGUE, DIALOGUE, HOST]


async def test_the_call_waits_for_its_place() -> None:
    max_, script = messenger([answer(message={})], Places(wait=0.1))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await max_.deliver(Send(user=ANNA, message=TIMES))
    assert loop.time() - begun >= 0.1
    assert len(script.requests) == 1


async def test_a_message_that_does_not_fit_takes_no_place() -> None:
    places = Places()
    max_, script = messenger([], places)
    for outgoing in (Send(user=ANNA, message=Message("")), Edit(user=ANNA, mid="mid.1", message=Message(""))):
        with pytest.raises(ValueError, match="text"):
            await max_.deliver(outgoing)
    assert (places.asked, script.requests) == ([], [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("99999", 3600.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("²", None)],
)
async def test_max_may_say_how_long_to_wait(header: str, seconds: float | None) -> None:
    too_many = httpx.Response(429, headers=[(b"Retry-After", header.encode())])
    max_, _ = messenger([too_many])
    receipt = await max_.deliver(Send(user=ANNA, message=TIMES))
    assert (receipt.delivery, receipt.retry_after) == (Delivery.LATER, seconds)


def history(*messages: dict[str, Any]) -> httpx.Response:
    return answer(messages=list(messages))


def said(text: str, at: datetime, *, bot: bool = True, payload: str = "v1:slot:81") -> dict[str, Any]:
    buttons = [[{"type": "callback", "text": "09:15", "payload": payload, "intent": "default"}]]
    return {
        "timestamp": int(at.timestamp() * 1000),
        "sender": {"user_id": 7001 if bot else 1001, "is_bot": bot},
        "body": {
            "mid": "mid.1",
            "text": text,
            "attachments": [{"type": "inline_keyboard", "callback_id": "cb", "payload": {"buttons": buttons}}],
        },
    }


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("listed", "seen"),
    [
        (history(said("Выберите время", SINCE + SECOND)), True),
        (history(said(" Выберите время\n", SINCE + SECOND)), True),
        (history(said("Выберите время", SINCE - SECOND)), True),  # clocks differ a little
        (history(said("Выберите время", SINCE - 60 * SECOND)), False),
        (history(said("Выберите время", SINCE + SECOND, bot=False)), False),
        (history(said("Выберите врача", SINCE + SECOND)), False),
        (history(said("Выберите время", SINCE + SECOND, payload="v1:slot:82")), False),  # another screen of these words
        (history(*[said("Выберите врача", SINCE + SECOND)] * 100), None),
        (history(*[said("Выберите врача", SINCE + SECOND)] * 99, said("Иное", SINCE - 60 * SECOND)), False),
        (history({"timestamp": 2**60}, {}), False),
        (history(), False),
        (answer(messages="none"), None),
        (answer(), None),
        (httpx.Response(200, text="<html>"), None),
        (answer(403, code="chat.denied"), None),
        (answer(500), None),
    ],
)
async def test_looking_whether_a_message_arrived(listed: httpx.Response, seen: bool | None) -> None:
    places = Places()
    max_, script = messenger([listed], places)
    assert await max_.was_sent(Send(user=ANNA, chat="90001", message=TIMES), SINCE) is seen
    assert script.asked == [("GET", "/prefix/messages", {"chat_id": "90001", "count": "100"})]
    assert places.asked == [HOST]


async def test_our_own_profile_and_subscriptions() -> None:
    listed = [
        {"url": "https://a.example/max/webhook", "time": 1, "update_types": ["bot_started"]},
        {"url": "https://b"},
    ]
    max_, _ = messenger([answer(user_id=7001, username="clinic_bot"), answer(subscriptions=listed), answer()])
    assert await max_.me() == Bot(7001, "clinic_bot")
    assert await max_.subscriptions() == (
        Subscription("https://a.example/max/webhook", frozenset({"bot_started"})),
        Subscription("https://b", None),
    )
    assert await max_.subscriptions() == ()


async def test_a_poll_names_what_it_wants_and_takes_its_place() -> None:
    places = Places()
    max_, script = messenger([answer(updates=[{"a": 1}], marker=8), answer(marker=None)], places)
    assert await max_.updates("7", wait=5, limit=10, types={"b", "a"}) == Batch(({"a": 1},), "8")
    assert await max_.updates(None, wait=0) == Batch((), None)
    assert [asked[2] for asked in script.asked] == [
        {"limit": "10", "timeout": "5", "marker": "7", "types": "a,b"},
        {"limit": "100", "timeout": "0"},
    ]
    assert places.asked == [{"max:poll": 1 / 1.8}] * 2


@pytest.mark.parametrize(
    ("odd", "delivery"),
    [
        (answer(401, code="verify.token"), Delivery.FORBIDDEN),
        (answer(429, {"Retry-After": "3"}), Delivery.LATER),
        (answer(405), Delivery.REFUSED),
        (answer(updates="x", user_id="x", subscriptions=[1]), Delivery.LATER),
        (httpx.Response(200, text="<html>"), Delivery.LATER),
    ],
)
async def test_a_failed_call_tells_what_max_answered(odd: httpx.Response, delivery: Delivery) -> None:
    max_, _ = messenger(lambda _: odd)
    for call in (max_.me, max_.subscriptions, lambda: max_.updates(None)):
        with pytest.raises(CallFailed) as failed:
            await call()
        assert failed.value.receipt.delivery is delivery


def test_the_token_shows_nowhere() -> None:
    assert "invented-token" not in repr(MaxSettings(token="invented-token"))
    assert "invented-token" not in repr(messenger([])[0])
