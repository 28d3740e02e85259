"""The API where a clinic decides: 202 while it is silent, and a repeat that tells how it ended."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import attrs
import httpx
import pytest

from registratura.application.confirmation import Inquiry, Terms
from registratura.application.ports.storage import Transaction
from registratura.application.signing_in import secret_hash
from registratura.domain.accounts import Account, AccountId, Method, Session
from registratura.domain.identifiers import AppointmentId
from registratura.domain.people import Patient
from registratura.domain.refusals import BookingCode
from registratura.entrypoints.composition import Registratura, compose, migrate
from registratura.entrypoints.settings import load_settings
from registratura.testing.contracts.storage.region import CONTROL, MOTHER, REGION, SLOTS, load
from registratura.testing.mis import MemoryMis, Way

pytestmark = pytest.mark.anyio

SILENT = Way(answered=False)
LOST = Way(heard=False)
BODY = {
    "patient_id": MOTHER.id,
    "slot_id": SLOTS[0].id,
    "kind": "ONLINE_CONSULTING",
    "purpose_id": CONTROL.id,
    "consent_version": "1",
}
KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
def mis() -> MemoryMis:
    return MemoryMis()


@pytest.fixture
async def product(mis: MemoryMis, tmp_path: Path) -> AsyncIterator[Registratura]:
    settings = load_settings(
        {"REGISTRATURA_DATABASE_URL": f"sqlite:///{tmp_path}/registry.db", "REGISTRATURA_API_TOKEN": "token"}, tmp_path
    )
    migrate(settings)
    async with compose(settings, mis) as product:
        tomorrow = product.clock.now() + timedelta(days=1)
        await load(product.storage, *REGION[:-1], [attrs.evolve(SLOTS[0], visit=tomorrow)])
        yield product


async def ask_again(product: Registratura, booking: str) -> None:
    """The worker asks the clinic, as if the time for it had come."""
    ask = product.ask_mis
    assert ask is not None

    def take(tx: Transaction) -> Inquiry:
        held = tx.confirmations.find(AppointmentId(booking))
        assert held is not None
        return ask.take(held, tx.confirmations.now(), tx)

    await ask(await product.storage.transact(take))


async def book(api: httpx.AsyncClient) -> httpx.Response:
    return await api.post("/api/v1/bookings", json=BODY, headers=KEY)


async def test_the_clinics_yes_is_201(api: httpx.AsyncClient) -> None:
    answer = await book(api)
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["status_code"]) == ("confirmed", 5000)
    assert (await book(api)).json() == answer.json()


async def test_silence_is_202_and_a_repeat_tells_the_yes(
    api: httpx.AsyncClient, mis: MemoryMis, product: Registratura
) -> None:
    mis.script(SILENT)
    answer = await book(api)
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["status_code"]) == ("pending", None)
    listed = (await api.get("/api/v1/bookings", params={"patient_id": MOTHER.id})).json()
    assert listed == {"bookings": [answer.json()]}
    assert (await book(api)).status_code == 202
    await ask_again(product, answer.json()["id"])
    again = await book(api)
    assert (again.status_code, again.json()["status"]) == (201, "confirmed")
    listed = (await api.get("/api/v1/bookings", params={"patient_id": MOTHER.id})).json()
    assert listed == {"bookings": [again.json()]}


async def test_silence_is_202_and_a_repeat_tells_the_no(
    api: httpx.AsyncClient, mis: MemoryMis, product: Registratura
) -> None:
    mis.script(LOST)
    mis.occupied.add(SLOTS[0].id)
    answer = await book(api)
    await ask_again(product, answer.json()["id"])
    no = await book(api)
    assert (no.status_code, no.json()["code"]) == (409, "booking.Declined")
    assert no.json()["errors"] == [{"field": "status_code", "detail": str(int(BookingCode.TAKEN))}]
    assert (await api.get("/api/v1/bookings", params={"patient_id": MOTHER.id})).json() == {"bookings": []}


async def test_a_cancellation_is_202_until_the_clinic_agrees(
    api: httpx.AsyncClient, mis: MemoryMis, product: Registratura
) -> None:
    booking = (await book(api)).json()["id"]
    mis.script(LOST)
    path = f"/api/v1/bookings/{booking}"
    answer = await api.delete(path, headers=KEY)
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    await ask_again(product, booking)
    assert (await api.delete(path, headers=KEY)).status_code == 204
    assert (await api.delete(path)).json()["code"] == "booking.AlreadyCancelled"


async def test_a_cancellation_that_is_not_accepted_is_409(api: httpx.AsyncClient, mis: MemoryMis) -> None:
    mis.keeps_bookings = True
    booking = (await book(api)).json()["id"]
    answer = await api.delete(f"/api/v1/bookings/{booking}")
    assert (answer.status_code, answer.json()["code"]) == (409, "booking.Kept")
    assert len(mis.held) == 1


async def sign_in(product: Registratura, api: httpx.AsyncClient, patient: Patient) -> None:
    """Sign in with the browser of *api* as *patient*."""
    now = product.clock.now()
    account = Account(id=AccountId("account"), name=patient.name.full, patient=patient.id, created_at=now)
    digest = secret_hash("secret")
    session = Session(token_hash=digest, account=account.id, method=Method.ESIA, began_at=now, seen_at=now)
    await product.storage.transact(lambda tx: tx.accounts.save(account))
    await product.storage.transact(lambda tx: tx.accounts.open_session(session))
    api.cookies.set("registratura-session", "secret")


async def test_the_page_tells_where_a_booking_stands_and_shows_no_door_before_the_clinics_answer(
    api: httpx.AsyncClient, mis: MemoryMis, product: Registratura
) -> None:
    soon = attrs.evolve(SLOTS[1], visit=product.clock.now() + timedelta(minutes=10))
    await load(product.storage, [soon])
    await sign_in(product, api, MOTHER)

    async def shown() -> tuple[bool, bool, bool]:
        page = (await api.get("/bookings")).text
        assert MOTHER.name.full in page
        awaited, cancelled = "Поликлиника ещё не подтвердила эту запись." in page, "Отмена отправлена" in page
        return f"/consultations/{booking}" in page, awaited, cancelled

    mis.script(SILENT, LOST, Way(), LOST)
    booking = (await api.post("/api/v1/bookings", json=BODY | {"slot_id": soon.id})).json()["id"]
    assert await shown() == (False, True, False)
    await ask_again(product, booking)
    assert await shown() == (False, True, False), "still no answer"
    await ask_again(product, booking)
    assert await shown() == (True, False, False)
    await api.delete(f"/api/v1/bookings/{booking}")
    assert await shown() == (True, False, True)


async def test_nothing_goes_past_the_clinic(product: Registratura) -> None:
    assert product.move is None
    assert product.ask_mis is not None
    assert product.ask_mis.terms == Terms()
