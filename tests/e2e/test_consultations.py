"""A consultation as its day comes: reminders, the doctor's record of its end, and an offer to close a sick leave."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.chat import Bubble, Chat
from tests.harness.product import Product
from tests.harness.village import ZONE, Village
from tests.harness.waiting import until

MINUTE = timedelta(minutes=1)
NOW = "2026-11-20T10:00:00+03:00"


def book(product: Product, village: Village, starts: datetime, person: int = 0) -> str:
    """A consultation of somebody who has MAX, at any time from now on; its id."""
    starts = starts.astimezone(ZONE).replace(second=0, microsecond=0)
    asked = village.slot(village.therapist, starts.date(), f"{starts:%H:%M}")
    loaded = product.load([asked])
    assert loaded.json()["refused_total"] == 0, loaded.text
    citizen = village.citizens[person].id
    body = {"patient_id": citizen, "author_id": citizen, "slot_id": asked["id"], "kind": "ONLINE_CONSULTING"}
    booked = product.call("POST", "/api/v1/bookings", json=body | {"purpose_id": "first", "consent_version": "1"})
    assert booked.status_code == 201, booked.text
    return str(booked.json()["id"])


def notice(chat: Chat, headline: str) -> Bubble:
    """The message that begins so, once it is there."""

    def look() -> Bubble | None:
        return next((bubble for bubble in chat.bubbles() if bubble.text.startswith(headline)), None)

    return until(look, f"«{headline}» for {chat.user}")


def began(product: Product, booking: str) -> datetime:
    """The consultation began some minutes ago, at this moment: nobody waits for that in a test."""
    earlier = datetime.now(UTC) - 20 * MINUTE
    starts, ends = earlier, earlier + 15 * MINUTE
    if product.settings["REGISTRATURA_DATABASE_URL"].startswith("sqlite"):
        written = [f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" for moment in (starts, ends)]
    else:
        written = [moment.isoformat() for moment in (starts, ends)]
    product.query(
        "UPDATE appointment SET starts = :starts, ends = :ends WHERE id = :id",
        starts=written[0],
        ends=written[1],
        id=booking,
    )
    return starts


@pytest.mark.req("TMK-105")
def test_whoever_was_booked_elsewhere_is_reminded_too(product: Product) -> None:
    village = product.settle()
    citizen = village.citizens[0]
    chat = product.chat(citizen.user)
    chat.start()
    starts = (datetime.now(ZONE) + 10 * MINUTE).replace(second=0, microsecond=0)
    place = village.slot(village.therapist, starts.date(), f"{starts:%H:%M}")
    told = {
        "kind": "book",
        "id": str(uuid4()),
        "patient_id": citizen.id,
        "slot_id": place["id"],
        "status_code": 5000,
        "type": "ONLINE_CONSULTING",
        "tag_source": "REG",
        "create_ts": "2026-01-10T09:00:00",
    }
    for _ in range(2):
        assert product.load([place, told]).json()["refused_total"] == 0
        assert notice(chat, "Консультация через").links[0][1].endswith(f"/consultations/{told['id']}")
    product.quiet()
    assert len([text for text in chat.said() if text.startswith("Консультация через")]) == 1


@pytest.mark.req("TMK-102", "TMK-88")
def test_whoever_is_booked_at_the_last_minute_is_reminded_at_once(product: Product) -> None:
    village = product.settle()
    chat = product.chat(village.citizens[0].user)
    chat.start()
    booking = book(product, village, datetime.now(UTC) + 10 * MINUTE)
    reminder = notice(chat, "Консультация через")
    assert [label for label, _ in reminder.links] == ["Перейти к консультации"]
    assert reminder.links[0][1].endswith(f"/consultations/{booking}")
    product.quiet()
    assert len([text for text in chat.said() if text.startswith("Консультация через")]) == 1


@pytest.mark.req("CONS-23", "CONS-24", "CONS-25", "CONS-26", "CONS-27", "CONS-28", "CONS-29", "CONS-30")
def test_the_doctor_records_the_end_and_the_person_is_told_once(product: Product) -> None:
    village = product.settle()
    person, doctor = village.citizens[0], village.therapist
    chat = product.chat(person.user)
    chat.start()
    booking = book(product, village, datetime.now(UTC) + 10 * MINUTE)
    notice(chat, "Консультация через")
    path = f"/api/v1/consultations/{booking}/end"
    early = product.call("POST", path)
    assert (early.status_code, early.json()["code"]) == (422, "consultation.not_begun")

    starts = began(product, booking)
    ended_at = (datetime.now(UTC) - 2 * MINUTE).replace(microsecond=0)
    stood_in = village.neurologist
    nobody = product.call("POST", path, json={"ended_at": ended_at.isoformat(), "resource_id": "nobody"})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "consultation.no_such_doctor")
    recorded = product.call("POST", path, json={"ended_at": ended_at.isoformat(), "resource_id": stood_in.id})
    assert recorded.status_code == 200, recorded.text
    assert datetime.fromisoformat(recorded.json()["ended_at"]) == ended_at
    told = notice(chat, "Консультация завершена")
    facts = dict(line.split(": ", 1) for line in told.text.splitlines() if ": " in line)
    # After midnight the end has its date, too.
    assert re.fullmatch(rf"\d+ [а-я]+, {starts.astimezone(ZONE):%H:%M}", facts["Начало"])
    assert re.fullmatch(rf"(\d+ [а-я]+, )?{ended_at.astimezone(ZONE):%H:%M}", facts["Окончание"])
    assert facts["Цель"] == "Первичная консультация"
    assert facts["Врач"].startswith(f"{stood_in.last_name} Светлозар Вениаминович, ")

    corrected = ended_at - MINUTE
    assert product.call("POST", path, json={"ended_at": corrected.isoformat()}).status_code == 200
    product.quiet()
    assert sum(text.startswith("Консультация завершена") for text in chat.said()) == 1

    day = datetime.now(ZONE) - 20 * MINUTE
    asked = {"resource_id": doctor.id, "day": f"{day:%Y-%m-%d}"}
    (row,) = product.call("GET", "/api/v1/consultations", params=asked).json()["consultations"]
    assert row["booking_id"] == booking
    assert row["state"] == "ended"
    assert datetime.fromisoformat(row["ended_at"]) == corrected
    assert row["patient_name"] == f"{person.last_name} {person.first_name}"
    assert row["purpose"] == "Первичная консультация"
    assert row["chat"] is None
    no_chat = product.call("POST", f"/api/v1/consultations/{booking}/chat")
    assert (no_chat.status_code, no_chat.json()["code"]) == (404, "chat.unknown")
    others = product.call("GET", "/api/v1/consultations", params=asked | {"resource_id": village.paediatrician.id})
    assert others.json()["consultations"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"ended_at": "вчера"}, 400, "body.fields"),
        ({"ended_at": "2999-01-01T00:00:00Z"}, 422, "consultation.in_future"),
        ({"ended": NOW}, 400, "body.fields"),
        ([], 400, "body.not_object"),
    ],
)
def test_an_end_that_cannot_be(small: Product, body: Any, status: int, code: str) -> None:
    village = small.settle(1)
    booking = book(small, village, datetime.now(UTC) + 10 * MINUTE)
    answer = small.call("POST", f"/api/v1/consultations/{booking}/end", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_end_of_what_is_no_consultation(small: Product) -> None:
    village = small.settle(2)
    unknown = small.call("POST", "/api/v1/consultations/nothing/end")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "consultation.unknown")
    slot = village.slot_id(village.therapist, village.days[0], "10:00")
    body = {"patient_id": village.citizens[0].id, "slot_id": slot}
    visit = small.call("POST", "/api/v1/bookings", json=body).json()["id"]
    in_person = small.call("POST", f"/api/v1/consultations/{visit}/end")
    assert (in_person.status_code, in_person.json()["code"]) == (422, "consultation.not_online")
    gone = book(small, village, datetime.now(UTC) + 40 * MINUTE, person=1)
    assert small.call("DELETE", f"/api/v1/bookings/{gone}").status_code == 204
    cancelled = small.call("POST", f"/api/v1/consultations/{gone}/end")
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "consultation.cancelled")


def _days(chat: Chat) -> Bubble | None:
    last = chat.bubbles()[-1]
    return last if last.text.endswith("На какой день?") else None


@pytest.fixture
def leave(product: Product) -> Iterator[None]:
    """The purpose with which a sick leave is closed, offered while the test lasts: others see the same region."""
    purpose = {"kind": "purpose", "id": "leave", "name": "Закрытие листа нетрудоспособности", "order": 9}
    assert product.load([purpose]).status_code == 200
    yield
    assert product.load([purpose | {"active": False}]).status_code == 200


@pytest.mark.usefixtures("leave")
@pytest.mark.req("TMK-114", "TMK-115", "TMK-116", "TMK-117", "TMK-119", "TMK-120", "TMK-121")
def test_a_doctor_offers_to_close_a_sick_leave(product: Product) -> None:
    village = product.settle()
    person, doctor = village.citizens[0], village.therapist
    chat = product.chat(person.user)
    chat.start()
    offer = {
        "patient_id": person.id,
        "resource_id": doctor.id,
        "number": "910123456789",
        "opened_on": "2026-11-10",
        "until": "2026-11-24",
        "comment": "Анализы в норме.",
    }
    offered = product.call("POST", "/api/v1/sick-leave-offers", json=offer)
    assert (offered.status_code, offered.json()) == (201, {"reachable": True})
    told = notice(chat, "Вам доступна запись к врачу")
    assert f"{doctor.last_name} Светлозар Вениаминович, Терапия, {village.clinic}" in told.text
    assert "№ 910123456789 (открыт 10 ноября 2026, по 24 ноября 2026)" in told.text
    assert told.text.endswith("Комментарий врача: Анализы в норме.")
    assert told.labels == ["Записаться", "Не сейчас"]

    assert product.call("POST", "/api/v1/sick-leave-offers", json=offer).status_code == 201
    product.quiet()
    assert sum(text.startswith("Вам доступна") for text in chat.said()) == 1
    chat.tap("Записаться", told)
    days = until(lambda: _days(chat), "the days of the doctor")
    assert days.text == f"{doctor.label}, Терапия. На какой день?"
    assert "Назад" not in days.labels
    chat.press(days.choices[0])
    chat.press(village.times[0])
    assert "Цель: Закрытие листа нетрудоспособности" in chat.now().text

    assert product.call("POST", "/api/v1/sick-leave-offers", json=offer | {"again": True}).status_code == 201
    until(lambda: sum(text.startswith("Вам доступна") for text in chat.said()) == 2, "the offer again")


@pytest.mark.req("TMK-118")
def test_an_offer_to_somebody_without_max_says_so(small: Product) -> None:
    village = small.settle()
    offer = {"resource_id": village.therapist.id, "number": "1", "opened_on": "2026-11-10", "until": "2026-11-24"}
    told = small.call("POST", "/api/v1/sick-leave-offers", json=offer | {"patient_id": village.child})
    assert (told.status_code, told.json()) == (201, {"reachable": False})
    wrong = small.call("POST", "/api/v1/sick-leave-offers", json=offer | {"patient_id": "nobody"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "patient.unknown")
    backwards = offer | {"patient_id": village.child, "until": "2026-11-01"}
    assert small.call("POST", "/api/v1/sick-leave-offers", json=backwards).json()["errors"][0]["field"] == "until"
