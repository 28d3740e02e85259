"""Booking, cancelling and moving as a host that embeds the registry calls them."""

import asyncio
from datetime import timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.booking import BookAppointment, CancelAppointment, Desk, MoveAppointment
from registratura.application.ports.deciding import Fingerprint, KeyReused
from registratura.application.requests import BookOnce
from registratura.domain import refusals
from registratura.domain.appointments import Application, Appointment, Channel, Rules, VisitKind
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import HOSPITAL, MAN, MOTHER, NOW, PLAIN, SECOND_THERAPIST, at, load, slot

pytestmark = pytest.mark.anyio


@pytest.fixture
async def storage() -> MemoryStorage:
    storage = MemoryStorage(MovableClock(NOW))
    await load(storage, *PLAIN)
    return storage


@pytest.fixture
def desk(storage: MemoryStorage) -> Desk:
    return Desk(rules=Rules(), clock=storage.clock, ids=SequentialIds())


def wish(slot_id: str = "s1", patient: PatientId = MOTHER, **more: object) -> Application:
    known: dict[str, object] = {
        "channel": Channel.PORTAL,
        "kind": VisitKind.ONLINE_CONSULTING,
        "purpose": PurposeId("first"),
        "consent_version": "1",
    }
    return Application(patient=patient, slot=SlotId(slot_id), **(known | more))  # type: ignore[arg-type]


async def booked(storage: MemoryStorage, desk: Desk, asked: Application) -> Appointment:
    verdict = await BookAppointment(storage=storage, desk=desk)(asked)
    return verdict.unwrap()


async def test_one_of_twenty_gets_the_slot(storage: MemoryStorage, desk: Desk) -> None:
    people = [attrs.evolve(storage.state.patients[MAN], id=PatientId(f"p{n}"), messenger=None) for n in range(20)]
    await load(storage, people)
    book = BookAppointment(storage=storage, desk=desk)
    verdicts = await asyncio.gather(*(book(wish(patient=person.id)) for person in people))
    assert sum(is_successful(verdict) for verdict in verdicts) == 1
    losers = {verdict.failure() for verdict in verdicts if not is_successful(verdict)}
    assert losers == {refusals.SlotTaken(SlotId("s1"))}


async def test_the_same_wish_again_gives_the_same_booking(storage: MemoryStorage, desk: Desk) -> None:
    first = await booked(storage, desk, wish())
    assert await booked(storage, desk, wish()) == first


async def test_cancelling_frees_the_slot_and_is_done_once(storage: MemoryStorage, desk: Desk) -> None:
    held = await booked(storage, desk, wish())
    cancel = CancelAppointment(storage=storage, desk=desk)
    foreign = await cancel(held.id, by=frozenset({MAN}))
    assert foreign.failure() == refusals.NotYours()
    assert is_successful(await cancel(held.id, by=frozenset({MOTHER})))
    assert (await cancel(held.id)).failure() == refusals.AlreadyCancelled()
    assert (await cancel(AppointmentId("nothing"))).failure() == refusals.AppointmentUnknown()
    again = await booked(storage, desk, wish(patient=MAN))
    assert again.id != held.id


async def test_a_visit_that_began_cannot_be_cancelled(storage: MemoryStorage, desk: Desk) -> None:
    held = await booked(storage, desk, wish())
    assert isinstance(desk.clock, MovableClock)
    desk.clock.move(held.starts - NOW)
    verdict = await CancelAppointment(storage=storage, desk=desk)(held.id)
    assert verdict.failure() == refusals.AlreadyOver()


async def test_moving_takes_the_new_slot_and_frees_the_old_one(storage: MemoryStorage, desk: Desk) -> None:
    held = await booked(storage, desk, wish())
    move = MoveAppointment(storage=storage, desk=desk)
    moved = (await move(held.id, SlotId("s2"), by=frozenset({MOTHER}), consent_version="1")).unwrap()
    assert (moved.slot, moved.purpose, moved.channel) == ("s2", held.purpose, held.channel)
    assert moved.id != held.id
    coming = await storage.read(lambda tx: tx.appointments.coming([MOTHER], None, NOW))
    assert [visit.slot for visit in coming] == ["s2"]
    assert (await booked(storage, desk, wish("s1", MAN))).slot == "s1"


async def test_moving_to_another_doctor_at_the_same_minute(storage: MemoryStorage, desk: Desk) -> None:
    await load(storage, [slot("same", SECOND_THERAPIST, at(24, 14, 30), organisation=HOSPITAL)])
    held = await booked(storage, desk, wish())
    move = MoveAppointment(storage=storage, desk=desk)
    assert (await move(held.id, SlotId("same"), consent_version="1")).unwrap().slot == "same"


async def test_a_move_that_is_refused_leaves_the_old_booking(storage: MemoryStorage, desk: Desk) -> None:
    held = await booked(storage, desk, wish())
    await booked(storage, desk, wish("s2", MAN))
    move = MoveAppointment(storage=storage, desk=desk)
    refused = [
        (await move(held.id, SlotId("s2"), consent_version="1")).failure(),
        (await move(held.id, SlotId("s3"))).failure(),
        (await move(held.id, SlotId("s3"), consent_version="old")).failure(),
        (await move(held.id, SlotId("nothing"), consent_version="1")).failure(),
        (await move(AppointmentId("nothing"), SlotId("s3"), consent_version="1")).failure(),
    ]
    assert [type(reason) for reason in refused] == [
        refusals.SlotTaken,
        refusals.DataMismatch,
        refusals.ConsentOutdated,
        refusals.SlotUnknown,
        refusals.AppointmentUnknown,
    ]
    coming = await storage.read(lambda tx: tx.appointments.coming([MOTHER], None, NOW))
    assert [visit.id for visit in coming] == [held.id]


async def test_moving_onto_ones_own_other_visit_is_refused_and_both_stay(storage: MemoryStorage, desk: Desk) -> None:
    await load(storage, [slot("another day", SECOND_THERAPIST, at(25, 14, 30), organisation=HOSPITAL)])
    both = [await booked(storage, desk, wish()), await booked(storage, desk, wish("another day"))]
    move = MoveAppointment(storage=storage, desk=desk)
    refused = await move(both[0].id, both[1].slot, by=frozenset({MOTHER}), consent_version="1")
    assert refused.failure() == refusals.SlotTaken(both[1].slot)
    coming = await storage.read(lambda tx: tx.appointments.coming([MOTHER], None, NOW))
    assert sorted(visit.id for visit in coming) == sorted(held.id for held in both)


async def test_a_key_gives_the_first_answer_again_and_refuses_another_body(storage: MemoryStorage, desk: Desk) -> None:
    once = BookOnce(storage=storage, desk=desk)
    key = Fingerprint("api", "k1", "digest")
    first = (await once(wish(), key, lambda held: f"answer {held.id}")).unwrap()
    assert (await once(wish(), key, lambda _: "another answer")).unwrap() == first
    reused = await once(wish("s3"), Fingerprint("api", "k1", "other"), lambda held: held.id)
    assert reused.failure() == KeyReused()
    assert len(await storage.read(lambda tx: tx.appointments.coming([MOTHER], None, NOW))) == 1


async def test_a_refusal_is_not_remembered(storage: MemoryStorage, desk: Desk) -> None:
    once = BookOnce(storage=storage, desk=desk)
    held = await booked(storage, desk, wish(patient=MAN))
    key = Fingerprint("api", "k2", "digest")
    assert (await once(wish(), key, lambda visit: visit.id)).failure() == refusals.SlotTaken(SlotId("s1"))
    await CancelAppointment(storage=storage, desk=desk)(held.id)
    assert is_successful(await once(wish(), key, lambda visit: visit.id))


async def test_a_booking_ends_with_its_visit(storage: MemoryStorage, desk: Desk) -> None:
    await booked(storage, desk, wish())
    after = NOW + timedelta(days=30)
    assert not await storage.read(lambda tx: tx.appointments.coming([MOTHER], None, after))
