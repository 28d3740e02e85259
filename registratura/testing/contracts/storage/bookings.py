"""One slot, one person; one person, one place at a time."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

import attrs
import pytest
from returns.pipeline import is_successful
from returns.result import Failure, Result

from registratura.application.ports.deciding import Fingerprint, KeyReused
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain import booking as rules
from registratura.domain.appointments import Application, Appointment, Channel, Facts, Outcome, Rules, VisitKind
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.refusals import Refusal, SlotTaken
from registratura.domain.schedule import FreeSlot, SlotStatus, TakenSlot
from registratura.testing.contracts.storage.region import (
    ACTS_FOR,
    ATTACHED,
    CHILD,
    CLINIC,
    COLLEAGUES_SLOTS,
    CONTROL,
    DAY,
    DOCTOR,
    MINUTE,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    THERAPIST,
    absence,
    booking,
    cancelled,
    consent,
    is_free,
    load,
    rendezvous,
    slot,
    take,
)

RACERS = 20


@pytest.mark.anyio
class BookingPromises:
    """What `Appointments`, `Patients` and `Requests` promise."""

    async def test_one_of_twenty_takes_the_slot(self, storage: Storage) -> None:
        people = [attrs.evolve(STRANGER, id=PatientId(f"racer-{n}")) for n in range(RACERS)]
        await load(storage, *REGION, people)
        racing = [booking(f"race-{n}", SLOTS[0], person) for n, person in enumerate(people)]
        meet = rendezvous(parties=8)
        taken = await asyncio.gather(*(storage.transact(partial(_race, held=held, meet=meet)) for held in racing))
        assert sum(taken) == 1
        winner = racing[taken.index(True)]
        ids = [person.id for person in people]
        assert await storage.read(lambda tx: tx.appointments.coming(ids, None, NOW)) == (winner,)

    @pytest.mark.parametrize("status", [status for status in SlotStatus if status is not SlotStatus.AVAILABLE])
    async def test_slot_that_is_not_available_is_not_taken(self, storage: Storage, status: SlotStatus) -> None:
        await load(storage, *REGION, [slot(9, status=status)])
        held = booking("1", slot(9))
        assert not await take(storage, held)
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) is None

    async def test_slot_that_does_not_exist_is_not_taken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert not await take(storage, attrs.evolve(booking("1", SLOTS[0]), slot=SlotId("nowhere")))

    async def test_loser_may_go_on_in_the_same_transaction(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, booking("1", SLOTS[0]))

        def work(tx: Transaction) -> tuple[bool, bool]:
            lost = tx.appointments.take(booking("2", SLOTS[0], STRANGER), None)
            return lost, tx.appointments.take(booking("3", SLOTS[1], STRANGER), None)

        assert await storage.transact(work) == (False, True)
        assert not await is_free(storage, SLOTS[1])

    async def test_one_patient_gets_one_of_two_slots_that_begin_together(self, storage: Storage) -> None:
        await load(storage, *REGION)
        both = [booking("1", SLOTS[0]), booking("2", COLLEAGUES_SLOTS[0])]
        taken = await asyncio.gather(*(take(storage, held) for held in both))
        assert sorted(taken) == [False, True]
        lost = both[taken.index(False)]
        assert await is_free(storage, SLOTS[0] if lost.slot == SLOTS[0].id else COLLEAGUES_SLOTS[0])

    async def test_two_bookings_of_one_patient_decide_one_after_the_other(self, storage: Storage) -> None:
        await load(storage, *REGION)
        meet = rendezvous()
        asked = [_application(SLOTS[0].id), _application(COLLEAGUES_SLOTS[1].id)]
        ended = await asyncio.gather(
            *(storage.transact(partial(_decide, asked=one, id=str(n), meet=meet)) for n, one in enumerate(asked))
        )
        assert sorted(map(is_successful, ended)) == [False, True]

    async def test_two_patients_do_not_wait_for_each_other_in_a_ring(self, storage: Storage) -> None:
        await load(storage, *REGION)
        asked = [
            _application(one.id, patient) for one in (*SLOTS, *COLLEAGUES_SLOTS) for patient in (MOTHER.id, STRANGER.id)
        ]
        ended = await asyncio.gather(
            *(storage.transact(partial(_decide, asked=one, id=str(n))) for n, one in enumerate(asked))
        )
        held = [result.unwrap() for result in ended if is_successful(result)]
        assert len({one.slot for one in held}) == len(held) > 0

    async def test_facts_are_everything_the_rules_need(self, storage: Storage) -> None:
        away = absence("away", SLOTS[2].visit, SLOTS[2].visit)
        await load(storage, *REGION, [away])
        other = booking("1", SLOTS[5], CHILD, author=MOTHER)
        await take(storage, other)
        facts = await storage.transact(
            lambda tx: tx.appointments.facts(
                CHILD.id, SLOTS[2].id, now=NOW, author=MOTHER.id, purpose=PurposeId("control")
            )
        )
        assert facts.patient == CHILD
        assert isinstance(facts.slot, FreeSlot)
        assert facts.slot.opening.starts == SLOTS[2].visit
        assert facts.slot.opening.channels == SLOTS[2].channels
        assert (facts.organisation, facts.resource, facts.speciality) == (CLINIC, DOCTOR, THERAPIST)
        assert facts.purpose == CONTROL
        assert facts.representations == (ACTS_FOR,)
        assert [one.id for one in facts.absences] == ["away"]
        assert facts.upcoming == (other,)
        assert facts.attachments == ()

    async def test_facts_know_a_patient_by_a_merged_id(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        merged = PatientId("mother-before-marriage")
        facts = await storage.transact(lambda tx: tx.appointments.facts(merged, SLOTS[0].id, now=NOW))
        assert (facts.patient, facts.attachments, facts.upcoming) == (MOTHER, (ATTACHED,), (held,))
        assert isinstance(facts.slot, TakenSlot)

    async def test_facts_of_the_unknown_are_none(self, storage: Storage) -> None:
        await load(storage, *REGION)
        facts = await storage.transact(
            lambda tx: tx.appointments.facts(PatientId("nobody"), SlotId("nowhere"), now=NOW, purpose=PurposeId("-"))
        )
        assert facts == Facts(patient=None, slot=None)

    async def test_upcoming_ends_with_the_visit(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))

        def upcoming(tx: Transaction, now: datetime) -> int:
            return len(tx.appointments.facts(MOTHER.id, SLOTS[1].id, now=now).upcoming)

        assert await storage.transact(lambda tx: upcoming(tx, held.ends - MINUTE)) == 1
        assert await storage.transact(lambda tx: upcoming(tx, held.ends)) == 0

    async def test_booking_comes_back_as_it_was_kept(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = attrs.evolve(booking("1", SLOTS[0], CHILD, author=MOTHER), referral="направление-7")
        assert await take(storage, held)
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == held
        assert await storage.read(lambda tx: tx.appointments.find(AppointmentId("another"))) is None

    async def test_release_frees_the_slot_once(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        closed = cancelled(held)
        assert await storage.transact(lambda tx: tx.appointments.release(closed))
        assert await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == closed
        again = attrs.evolve(closed, outcome=Outcome.CANCELLED)
        assert not await storage.transact(lambda tx: tx.appointments.release(again))
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == closed

    async def test_second_release_leaves_the_next_booking_alone(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        assert await take(storage, following := booking("2", SLOTS[0], STRANGER))
        assert not await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        assert not await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.find(following.id)) == following

    async def test_one_of_twenty_releases(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        released = await asyncio.gather(
            *(storage.transact(lambda tx: tx.appointments.release(cancelled(held))) for _ in range(RACERS))
        )
        assert sum(released) == 1

    async def test_release_does_not_bring_back_a_withdrawn_slot(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        await load(storage, [attrs.evolve(SLOTS[0], status=SlotStatus.CANCELED)])
        assert not await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        assert not await is_free(storage, SLOTS[0])

    async def test_coming_are_those_of_the_patients_and_of_the_author(self, storage: Storage) -> None:
        await load(storage, *REGION)
        own = booking("1", SLOTS[4])
        childs = booking("2", SLOTS[2], CHILD, author=MOTHER)
        strangers = booking("3", SLOTS[3], STRANGER)
        over = booking("4", SLOTS[0], CHILD)
        for held in (own, childs, strangers, over):
            assert await take(storage, held)
        await storage.transact(lambda tx: tx.appointments.release(cancelled(over)))

        async def coming(patients: list[PatientId], author: PatientId | None, now: datetime = NOW) -> list[Appointment]:
            return list(await storage.read(lambda tx: tx.appointments.coming(patients, author, now)))

        assert await coming([MOTHER.id], MOTHER.id) == [childs, own]
        assert await coming([MOTHER.id], None) == [own]
        assert await coming([CHILD.id, STRANGER.id], None) == [childs, strangers]
        assert await coming([], None) == []
        assert await coming([MOTHER.id], MOTHER.id, now=childs.ends) == [own]
        assert await coming([MOTHER.id], MOTHER.id, now=NOW + 9 * DAY) == []

    async def test_people_are_found_by_any_of_their_ids(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert await storage.read(lambda tx: tx.patients.find(MOTHER.id)) == MOTHER
        assert await storage.read(lambda tx: tx.patients.find(PatientId("nobody"))) is None
        merged = await storage.read(lambda tx: tx.patients.find(PatientId("mother-before-marriage")))
        assert merged == MOTHER
        assert MOTHER.messenger is not None
        user = MOTHER.messenger
        assert await storage.read(lambda tx: tx.patients.by_messenger(user)) == MOTHER
        assert await storage.read(lambda tx: tx.patients.represented_by(MOTHER.id)) == ((ACTS_FOR,), (CHILD,))
        assert await storage.read(lambda tx: tx.patients.represented_by(CHILD.id)) == ((), ())
        assert await storage.read(lambda tx: tx.patients.attachments(MOTHER.id)) == (ATTACHED,)

    async def test_answers_are_remembered_with_their_effect(self, storage: Storage) -> None:
        await load(storage, *REGION)
        asked = Fingerprint("mis", "key-1", "digest-1")
        assert await storage.read(lambda tx: tx.requests.remembered(asked)) is None

        def work(tx: Transaction) -> bool:
            return tx.appointments.take(booking("1", SLOTS[0]), None) and tx.requests.remember(asked, "booked", NOW)

        assert await storage.transact(work)
        assert await storage.read(lambda tx: tx.requests.remembered(asked)) == "booked"
        other_body = attrs.evolve(asked, digest="digest-2")
        assert await storage.read(lambda tx: tx.requests.remembered(other_body)) == KeyReused()
        assert await storage.read(lambda tx: tx.requests.remembered(attrs.evolve(asked, scope="portal"))) is None
        assert not await storage.transact(lambda tx: tx.requests.remember(asked, "again", NOW))
        assert await storage.read(lambda tx: tx.requests.remembered(asked)) == "booked"

    async def test_one_of_twenty_requests_with_one_key_is_remembered(self, storage: Storage) -> None:
        asked = Fingerprint("mis", "key-1", "digest-1")
        kept = await asyncio.gather(
            *(storage.transact(partial(_remember, asked=asked, answer=str(n))) for n in range(RACERS))
        )
        assert sum(kept) == 1
        assert await storage.read(lambda tx: tx.requests.remembered(asked)) == str(kept.index(True))


def _application(at: SlotId, patient: PatientId = MOTHER.id) -> Application:
    return Application(
        patient=patient,
        slot=at,
        channel=Channel.MAX,
        kind=VisitKind.ONLINE_CONSULTING,
        purpose=CONTROL.id,
        consent_version="1",
    )


def _decide(
    tx: Transaction, asked: Application, id: str, meet: Callable[[], None] | None = None
) -> Result[Appointment, Refusal]:
    facts = tx.appointments.facts(asked.patient, asked.slot, now=NOW, purpose=asked.purpose)
    if meet is not None:
        meet()
    verdict = rules.book(asked, facts, Rules(), now=NOW, id=AppointmentId(id))
    if is_successful(verdict) and not tx.appointments.take(verdict.unwrap(), None):
        return Failure(SlotTaken(asked.slot))
    return verdict


def _remember(tx: Transaction, asked: Fingerprint, answer: str) -> bool:
    return tx.requests.remember(asked, answer, NOW)


def _race(tx: Transaction, held: Appointment, meet: Callable[[], None]) -> bool:
    # Everybody has seen the slot free and stands at the line when the race begins.
    assert tx.schedule.opening(held.slot) is not None
    meet()
    return tx.appointments.take(held, consent(held))
