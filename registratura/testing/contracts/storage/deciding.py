"""Deciding in one look and one commit: what was seen still holds when it is kept, or nothing is kept."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import attrs
import pytest
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.ports.deciding import (
    Answer,
    Decision,
    Fingerprint,
    Held,
    KeyReused,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
    ToCancel,
)
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.appointments import Appointment, ClosedAppointment, Facts, Outcome
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.schedule import FreeSlot, TakenSlot
from registratura.testing.contracts.storage.region import (
    ACTS_FOR,
    ATTACHED,
    CHILD,
    CLINIC,
    CONTROL,
    DAY,
    DOCTOR,
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
    take,
)

T = TypeVar("T")

RACERS = 20
KEY = Fingerprint("mis", "key-1", "digest-1")
_Booked = Result[Decision[AppointmentId], str]


def to_book(at: SlotId, patient: PatientId = MOTHER.id, key: Fingerprint | None = None) -> ToBook:
    """What is asked before *patient* gets the slot *at*."""
    return ToBook(patient=patient, slot=at, now=NOW, purpose=CONTROL.id, key=key)


def taking(held: Appointment, answer: Answer | None = None) -> Callable[[Known[Facts]], _Booked]:
    """Take the slot whatever is known."""
    decision = Decision(value=held.id, change=NewBooking(held, consent(held)), answer=answer)
    return lambda _: Success(decision)


def taking_if_free(held: Appointment) -> Callable[[Known[Facts]], _Booked]:
    """Take the slot if the patient has nothing ahead: a rule that spans bookings."""

    def judge(known: Known[Facts]) -> _Booked:
        if known.found.upcoming:
            return Failure("busy")
        return Success(Decision(value=held.id, change=NewBooking(held, consent(held))))

    return judge


def closing(held: Appointment, answer: Answer | None = None) -> Callable[[Known[Held]], Result[Decision[str], str]]:
    """Close the booking if it is in force."""

    def judge(known: Known[Held]) -> Result[Decision[str], str]:
        if not isinstance(known.found, Appointment):
            return Failure("not in force")
        return Success(Decision(value="closed", change=cancelled(held), answer=answer))

    return judge


@pytest.mark.anyio
class DecidingPromises:
    """What `Storage.book` and `Storage.cancel` promise."""

    async def test_judge_knows_what_the_rules_need(self, storage: Storage) -> None:
        away = absence("away", SLOTS[2].visit, SLOTS[2].visit)
        await load(storage, *REGION, [away])
        await take(storage, other := booking("1", SLOTS[5], CHILD, author=MOTHER))
        seen: list[Facts] = []

        def look(known: Known[Facts]) -> _Booked:
            seen.append(known.found)
            return Failure("only looking")

        asked = attrs.evolve(to_book(SLOTS[2].id, CHILD.id), author=MOTHER.id)
        for _ in range(2):
            assert (await storage.book(asked, look)).failure() == "only looking"
        facts = seen[0]
        assert seen[1] == facts
        assert facts.patient == CHILD
        assert isinstance(facts.slot, FreeSlot)
        assert (facts.organisation, facts.resource, facts.speciality) == (CLINIC, DOCTOR, THERAPIST)
        assert (facts.purpose, facts.representations, facts.upcoming) == (CONTROL, (ACTS_FOR,), (other,))
        assert [one.id for one in facts.absences] == ["away"]

    async def test_judge_knows_a_patient_by_a_merged_id(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        seen: list[Facts] = []

        def look(known: Known[Facts]) -> _Booked:
            seen.append(known.found)
            return Failure("only looking")

        await storage.book(to_book(SLOTS[0].id, PatientId("mother-before-marriage")), look)
        await storage.book(to_book(SlotId("nowhere"), PatientId("nobody")), look)
        facts, nothing = seen
        assert (facts.patient, facts.attachments, facts.upcoming) == (MOTHER, (ATTACHED,), (held,))
        assert isinstance(facts.slot, TakenSlot)
        assert (nothing.patient, nothing.slot, nothing.organisation, nothing.resource) == (None, None, None, None)

    async def test_judge_knows_what_was_loaded_since(self, storage: Storage) -> None:
        await load(storage, *REGION)
        names: list[str] = []

        def look(known: Known[Facts]) -> _Booked:
            assert known.found.organisation is not None
            names.append(known.found.organisation.name)
            return Failure("only looking")

        await storage.book(to_book(SLOTS[0].id), look)
        await load(storage, [attrs.evolve(CLINIC, name="Поликлиника переименована")])
        await storage.book(to_book(SLOTS[0].id), look)
        assert names == [CLINIC.name, "Поликлиника переименована"]

    async def test_decision_is_kept_whole(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])
        asked = to_book(SLOTS[0].id, key=KEY)
        assert (await storage.book(asked, taking(held, Answer(KEY, "booked", NOW)))).unwrap() == held.id
        assert not await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == held
        assert await storage.read(lambda tx: tx.requests.remembered(KEY)) == "booked"

    async def test_decisions_of_many_at_one_moment_are_each_kept_whole(self, storage: Storage) -> None:
        people = [attrs.evolve(STRANGER, id=PatientId(f"guest-{number}")) for number in range(len(SLOTS))]
        await load(storage, *REGION, people)
        held = [booking(str(n), at, person) for n, (at, person) in enumerate(zip(SLOTS, people, strict=True))]
        keys = [attrs.evolve(KEY, key=f"key-{one.id}") if place % 2 else None for place, one in enumerate(held)]
        answers = [Answer(key, one.id, NOW) if key else None for key, one in zip(keys, held, strict=True)]
        ended = await asyncio.gather(
            *(
                storage.book(to_book(one.slot, one.patient, key), taking(one, answer))
                for one, key, answer in zip(held, keys, answers, strict=True)
            )
        )
        assert [result.unwrap() for result in ended] == [one.id for one in held]

        def kept(tx: Transaction) -> list[object]:
            remembered = [tx.requests.remembered(key) for key in keys if key is not None]
            return [*(tx.appointments.find(one.id) for one in held), *remembered]

        assert await storage.read(kept) == [*held, *(answer.words for answer in answers if answer is not None)]

    async def test_refusal_of_the_judge_keeps_nothing(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert (await storage.book(to_book(SLOTS[0].id), lambda _: Failure("no"))).failure() == "no"
        assert await is_free(storage, SLOTS[0])

    async def test_one_of_twenty_gets_the_slot_and_the_others_are_overtaken(self, storage: Storage) -> None:
        people = [attrs.evolve(STRANGER, id=PatientId(f"racer-{number}")) for number in range(RACERS)]
        await load(storage, *REGION, people)
        held = [booking(f"race-{number}", SLOTS[0], person) for number, person in enumerate(people)]
        ended = await asyncio.gather(*(storage.book(to_book(SLOTS[0].id, one.patient), taking(one)) for one in held))
        won = [result.unwrap() for result in ended if is_successful(result)]
        lost = [result.failure() for result in ended if not is_successful(result)]
        assert len(won) == 1
        assert lost == [Overtaken()] * (RACERS - 1)
        assert [one for one in held if await self._is_kept(storage, one)] == [one for one in held if one.id == won[0]]

    async def test_bookings_of_one_patient_are_decided_one_after_the_other(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = [booking(str(number), at) for number, at in enumerate(SLOTS)]
        for _ in range(len(held)):
            ended = await asyncio.gather(*(storage.book(to_book(one.slot), taking_if_free(one)) for one in held))
            if not any(not is_successful(result) and result.failure() == Overtaken() for result in ended):
                break
        kept = [one for one in held if await self._is_kept(storage, one)]
        assert len(kept) == 1

    async def test_unit_of_work_and_decision_take_turns_too(self, storage: Storage) -> None:
        await load(storage, *REGION)
        first, second = booking("1", SLOTS[0]), booking("2", SLOTS[1])

        def work(tx: Transaction) -> bool:
            facts = tx.appointments.facts(MOTHER.id, SLOTS[1].id, now=NOW)
            return not facts.upcoming and tx.appointments.take(second, None)

        await asyncio.gather(
            storage.book(to_book(SLOTS[0].id), taking_if_free(first)),
            storage.transact(work),
        )
        assert [one.id for one in (first, second) if await self._is_kept(storage, one)] in (["1"], ["2"])

    async def test_booking_at_the_hour_of_another_is_overtaken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, booking("1", SLOTS[0]))
        twin = attrs.evolve(booking("2", SLOTS[1]), starts=SLOTS[0].visit)
        assert (await storage.book(to_book(SLOTS[1].id), taking(twin))).failure() == Overtaken()
        assert await is_free(storage, SLOTS[1])

    async def test_slot_that_was_moved_meanwhile_is_not_taken_where_it_was_seen(self, storage: Storage) -> None:
        await load(storage, *REGION)
        seen = booking("1", SLOTS[0])
        await load(storage, [attrs.evolve(SLOTS[0], visit=SLOTS[0].visit + 30 * DAY)])
        assert (await storage.book(to_book(SLOTS[0].id), taking(seen))).failure() == Overtaken()
        assert not await take(storage, seen)

    async def test_answer_under_the_key_is_known(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await storage.book(to_book(SLOTS[0].id, key=KEY), taking(booking("1", SLOTS[0]), Answer(KEY, "booked", NOW)))
        seen: list[str | KeyReused | None] = []

        def look(known: Known[T]) -> Result[Decision[str], str]:
            seen.append(known.answered)
            return Failure("only looking")

        other_body = attrs.evolve(KEY, digest="digest-2")
        for key in (KEY, other_body, attrs.evolve(KEY, key="key-2"), None):
            await storage.book(to_book(SLOTS[1].id, key=key), look)
            await storage.cancel(ToCancel(appointment=AppointmentId("1"), key=key), look)
        assert seen == ["booked", "booked", KeyReused(), KeyReused(), None, None, None, None]

    async def test_one_of_twenty_under_one_key_is_kept(self, storage: Storage) -> None:
        people = [attrs.evolve(STRANGER, id=PatientId(f"racer-{number}")) for number in range(len(SLOTS))]
        await load(storage, *REGION, people)
        held = [booking(str(n), at, person) for n, (at, person) in enumerate(zip(SLOTS, people, strict=True))]
        ended = await asyncio.gather(
            *(storage.book(to_book(one.slot, one.patient, KEY), taking(one, Answer(KEY, one.id, NOW))) for one in held)
        )
        kept = [one for one in held if await self._is_kept(storage, one)]
        assert len(kept) == 1 == sum(map(is_successful, ended))
        assert await storage.read(lambda tx: tx.requests.remembered(KEY)) == kept[0].id

    async def test_answer_alone_is_kept(self, storage: Storage) -> None:
        await load(storage, *REGION)

        def repeat(words: str) -> Callable[[Known[Facts]], Result[Decision[str], str]]:
            return lambda _: Success(Decision(value=words, answer=Answer(KEY, words, NOW)))

        asked = to_book(SLOTS[0].id, key=KEY)
        assert (await storage.book(asked, repeat("first"))).unwrap() == "first"
        assert (await storage.book(asked, repeat("second"))).failure() == Overtaken()
        assert await storage.read(lambda tx: tx.requests.remembered(KEY)) == "first"

    async def test_cancelling_frees_the_slot_and_keeps_the_answer(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        asked = ToCancel(appointment=held.id, key=KEY)
        assert (await storage.cancel(asked, closing(held, Answer(KEY, "gone", NOW)))).unwrap() == "closed"
        assert await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == cancelled(held)
        assert await storage.read(lambda tx: tx.requests.remembered(KEY)) == "gone"
        assert (await storage.cancel(asked, closing(held))).failure() == "not in force"

    async def test_one_of_twenty_cancels(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        asked = ToCancel(appointment=held.id)
        ended = await asyncio.gather(*(storage.cancel(asked, closing(held)) for _ in range(RACERS)))
        assert sum(map(is_successful, ended)) == 1

    async def test_stale_cancellation_is_overtaken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        late = ClosedAppointment(appointment=held, outcome=Outcome.CANCELLED, closed_at=NOW)
        ended = await storage.cancel(
            ToCancel(appointment=held.id), lambda _: Success(Decision(value="closed", change=late))
        )
        assert ended.failure() == Overtaken()
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == cancelled(held)

    async def test_cancelling_what_does_not_exist_is_told_to_the_judge(self, storage: Storage) -> None:
        ended = await storage.cancel(ToCancel(appointment=AppointmentId("nothing")), closing(booking("1", SLOTS[0])))
        assert ended.failure() == "not in force"

    @staticmethod
    async def _is_kept(storage: Storage, held: Appointment) -> bool:
        return await storage.read(lambda tx: tx.appointments.find(held.id)) is not None
