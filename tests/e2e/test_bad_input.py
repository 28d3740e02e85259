"""Whatever is sent, the answer says what is wrong, and nothing happens that should not."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from registratura.entrypoints.http import openapi
from tests.harness.chat import Bubble, Chat
from tests.harness.product import API_TOKEN, WEBHOOK_SECRET, Product
from tests.harness.village import FIRST_PURPOSE, Citizen, Village

FOREIGN = "Эта кнопка не из вашего разговора"
FOREIGN_TEXT = "Эта кнопка не из вашего разговора, поэтому ничего не изменилось. Продолжим отсюда.\n\n"
STALE = "Эта кнопка устарела — показали актуальный шаг"


def pressed(chat: Chat, at: Bubble, payload: str, *, callback: str = "made-by-hand") -> dict[str, Any]:
    """The update of a press with any payload whatever."""
    card = chat.max.get(f"_people/{chat.user}/").json()
    user = {"user_id": chat.user, "first_name": "Кто-то", "is_bot": False, "last_activity_time": 0}
    return {
        "update_type": "message_callback",
        "timestamp": int(time.time() * 1000),
        "callback": {"timestamp": 1, "callback_id": callback, "payload": payload, "user": user},
        "message": {
            "recipient": {"chat_id": card["chat_id"], "chat_type": "dialog", "user_id": chat.user},
            "timestamp": 1,
            "body": {"mid": at.mid, "seq": 1, "text": at.text},
        },
    }


def at_purposes(product: Product, citizen: Citizen) -> tuple[Chat, Bubble]:
    chat = product.chat(citizen.user)
    chat.start()
    return chat, chat.press("Записать себя")


def send(product: Product, update: object, secret: str | None = WEBHOOK_SECRET) -> int:
    return product.webhook(json.dumps(update).encode(), secret).status_code


@pytest.mark.req("TMK-08")
@pytest.mark.parametrize("secret", [None, "", "secret-of-somebody", WEBHOOK_SECRET.upper()])
def test_the_webhook_lets_nobody_in_without_the_secret(small: Product, secret: str | None) -> None:
    before = small.query("SELECT count(*) FROM inbox")

    answer = small.webhook(b'{"update_type": "bot_started"}', secret)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "max.secret"
    assert small.query("SELECT count(*) FROM inbox") == before


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"not json at all", "$"),
        (b"\xff\xfe{}", "$"),
        (b"", "$"),
        (b'[{"update_type": "bot_started"}]', "$"),
        (b"{}", "$.update_type"),
        (b'{"update_type": 7}', "$.update_type"),
        (b'{"update_type": "bot_started", "timestamp": 1}', "$.user"),
        (b'{"update_type": "bot_started", "timestamp": 1, "user": {}}', "$.user.user_id"),
        (b'{"update_type": "message_callback", "timestamp": 1}', "$.callback"),
        (b'{"update_type": "message_callback", "callback": {"callback_id": "a"}}', "$.callback.user"),
        (b'{"update_type": "message_created", "message": {}}', "$.message.body"),
        (b"[" * 50_000, "$"),
    ],
)
def test_an_update_without_the_promised_shape_is_refused_with_its_place(
    small: Product, body: bytes, place: str
) -> None:
    answer = small.webhook(body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "max.update"
    assert answer.json()["detail"].startswith(f"Событие MAX не разобрано: {place}: ")


def test_an_update_of_an_unknown_kind_is_accepted_and_does_nothing(small: Product) -> None:
    before = small.query("SELECT count(*) FROM inbox")

    answer = small.webhook(b'{"update_type": "planet_moved", "timestamp": 1, "user": {"user_id": 1}}')

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert small.query("SELECT count(*) FROM inbox") == before


@pytest.mark.parametrize("path", ["/max/webhook", "/api/v1/bookings"])
def test_five_megabytes_are_too_much(small: Product, path: str) -> None:
    headers = {"X-Max-Bot-Api-Secret": WEBHOOK_SECRET}

    answer = small.call("POST", path, headers=headers, content=b" " * 5_000_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


@pytest.mark.req("AUTH-44", "TMK-11")
def test_a_payload_of_another_person_changes_nothing_and_is_audited(small: Product) -> None:
    village = small.settle()
    (mine, shown), (theirs, other) = (at_purposes(small, citizen) for citizen in village.citizens[:2])

    foreign = pressed(mine, shown, other.payload(FIRST_PURPOSE))
    assert send(small, foreign) == 200
    again = mine.after(shown, "a foreign payload")

    assert again.text == FOREIGN_TEXT + shown.text
    assert again.labels == shown.labels
    small.quiet()
    assert theirs.now() == other
    audited = "SELECT subject FROM audit WHERE event = 'dialogue.foreign_button' AND actor = :actor"
    assert small.query(audited, actor=str(mine.user)) == [("purpose",)]
    assert mine.press(FIRST_PURPOSE).text == "К какому врачу?"


@pytest.mark.parametrize("change", ["session", "key", "choice", "garbage", "form"])
def test_a_payload_made_by_hand_changes_nothing(small: Product, change: str) -> None:
    village = small.settle(1)
    chat, shown = at_purposes(small, village.citizens[0])
    version, session, revision, _ = shown.payload(FIRST_PURPOSE).split(".")
    made = {
        "session": f"{version}.{session[::-1]}.{revision}.0",
        "key": f"{version}.{session}.{revision}.yes",
        "choice": f"{version}.{session}.{revision}.999",
        "garbage": "'; DROP TABLE slot; --",
        "form": f"v2.{session}.{revision}.0",
    }[change]

    assert send(small, pressed(chat, shown, made)) == 200

    assert chat.after(shown, made).text == FOREIGN_TEXT + shown.text


@pytest.mark.req("TMK-11")
def test_a_button_of_an_earlier_step_shows_the_step_in_force(small: Product) -> None:
    village = small.settle(1)
    chat, earlier = at_purposes(small, village.citizens[0])
    shown = chat.press(FIRST_PURPOSE)

    assert send(small, pressed(chat, shown, earlier.payload("Повторная консультация"))) == 200

    again = chat.after(shown, "a stale button")
    assert (again.text, again.labels) == (shown.text, shown.labels)


@pytest.mark.req("TMK-11")
def test_a_button_pressed_twice_is_obeyed_once_and_the_second_press_is_told_so(small: Product) -> None:
    village = small.settle(1)
    chat, shown = at_purposes(small, village.citizens[0])

    first, second = chat.tap(FIRST_PURPOSE, shown), chat.tap(FIRST_PURPOSE, shown)

    assert chat.toast(first) == "Секунду…"
    assert chat.toast(second) == STALE
    small.quiet()
    assert chat.now().text == "К какому врачу?"


@pytest.mark.req("TMK-09")
def test_an_update_delivered_again_has_no_second_effect(small: Product) -> None:
    village = small.settle(1)
    chat, shown = at_purposes(small, village.citizens[0])
    update = pressed(chat, shown, shown.payload(FIRST_PURPOSE), callback="delivered-again")

    assert [send(small, update) for _ in range(3)] == [200, 200, 200]

    assert chat.after(shown, "the first of three").text == "К какому врачу?"
    small.quiet()
    assert len(chat.said()) == 1
    answers = [asked for asked in small.requests() if asked["query"].get("callback_id") == "delivered-again"]
    assert len(answers) == 1


def _slot(village: Village, **changes: Any) -> dict[str, Any]:
    record = village.slot(village.therapist, village.days[0], "17:00", **changes)
    return {**record, "id": record["id"].replace(record["id"][:8], "00000000")}


@pytest.mark.req("TMK-62", "TMK-61")
@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ("beyond the horizon", 422, "booking.BeyondHorizon"),
        ("past", 422, "booking.SlotInPast"),
        ("foreign patient", 422, "booking.NotRepresented"),
        ("unknown slot", 422, "booking.SlotUnknown"),
        ("unknown patient", 422, "booking.PatientUnknown"),
        ("not attached", 422, "booking.NotAccepting"),
        ("annulled", 409, "booking.SlotAnnulled"),
        ("without consent", 422, "booking.DataMismatch"),
        ("old consent", 422, "booking.ConsentOutdated"),
    ],
)
def test_a_booking_against_the_rules_is_refused_with_its_reason(
    small: Product, case: str, status: int, code: str
) -> None:
    village, abroad = small.settle(2), small.settle(1)
    (one, other), doctor = village.citizens, village.therapist
    far, past = village.days[0] + timedelta(days=60), village.days[0] - timedelta(days=3)
    changed = {
        "beyond the horizon": {"visit_time": f"{far}T10:00:00"},
        "past": {"visit_time": f"{past}T10:00:00"},
        "annulled": {"status": "CANCELED"},
    }.get(case, {})
    slot = _slot(village, **changed)
    assert small.load([slot]).status_code == 200
    asked = {"patient_id": one.id, "slot_id": slot["id"], "author_id": one.id}
    asked |= {
        "foreign patient": {"patient_id": other.id},
        "unknown slot": {"slot_id": village.slot_id(doctor, village.days[0], "23:00")},
        "unknown patient": {"patient_id": "nobody", "author_id": "nobody"},
        "not attached": {"patient_id": abroad.citizens[0].id, "author_id": abroad.citizens[0].id},
        "without consent": {"kind": "ONLINE_CONSULTING", "purpose_id": "first"},
        "old consent": {"kind": "ONLINE_CONSULTING", "purpose_id": "first", "consent_version": "0"},
    }.get(case, {})

    answer = small.call("POST", "/api/v1/bookings", json=asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["field"] == "status_code"
    assert small.bookings(one.id) == []


CLOSED = [
    (method.upper(), path.replace("{id}", "x"))
    for path, methods in openapi.DOCUMENT["paths"].items()
    for method in methods
]
"""All of the API: that the document names everything which is served is another test's matter."""


@pytest.mark.parametrize("token", [None, "another-token", f"{API_TOKEN}x", f"Bearer {API_TOKEN}"])
@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.req("TMK-120")
def test_the_api_is_closed_without_its_token(small: Product, method: str, path: str, token: str | None) -> None:
    answer = small.call(method, path, token=token, json={})

    assert (answer.status_code, answer.json()["code"]) == (401, "api.token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_unknown_path_is_answered_with_problem_details(small: Product) -> None:
    answer = small.call("GET", "/api/v1/nothing-here")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["title"]) == (404, "http.404", "Не найдено")
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/bookings"), ("GET", "/max/webhook"), ("GET", "/api/v1/load")]
)
def test_a_wrong_method_is_told_which_ones_there_are(small: Product, method: str, path: str) -> None:
    answer = small.call(method, path)

    assert (answer.status_code, answer.json()["code"]) == (405, "http.405")
    assert "POST" in answer.headers["allow"]
    assert "POST" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        (b"{", "body.not_json", []),
        (b"[]", "body.not_object", []),
        (b"{}", "body.fields", ["patient_id", "slot_id"]),
        (b'{"patient_id": 7, "slot_id": "x", "tea": 1, "kind": "TEA"}', "body.fields", ["kind", "patient_id", "tea"]),
    ],
)
def test_a_wrong_booking_names_all_its_faults(small: Product, body: bytes, code: str, fields: list[str]) -> None:
    answer = small.call("POST", "/api/v1/bookings", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert sorted(fault["field"] for fault in answer.json().get("errors", [])) == fields


def test_bad_records_of_a_load_are_named_and_the_good_ones_are_kept(small: Product) -> None:
    village = Village.invent()
    good = list(village.records())
    bad = [
        {"kind": "patient", "id": "half", "lastname": "Половинкин", "firstname": "Лад", "gender": "3"},
        {**_slot(village), "resource_id": "00000000-0000-0000-0000-000000000000"},
        {"kind": "teapot", "id": "1"},
    ]

    answer = small.load([*good, *bad])

    assert answer.status_code == 207
    report = answer.json()
    assert report["refused_total"] == 3
    told = {refused["line"]: refused for refused in report["refused"]}
    assert set(told) == {len(good) + 1, len(good) + 2, len(good) + 3}
    assert (told[len(good) + 1]["kind"], told[len(good) + 1]["id"]) == ("patient", "half")
    assert all(refused["reason"] and refused["code"] for refused in told.values())
    assert report["counts"]["slot"]["created"] == len([one for one in good if one["kind"] == "slot"])
    assert small.load(good).json()["counts"]["slot"]["created"] == 0
