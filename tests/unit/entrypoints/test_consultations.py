"""The doctor's side of the API over one database: the rows of a day with their chats, and ends that cannot be."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.entrypoints.composition import Registratura, compose, migrate
from registratura.entrypoints.settings import load_settings
from registratura.testing.contracts.storage.region import (
    COLLEAGUE,
    CONTROL,
    DOCTOR,
    MOTHER,
    REGION,
    SLOTS,
    ZONE,
    load,
    take,
)
from registratura.testing.contracts.storage.region import booking as booking_of

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
GUESTS = (Guest("79000000001", Side.DOCTOR), Guest("79000000002", Side.PATIENT))
EVERYBODY = frozenset(guest.phone for guest in GUESTS)
LINK = "https://chats.example/join/7"


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Registratura]:
    settings = load_settings(
        {"REGISTRATURA_DATABASE_URL": f"sqlite:///{tmp_path}/registry.db", "REGISTRATURA_API_TOKEN": "token"}, tmp_path
    )
    migrate(settings)
    async with compose(settings) as product:
        yield product


@pytest.fixture
async def held(product: Registratura) -> Appointment:
    """A consultation that began an hour ago."""
    begins = product.clock.now().replace(microsecond=0) - HOUR
    slot = attrs.evolve(SLOTS[0], visit=begins)
    await load(product.storage, *REGION[:-1], [slot])
    made = booking_of("b1", slot)
    assert await take(product.storage, made)
    return made


async def rows(api: httpx.AsyncClient, day: datetime, doctor: str = DOCTOR.id) -> list[dict[str, Any]]:
    asked = {"resource_id": doctor, "day": f"{day.astimezone(ZONE):%Y-%m-%d}"}
    answer = await api.get("/api/v1/consultations", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["consultations"]
    return found


async def close(product: Registratura, held: Appointment, outcome: Outcome) -> None:
    closed = ClosedAppointment(appointment=held, outcome=outcome, closed_at=product.clock.now())
    assert await product.storage.transact(lambda tx: tx.appointments.release(closed))


async def save(product: Registratura, held: Appointment, state: ChatState, **more: Any) -> None:
    chat = ConsultationChat(appointment=held.id, state=state, starts=held.starts, due=None, guests=GUESTS, **more)
    await product.storage.transact(lambda tx: tx.chats.save(chat))


@pytest.mark.req("CONS-30")
async def test_a_doctor_sees_time_patient_and_purpose(api: httpx.AsyncClient, held: Appointment) -> None:
    assert await rows(api, held.starts) == [
        {
            "booking_id": "b1",
            "state": "booked",
            "starts": held.starts.astimezone(ZONE).isoformat(),
            "ends": held.ends.astimezone(ZONE).isoformat(),
            "ended_at": None,
            "patient_id": MOTHER.id,
            "patient_name": "Летняя Анна Игоревна",
            "patient_birthdate": "1990-05-17",
            "purpose": CONTROL.name,
            "chat": None,
        }
    ]
    assert await rows(api, held.starts - 24 * HOUR) == []
    assert await rows(api, held.starts + 24 * HOUR) == []
    assert await rows(api, held.starts, COLLEAGUE.id) == []


@pytest.mark.req("CONS-30")
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.SERVED, "ended"),
        (Outcome.NOT_ARRIVED, "missed"),
        (Outcome.CANCELLED, "cancelled"),
        (Outcome.CANCELLED_BY_PATIENT, "cancelled"),
    ],
)
async def test_a_doctor_sees_what_became_of_it(
    product: Registratura, api: httpx.AsyncClient, held: Appointment, outcome: Outcome, state: str
) -> None:
    await close(product, held, outcome)
    (row,) = await rows(api, held.starts)
    assert row["state"] == state


@pytest.mark.req("CONS-20", "CONS-30")
@pytest.mark.parametrize(
    ("state", "missing", "sides"),
    [
        (ChatState.MADE, EVERYBODY, ["doctor", "patient"]),
        (ChatState.MADE, frozenset({GUESTS[1].phone}), ["patient"]),
        (ChatState.READY, frozenset(), []),
    ],
)
async def test_a_doctor_sees_the_link_and_who_is_missing(
    product: Registratura,
    api: httpx.AsyncClient,
    held: Appointment,
    state: ChatState,
    missing: frozenset[str],
    sides: list[str],
) -> None:
    await save(product, held, state, missing=missing, chat="7", link=LINK)
    (row,) = await rows(api, held.starts)
    assert row["chat"] == {"state": state.value, "link": LINK, "missing": sides}


@pytest.mark.req("CONS-16", "CONS-30")
@pytest.mark.parametrize("state", [ChatState.UNKNOWN, ChatState.GIVEN_UP])
async def test_a_link_that_leads_nowhere_is_not_shown_and_another_chat_can_be_had(
    product: Registratura, api: httpx.AsyncClient, held: Appointment, state: ChatState
) -> None:
    await save(product, held, state, missing=EVERYBODY, chat="7", link=LINK)
    (row,) = await rows(api, held.starts)
    assert row["chat"] == {"state": state.value, "link": None, "missing": ["doctor", "patient"]}
    again = await api.post(f"/api/v1/consultations/{held.id}/chat")
    assert again.status_code == 202
    wanted = {"state": "wanted", "link": None, "missing": ["doctor", "patient"]}
    assert again.json() == {"booking_id": held.id, "chat": wanted}
    (row,) = await rows(api, held.starts)
    assert row["chat"] == wanted


async def test_no_chat_is_made_for_what_nobody_booked(api: httpx.AsyncClient, held: Appointment) -> None:
    for unknown in ("nothing", f"{held.id}-not", "%D1%8F"):
        answer = await api.post(f"/api/v1/consultations/{unknown}/chat")
        assert (answer.status_code, answer.json()["code"]) == (404, "chat.unknown")


@pytest.mark.req("CONS-23")
@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Outcome.NOT_ARRIVED, 409, "consultation.missed"),
        (Outcome.CANCELLED, 409, "consultation.cancelled"),
        (Outcome.SERVED, 200, None),
    ],
)
async def test_what_was_not_held_has_no_end(
    product: Registratura, api: httpx.AsyncClient, held: Appointment, outcome: Outcome, status: int, code: str | None
) -> None:
    await close(product, held, outcome)
    answer = await api.post(f"/api/v1/consultations/{held.id}/end")
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    (row,) = await rows(api, held.starts)
    assert (row["ended_at"] is None) is (status == 409)


@pytest.mark.req("CONS-28")
async def test_a_doctor_whom_nobody_knows_has_not_stood_in(api: httpx.AsyncClient, held: Appointment) -> None:
    path = f"/api/v1/consultations/{held.id}/end"
    answer = await api.post(path, json={"resource_id": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (422, "consultation.no_such_doctor")
    assert (await rows(api, held.starts))[0]["state"] == "booked"
    answer = await api.post(path, json={"resource_id": COLLEAGUE.id})
    assert answer.status_code == 200
    assert (await rows(api, held.starts))[0]["state"] == "ended"
