"""What a bot can send, change and read back, over real HTTP."""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from tests.integration.emulators.conftest import ANNA, BORIS, Max, button, keyboard, served


def test_every_request_needs_the_bare_token_in_the_header(messenger: Max) -> None:
    for headers in ({}, {"Authorization": "wrong"}, {"Authorization": "Bearer sandbox"}):
        answer = messenger.world.get("/me", headers=headers, params={"access_token": "sandbox"})
        assert (answer.status_code, answer.json()["code"]) == (401, "verify.token")
    assert messenger.bot.get("/me").json()["is_bot"] is True


@pytest.mark.parametrize("path", ["/nothing", "/chats", "/chats/some_channel", "/me/nothing"])
def test_an_unknown_or_withdrawn_path_is_not_found(strict: Max, path: str) -> None:
    answer = strict.bot.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not.found")


def test_a_bot_cannot_write_to_those_who_never_started_or_stopped_it(messenger: Max) -> None:
    def refused(person: int) -> tuple[int, str, str]:
        answer = messenger.bot.post("/messages", params={"user_id": person}, json={"text": "x"})
        return answer.status_code, answer.json()["code"], answer.json()["message"]

    assert refused(ANNA) == (403, "chat.denied", "error.dialog.suspended")
    assert refused(99) == (403, "chat.denied", "error.dialog.notfound")
    messenger.hand("start")
    mid = messenger.say()["body"]["mid"]
    messenger.hand("stop")
    assert refused(ANNA) == (403, "chat.denied", "error.dialog.suspended")
    assert messenger.bot.put("/messages", params={"message_id": mid}, json={"text": "y"}).status_code == 403
    messenger.hand("start")
    assert messenger.say("снова")["body"]["text"] == "снова"


def test_a_message_has_the_shape_of_real_traffic(met: Max) -> None:
    message = met.say("Талон", attachments=[keyboard([button("Отменить")])])
    chat_id, seq, mid = message["recipient"]["chat_id"], message["body"]["seq"], message["body"]["mid"]
    assert message["recipient"] == {"chat_id": chat_id, "chat_type": "dialog", "user_id": ANNA}
    assert chat_id > 0
    assert chat_id != ANNA
    assert mid == f"mid.{chat_id:016x}{seq:016x}"
    assert seq >> 16 == message["timestamp"]
    assert message["sender"]["is_bot"] is True
    shown = message["body"]["attachments"][0]
    assert shown["payload"]["buttons"] == [[{**button("Отменить"), "intent": "default"}]]
    assert shown["callback_id"]
    assert met.bot.get(f"/messages/{mid}").json()["body"] == message["body"]


def test_a_person_writes_to_the_bot_itself(met: Max) -> None:
    met.hand("messages", text="Добрый день")
    update = met.updates()["updates"][0]
    assert update["update_type"] == "message_created"
    assert update["user_locale"] == "ru"
    assert update["message"]["sender"]["user_id"] == ANNA
    assert "phone" not in update["message"]["sender"]
    assert update["message"]["recipient"]["user_id"] == met.bot.get("/me").json()["user_id"]


BAD_BODIES: list[dict[str, Any]] = [
    {},
    {"text": ""},
    {"text": "x" * 4001},
    {"text": 5},
    {"text": "x", "format": "rtf"},
    {"text": "x", "notify": "no"},
    {"text": "x", "link": {"type": "quote", "mid": "m"}},
    {"text": "x", "attachments": {}},
    {"text": "x", "attachments": [{"type": "poll"}]},
    {"text": "x", "attachments": [{"type": "file", "payload": {}}]},
    {"text": "x", "attachments": [{"type": "file", "payload": {"token": "unknown"}}]},
    {"text": "x", "attachments": [{"type": "location", "latitude": 1}]},
    {"text": "x", "attachments": [keyboard([button("a")]), keyboard([button("b")])]},
    {"text": "x", "attachments": [{"type": "sticker", "payload": {"code": "a"}}, {"type": "contact", "payload": {}}]},
    {"text": "x", "attachments": [keyboard()]},
    {"text": "x", "attachments": [keyboard(*([[button("a")]] * 31))]},
    {"text": "x", "attachments": [keyboard([button("a")] * 8)]},
    {"text": "x", "attachments": [keyboard([button("a")] * 3 + [{"type": "request_contact", "text": "b"}])]},
    {"text": "x", "attachments": [keyboard([button("")])]},
    {"text": "x", "attachments": [keyboard([button("a" * 129)])]},
    {"text": "x", "attachments": [keyboard([button("a", "p" * 1025)])]},
    {"text": "x", "attachments": [keyboard([{"type": "callback", "text": "a"}])]},
    {"text": "x", "attachments": [keyboard([{"type": "link", "text": "a", "url": "https://" + "a" * 2048}])]},
    {"text": "x", "attachments": [keyboard([{"type": "open_app", "text": "a"}])]},
    {"text": "x", "attachments": [keyboard([{"type": "chat", "text": "a", "chat_title": "b"}])]},
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_wrong_body_is_refused_and_nothing_is_shown(strict: Max, body: dict[str, Any]) -> None:
    answer = strict.bot.post("/messages", params={"user_id": ANNA}, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "proto.payload")
    assert strict.screen() == []


def test_the_largest_allowed_keyboard_passes(met: Max) -> None:
    full = keyboard(*([[button("a" * 128, "p" * 1024)] * 7] * 30))
    assert len(met.say("x" * 4000, attachments=[full])["body"]["attachments"][0]["payload"]["buttons"]) == 30


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_what_is_no_json_object_is_refused(strict: Max, body: bytes) -> None:
    answer = strict.bot.post("/messages", params={"user_id": ANNA}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "proto.payload")


def test_an_edit_leaves_what_it_does_not_name(met: Max) -> None:
    mid = met.say("Выберите время", attachments=[keyboard([button("09:15")])])["body"]["mid"]
    assert met.bot.put("/messages", params={"message_id": mid}, json={"text": "Выбрано"}).json() == {"success": True}
    seen = met.screen()[0]
    assert seen["body"]["text"] == "Выбрано"
    assert seen["body"]["attachments"][0]["type"] == "inline_keyboard"
    assert seen["edited"] >= seen["timestamp"]
    met.bot.put("/messages", params={"message_id": mid}, json={"attachments": []})
    seen = met.screen()[0]
    assert seen["body"]["text"] == "Выбрано"
    assert "attachments" not in seen["body"]


def test_old_messages_can_be_edited_only_with_a_keyboard(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with served(tmp_path, clock=lambda: now[0]) as messenger:
        messenger.hand("start")
        plain = messenger.say("без кнопок")["body"]["mid"]
        keyed = messenger.say("с кнопками", attachments=[keyboard([button("a")])])["body"]["mid"]
        now[0] += 8 * 24 * 3600
        assert (
            messenger.bot.put("/messages", params={"message_id": plain}, json={"text": "x"}).json()["success"] is False
        )
        assert (
            messenger.bot.put("/messages", params={"message_id": keyed}, json={"text": "x"}).json()["success"] is True
        )


def test_only_own_messages_can_be_changed_or_removed(met: Max) -> None:
    hers = met.hand("messages", text="моё")["message"]["body"]["mid"]
    assert met.bot.put("/messages", params={"message_id": hers}, json={"text": "x"}).json()["code"] == "access.denied"
    assert met.bot.delete("/messages", params={"message_id": hers}).status_code == 403
    mine = met.say()["body"]["mid"]
    assert met.bot.delete("/messages", params={"message_id": mine}).json() == {"success": True}
    assert met.bot.get(f"/messages/{mine}").status_code == 404
    assert [message["body"]["text"] for message in met.screen()] == ["моё"]


def test_history_runs_backwards_from_from_to_to(met: Max) -> None:
    sent = [met.say(text) for text in ("раз", "два", "три")]
    chat_id = sent[0]["recipient"]["chat_id"]

    def texts(**query: Any) -> list[str]:
        messages = met.bot.get("/messages", params={"chat_id": chat_id, **query}).json()["messages"]
        return [message["body"]["text"] for message in messages]

    assert texts() == ["три", "два", "раз"]
    assert texts(count=1) == ["три"]
    assert texts(**{"from": sent[0]["timestamp"] - 1}) == []
    assert texts(to=sent[2]["timestamp"] + 1) == []
    assert "раз" in texts(**{"from": sent[0]["timestamp"]})
    ids = ",".join(message["body"]["mid"] for message in sent[:2])
    assert len(met.bot.get("/messages", params={"message_ids": ids}).json()["messages"]) == 2
    assert met.bot.get("/messages", params={"chat_id": 1}).json()["code"] == "chat.not.found"


def test_a_press_is_answered_with_a_toast_and_a_new_text(met: Max) -> None:
    mid = met.say("Выберите", attachments=[keyboard([button("09:15", "v1:slot:81")])])["body"]["mid"]
    pressed = met.hand("press", text="09:15")["callback_id"]
    assert len(pressed) == 120
    update = met.updates()["updates"][0]
    assert update["update_type"] == "message_callback"
    assert update["callback"]["callback_id"] == pressed
    assert update["callback"]["payload"] == "v1:slot:81"
    assert update["callback"]["user"]["user_id"] == ANNA
    assert update["message"]["body"]["attachments"][0]["callback_id"] == pressed
    body = {"notification": "Записали", "message": {"text": "Вы записаны", "attachments": []}}
    for _ in range(2):
        assert met.bot.post("/answers", params={"callback_id": pressed}, json=body).json() == {"success": True}
    seen = met.screen()[0]
    assert (seen["body"]["mid"], seen["body"]["text"]) == (mid, "Вы записаны")
    told = met.world.get(f"/_people/{ANNA}/callbacks/{pressed}").json()
    assert told == {"callback_id": pressed, "answered": True, "notification": "Записали"}


def test_a_callback_can_be_answered_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with served(tmp_path, clock=lambda: now[0]) as messenger:
        messenger.hand("start")
        messenger.say("x", attachments=[keyboard([button("a")])])
        pressed = messenger.hand("press", payload="p")["callback_id"]

        def answer(callback_id: str) -> int:
            query = {"callback_id": callback_id}
            return messenger.bot.post("/answers", params=query, json={"notification": "да"}).status_code

        assert answer(pressed) == 200
        now[0] += 15 * 60 + 1
        assert answer(pressed) == 405
        assert answer("unknown") == 404
        assert answer(" ") == 400


def test_an_own_contact_carries_a_hash_and_a_foreign_one_does_not(met: Max) -> None:
    met.say("Телефон?", attachments=[keyboard([{"type": "request_contact", "text": "Поделиться"}])])
    met.hand("press", text="Поделиться")
    met.hand("contact", phone="79990000000", name="Сосед")
    own, foreign = [update["message"]["body"]["attachments"][0]["payload"] for update in met.updates()["updates"]]
    assert "\r\nTEL;TYPE=cell:79170000001\r\n" in own["vcf_info"]
    assert own["hash"] == hmac.new(b"sandbox", own["vcf_info"].encode(), hashlib.sha256).hexdigest()
    assert own["max_info"]["user_id"] == ANNA
    assert "hash" not in foreign
    assert "max_info" not in foreign


def test_markup_counts_in_utf16_units(met: Max) -> None:
    message = met.say("😀 <b>жирно <i>и</i></b> &lt;b&gt; <a href='https://example.org/a'>сюда</a>", format="html")
    assert message["body"]["text"] == "😀 жирно и <b> сюда"
    assert message["body"]["markup"] == [
        {"type": "strong", "from": 3, "length": 7},
        {"type": "emphasized", "from": 9, "length": 1},
        {"type": "link", "from": 15, "length": 4, "url": "https://example.org/a"},
    ]


def test_a_chat_takes_two_messages_a_second_and_the_host_thirty_requests(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with served(tmp_path, limits=True, clock=lambda: now[0]) as messenger:
        messenger.hand("start")
        messenger.hand("start", person=BORIS)

        def sent(person: int) -> int:
            return messenger.bot.post("/messages", params={"user_id": person}, json={"text": "x"}).status_code

        assert [sent(ANNA) for _ in range(3)] == [200, 200, 429]
        assert sent(BORIS) == 200
        assert [messenger.bot.get("/me").status_code for _ in range(27)] == [200] * 26 + [429]
        now[0] += 1.01
        assert sent(ANNA) == 200
        assert messenger.bot.get("/updates", params={"timeout": 0}).status_code == 200
        assert messenger.bot.get("/updates", params={"timeout": 0}).status_code == 200
        answer = messenger.bot.get("/updates", params={"timeout": 0})
        assert (answer.status_code, answer.json()["code"]) == (429, "too.many.requests")
        assert len(messenger.screen()) == 3


def test_a_deep_link_reaches_the_bot_unless_it_is_too_long(messenger: Max) -> None:
    messenger.hand("start", payload="k" * 128)
    messenger.hand("start", payload="k" * 129)
    first, second = messenger.updates()["updates"]
    assert (first["update_type"], first["payload"], first["user_id"]) == ("bot_started", "k" * 128, ANNA)
    assert "payload" not in second


def test_deleting_a_dialog_stops_the_bot_as_well(met: Max) -> None:
    met.say()
    met.hand("delete")
    assert [update["update_type"] for update in met.updates()["updates"]] == ["bot_stopped", "dialog_removed"]
    assert met.screen() == []


def test_a_dialog_is_a_chat_of_two(met: Max) -> None:
    chat_id = met.say()["recipient"]["chat_id"]
    chat = met.bot.get(f"/chats/{chat_id}").json()
    assert (chat["type"], chat["participants_count"], chat["dialog_with_user"]["user_id"]) == ("dialog", 2, ANNA)
    assert met.bot.post(f"/chats/{chat_id}/actions", json={"action": "typing_on"}).json() == {"success": True}
    assert met.bot.post(f"/chats/{chat_id}/actions", json={"action": "mark_seen"}).status_code == 400


def test_a_group_made_by_a_person_can_be_administered(met: Max) -> None:
    rights = ["read_all_messages", "add_remove_members", "pin_message", "change_chat_info", "add_admins"]
    body = {"owner": ANNA, "members": [], "title": "Консультация", "bot_permissions": rights}
    chat_id = met.world.post("/_groups", json=body).json()["chat_id"]
    assert chat_id < 0
    assert met.updates()["updates"][-1]["update_type"] == "bot_added"
    added = met.bot.post(f"/chats/{chat_id}/members", json={"user_ids": [BORIS, 99]}).json()
    assert added["failed_user_ids"] == [99]
    members = met.bot.get(f"/chats/{chat_id}/members", params={"count": 2}).json()
    assert [member["user_id"] for member in members["members"]] == [ANNA, BORIS]
    rest = met.bot.get(f"/chats/{chat_id}/members", params={"marker": members["marker"]}).json()
    assert [member["is_bot"] for member in rest["members"]] == [True]
    mid = met.bot.post("/messages", params={"chat_id": chat_id}, json={"text": "x"}).json()["message"]["body"]["mid"]
    assert met.bot.put(f"/chats/{chat_id}/pin", json={"message_id": mid}).json() == {"success": True}
    assert met.bot.get(f"/chats/{chat_id}/pin").json()["message"]["body"]["mid"] == mid
    assert met.bot.patch(f"/chats/{chat_id}", json={"title": "Новое"}).json()["title"] == "Новое"
    assert met.bot.delete(f"/chats/{chat_id}/members/me").json() == {"success": True}
    assert met.bot.post("/messages", params={"chat_id": chat_id}, json={"text": "x"}).status_code == 403
