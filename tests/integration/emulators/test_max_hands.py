"""The hands of a person: every deed produces the right updates."""

import hashlib
import hmac
import json
import threading
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.integration.emulators.conftest import ANNA, BORIS, Max, button, keyboard, until


def kinds(messenger: Max) -> list[str]:
    return [update["update_type"] for update in messenger.updates()["updates"]]


def test_people_are_listed_with_their_notes_and_can_be_added(messenger: Max) -> None:
    listed = messenger.world.get("/_people").json()["people"]
    assert [(person["user_id"], person["note"]) for person in listed] == [
        (ANNA, "мама двоих детей"),
        (BORIS, "без телефона"),
    ]
    added = messenger.world.post("/_people", json={"first_name": "Вера", "phone": "79170000009"}).json()
    assert messenger.hand("start", person=added["user_id"])["started"] is True
    assert messenger.say(person=added["user_id"])["recipient"]["user_id"] == added["user_id"]


@pytest.mark.parametrize("deed", ["messages", "press", "contact", "location", "stop", "clear", "delete", "mute"])
def test_nothing_can_be_done_before_the_start(strict: Max, deed: str) -> None:
    answer = strict.world.post(f"/_people/{BORIS}/{deed}", json={"text": "x"})
    assert (answer.status_code, answer.json()) == (409, {"error": "the bot is not started"})
    assert strict.world.post(f"/_people/99/{deed}", json={"text": "x"}).status_code == 404


def test_starting_twice_is_told_once(messenger: Max) -> None:
    messenger.hand("start")
    messenger.hand("start")
    messenger.hand("stop")
    messenger.hand("start")
    assert kinds(messenger) == ["bot_started", "bot_stopped", "bot_started"]


def test_own_messages_can_be_changed_and_removed(met: Max) -> None:
    mid = met.hand("messages", text="ошыбка")["message"]["body"]["mid"]
    assert met.world.put(f"/_people/{ANNA}/messages/{mid}", json={"text": "ошибка"}).status_code == 200
    assert met.world.delete(f"/_people/{ANNA}/messages/{mid}").status_code == 200
    created, edited, removed = met.updates()["updates"]
    assert (created["update_type"], created["message"]["body"]["text"]) == ("message_created", "ошыбка")
    assert (edited["update_type"], edited["message"]["body"]["text"]) == ("message_edited", "ошибка")
    assert (removed["update_type"], removed["message_id"], removed["user_id"]) == ("message_removed", mid, ANNA)
    assert met.screen() == []


def test_clearing_hides_the_history_from_the_person_alone(met: Max) -> None:
    mid = met.say()["body"]["mid"]
    met.hand("clear")
    assert met.screen() == []
    assert met.bot.get(f"/messages/{mid}").status_code == 200
    assert kinds(met) == ["dialog_cleared"]


def test_notifications_can_be_muted(met: Max) -> None:
    met.hand("mute", until=1_900_000_000_000)
    met.hand("mute")
    muted, unmuted = met.updates()["updates"]
    assert (muted["update_type"], muted["muted_until"]) == ("dialog_muted", 1_900_000_000_000)
    assert unmuted["update_type"] == "dialog_unmuted"
    assert "muted_until" not in unmuted


def test_each_kind_of_button_does_what_it_promises(met: Max) -> None:
    met.say(
        "Кнопки",
        attachments=[
            keyboard(
                [{"type": "message", "text": "Скажи"}, {"type": "clipboard", "text": "Копия", "payload": "код"}],
                [{"type": "link", "text": "Сайт", "url": "https://example.org/"}],
                [{"type": "request_geo_location", "text": "Где я"}],
                [{"type": "open_app", "text": "Приложение", "web_app": "registratura_bot", "payload": "start"}],
            )
        ],
    )
    assert met.hand("press", text="Копия") == {"clipboard": "код"}
    assert met.hand("press", text="Сайт") == {"url": "https://example.org/"}
    assert met.hand("press", text="Скажи")["message"]["body"]["text"] == "Скажи"
    assert met.hand("press", text="Где я")["message"]["body"]["attachments"][0]["type"] == "location"
    assert met.hand("press", text="Приложение")["web_app"] == "registratura_bot"
    assert met.world.post(f"/_people/{ANNA}/press", json={"text": "Другое"}).status_code == 404
    assert kinds(met) == ["message_created", "message_created"]


def test_an_older_message_can_be_pressed_by_its_id(met: Max) -> None:
    older = met.say("раз", attachments=[keyboard([button("Да", "старый")])])["body"]["mid"]
    met.say("два", attachments=[keyboard([button("Да", "новый")])])
    met.hand("press", text="Да")
    met.hand("press", text="Да", message_id=older)
    assert [item["callback"]["payload"] for item in met.updates()["updates"]] == ["новый", "старый"]


def test_launch_data_of_a_mini_app_can_be_verified(met: Max) -> None:
    fields = dict(parse_qsl(met.hand("init_data", start_param="slot-81")["init_data"], strict_parsing=True))
    sign = fields.pop("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hmac.new(b"WebAppData", b"sandbox", hashlib.sha256).digest()
    assert sign == hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    assert (json.loads(fields["user"])["id"], fields["start_param"]) == (ANNA, "slot-81")


def test_a_screen_shows_events_as_they_happen(met: Max) -> None:
    seen: list[dict[str, Any]] = []

    def watch() -> None:
        with met.world.stream("GET", f"/_people/{ANNA}/events", timeout=20) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    seen.append(json.loads(line.removeprefix("data: ")))
                if seen and seen[-1]["type"] == "removed":
                    return

    watching = threading.Thread(target=watch)
    watching.start()
    until(lambda: seen)
    message = met.say("раз", attachments=[keyboard([button("Да")])])
    mid, chat_id = message["body"]["mid"], message["recipient"]["chat_id"]
    met.bot.post(f"/chats/{chat_id}/actions", json={"action": "typing_on"})
    pressed = met.hand("press", text="Да")["callback_id"]
    met.bot.post("/answers", params={"callback_id": pressed}, json={"notification": "да", "message": {"text": "два"}})
    met.bot.delete("/messages", params={"message_id": mid})
    watching.join()
    assert [event["type"] for event in seen] == ["hello", "message", "action", "edited", "answered", "removed"]
    assert seen[4]["notification"] == "да"
    assert seen[3]["message"]["body"]["text"] == "два"
