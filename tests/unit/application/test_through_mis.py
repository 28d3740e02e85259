"""Booking and cancelling through a clinic that decides: what callers get, and what is asked of the clinic."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import attrs
import pytest
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk
from registratura.application.confirmation import AskMis, Pending, Terms, Waiting, begin
from registratura.application.ports.deciding import Fingerprint, KeyReused
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Transaction
from registratura.application.through_mis import (
    BookOnceThroughMis,
    BookThroughMis,
    CancelOnceThroughMis,
    CancelThroughMis,
)
from registratura.domain.appointments import (
    Application,
    Appointment,
    Channel,
    ClosedAppointment,
    Outcome,
    Rules,
    VisitKind,
)
from registratura.domain.confirmation import Confirmation, Declined, Kept, News, State
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.refusals import AlreadyCancelled, BookingCode, ConsentOutdated, NotYours, SlotTaken
from registratura.domain.schedule import FreeSlot, TakenSlot
from registratura.testing.contracts.storage.region import (
    CHILD,
    CONTROL,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    book,
    load,
)
from registratura.testing.memory import MemoryStorage
from registratura.testing.mis import MemoryMis, Way
from registratura.testing.time import SequentialIds
from tests.harness.virtual_time import LoopClock, run

ASKED = Application(
    patient=MOTHER.id,
    slot=SLOTS[0].id,
    channel=Channel.MAX,
    kind=VisitKind.ONLINE_CONSULTING,
    author=MOTHER.id,
    purpose=CONTROL.id,
    consent_version="1",
)
SILENT = Way(silent=True, answered=False)
LOST = Way(heard=False)
KEY = Fingerprint("api.bookings", "key-1", "digest-1")


@attrs.define
class Region:
    """A region whose clinic decides, with what went wrong and what was told."""

    storage: MemoryStorage = attrs.field(factory=lambda: MemoryStorage(LoopClock(NOW)))
    mis: MemoryMis = attrs.field(factory=MemoryMis)
    slips: list[Exception] = attrs.field(factory=list)
    told: list[News] = attrs.field(factory=list)

    @property
    def desk(self) -> Desk:
        return Desk(rules=Rules(), clock=self.storage.clock, ids=SequentialIds())

    @property
    def ask(self) -> AskMis:
        return AskMis(storage=self.storage, mis=self.mis, tell=self.tell, on_fault=self.slips.append)

    def tell(self, said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
        self.told.append(said)

    @property
    def book(self) -> BookThroughMis:
        return BookThroughMis(storage=self.storage, desk=self.desk, ask=self.ask)

    @property
    def book_once(self) -> BookOnceThroughMis:
        return BookOnceThroughMis(storage=self.storage, desk=self.desk, ask=self.ask)

    @property
    def cancel(self) -> CancelThroughMis:
        return CancelThroughMis(storage=self.storage, desk=self.desk, ask=self.ask)

    async def sweep(self, seconds: float = 0) -> None:
        """Let time pass, and ask what is due then."""
        await asyncio.sleep(seconds)
        while inquiries := await self.ask.due(8):
            await asyncio.gather(*map(self.ask, inquiries))

    def is_free(self) -> bool:
        """Whether the slot asked for is on offer."""
        return isinstance(self.storage.state.slots[SLOTS[0].id], FreeSlot)

    async def booked(self) -> Appointment:
        """A booking that the clinic confirmed."""
        told = (await self.book(ASKED)).unwrap()
        assert isinstance(told, Appointment)
        return told


@pytest.fixture
def region() -> Region:
    made = Region()
    run(_filled(made))
    return made


async def _filled(region: Region) -> None:
    await load(region.storage, *REGION)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_clinics_yes_is_ours(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        assert region.mis.held == {booked.id: booked}
        assert not region.is_free()
        assert await region.book(ASKED) == Success(booked), "asked again it is the same booking"
        assert [name for name, _ in region.mis.calls] == ["book"]

    run(main())


def test_the_clinics_no_is_ours_and_frees_the_slot(region: Region) -> None:
    async def main() -> None:
        region.mis.occupied.add(ASKED.slot)
        assert await region.book(ASKED) == Failure(Declined(BookingCode.TAKEN))
        assert region.is_free()

    run(main())


def test_what_the_rules_refuse_the_clinic_never_hears_of(region: Region) -> None:
    async def main() -> None:
        await region.booked()
        refused = await region.book(attrs.evolve(ASKED, patient=STRANGER.id, author=STRANGER.id))
        assert refused == Failure(SlotTaken(ASKED.slot))
        assert len(region.mis.calls) == 1

    run(main())


def test_after_eight_seconds_the_caller_is_told_that_nobody_knows(region: Region) -> None:
    async def main() -> None:
        region.mis.script(SILENT)
        told = (await region.book(ASKED)).unwrap()
        assert now() == pytest.approx(8)
        assert isinstance(told, Pending)
        assert told.state is State.UNKNOWN
        assert not region.is_free()
        assert await region.book(ASKED) == Success(told), "asked again too soon the clinic is left alone"
        assert len(region.mis.calls) == 1
        await region.sweep(5)
        assert await region.book(ASKED) == Success(told.booked)

    run(main())


def test_a_sweeper_leaves_a_caller_who_waits_alone(region: Region) -> None:
    async def main() -> None:
        region.mis.script(Way(delay=4))
        caller = asyncio.create_task(_unwrapped(region.book(ASKED)))
        await asyncio.sleep(1)
        await region.sweep()
        assert isinstance(await caller, Appointment)
        assert len(region.mis.calls) == 1

    run(main())


async def _unwrapped(call: Coroutine[Any, Any, Result[Appointment | Pending, Any]]) -> Appointment | Pending:
    return (await call).unwrap()


def test_a_caller_who_goes_away_leaves_the_question_to_the_sweeper(region: Region) -> None:
    async def main() -> None:
        region.mis.script(SILENT)
        caller = asyncio.create_task(_unwrapped(region.book(ASKED)))
        await asyncio.sleep(1)
        caller.cancel()
        await region.sweep(13)
        assert len(region.mis.calls) == 1, "the question may still be answered"
        await region.sweep(2)
        assert [name for name, _ in region.mis.calls] == ["book", "find"]
        assert isinstance((await region.book(ASKED)).unwrap(), Appointment)

    run(main())


def test_one_key_is_one_booking_as_it_stands_now(region: Region) -> None:
    async def main() -> None:
        region.mis.script(SILENT)
        first = (await region.book_once(ASKED, KEY, lambda booked: booked.id)).unwrap()
        assert isinstance(first, Pending)
        assert await region.book_once(ASKED, KEY, lambda booked: booked.id) == Success(first)
        await region.sweep(5)
        assert await region.book_once(ASKED, KEY, lambda booked: booked.id) == Success(str(first.booked.id))
        other_body = attrs.evolve(KEY, digest="digest-2")
        assert await region.book_once(ASKED, other_body, lambda booked: booked.id) == Failure(KeyReused())
        await region.cancel(first.booked.id)
        again = await region.book_once(ASKED, KEY, lambda booked: booked.id)
        assert again == Failure(Declined()), "the booking of this key is gone, and no other one is made"
        assert not region.mis.held

    run(main())


def test_a_key_is_free_again_after_a_refusal_of_the_rules(region: Region) -> None:
    async def main() -> None:
        outdated = attrs.evolve(ASKED, consent_version="0")
        assert await region.book_once(outdated, KEY, str) == Failure(ConsentOutdated("1"))
        assert await region.book_once(ASKED, KEY, lambda booked: booked.slot) == Success(str(ASKED.slot))

    run(main())


def test_without_a_key_every_request_counts(region: Region) -> None:
    async def main() -> None:
        assert (await region.book_once(ASKED, None, lambda booked: booked.slot)) == Success(str(ASKED.slot))

    run(main())


def test_cancelled_is_what_the_clinic_cancelled(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        closed = (await region.cancel(booked.id)).unwrap()
        assert isinstance(closed, ClosedAppointment)
        assert (closed.appointment, closed.outcome) == (booked, Outcome.CANCELLED)
        assert region.is_free()
        assert not region.mis.held
        assert await region.cancel(booked.id) == Failure(AlreadyCancelled())

    run(main())


def test_what_the_clinic_keeps_stays(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        region.mis.keeps_bookings = True
        assert await region.cancel(booked.id) == Failure(Kept())
        assert isinstance(region.storage.state.slots[booked.slot], TakenSlot)
        region.mis.keeps_bookings = False
        assert isinstance((await region.cancel(booked.id)).unwrap(), ClosedAppointment)

    run(main())


def test_an_unanswered_cancellation_is_pending_and_goes_on(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        region.mis.script(LOST)
        pending = Success(Pending(booked, State.CANCELLING))
        assert await region.cancel(booked.id) == pending
        assert await region.cancel(booked.id) == pending, "asked again too soon the clinic is left alone"
        assert await region.book(ASKED) == pending, "a booking that is being cancelled is no yes"
        assert not region.is_free()
        await region.sweep(5)
        assert region.is_free()
        assert not region.mis.held

    run(main())


def test_one_key_is_one_cancellation_as_it_stands_now(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        cancel = CancelOnceThroughMis(storage=region.storage, desk=region.desk, ask=region.ask)
        key = attrs.evolve(KEY, scope="api.cancel")
        region.mis.script(LOST)
        assert await cancel(booked.id, key, lambda _: "gone") == Success(Pending(booked, State.CANCELLING))
        await region.sweep(5)
        assert await cancel(booked.id, key, lambda _: "gone") == Success("gone")
        assert await cancel(booked.id, attrs.evolve(key, digest="another"), lambda _: "gone") == Failure(KeyReused())
        assert await cancel(booked.id, attrs.evolve(key, key="key-2"), lambda _: "gone") == Failure(AlreadyCancelled())
        assert await cancel(booked.id, None, lambda _: "gone") == Failure(AlreadyCancelled())

    run(main())


def test_only_those_may_cancel_who_may(region: Region) -> None:
    async def main() -> None:
        booked = await region.booked()
        assert await region.cancel(booked.id, by=frozenset({STRANGER.id})) == Failure(NotYours())
        assert len(region.mis.calls) == 1

    run(main())


def test_a_booking_known_from_a_load_is_cancelled_at_the_clinic_too(region: Region) -> None:
    async def main() -> None:
        await load(region.storage, [book("loaded", SLOTS[1], CHILD)])
        region.mis.script(LOST)
        assert isinstance((await region.cancel(AppointmentId("loaded"))).unwrap(), Pending)
        await region.sweep(5)
        assert region.mis.calls == [("cancel", "loaded")] * 2
        assert isinstance(region.storage.state.slots[SLOTS[1].id], FreeSlot)

    run(main())


def test_a_loaded_booking_that_is_asked_for_again_is_left_as_it_is(region: Region) -> None:
    async def main() -> None:
        await load(region.storage, [book("loaded", SLOTS[1], MOTHER)])
        held = region.storage.state.appointments["loaded"]
        assert isinstance(held, Appointment)
        same = attrs.evolve(
            ASKED, slot=held.slot, author=None, channel=held.channel, kind=held.kind, purpose=None, consent_version=None
        )
        assert await region.book(same) == Success(held)
        assert region.mis.calls == []

    run(main())


def test_a_booking_cancelled_while_the_clinic_is_silent_is_free_at_once_and_withdrawn_there(region: Region) -> None:
    async def main() -> None:
        region.mis.script(SILENT)
        pending = (await region.book(ASKED)).unwrap()
        assert isinstance(pending, Pending)
        assert isinstance((await region.cancel(pending.booked.id)).unwrap(), ClosedAppointment)
        assert region.is_free()
        assert region.mis.held, "the clinic heard the question, only its answer was lost"
        await region.sweep(5)
        assert not region.mis.held

    run(main())


def test_whoever_waits_in_the_messenger_is_told_that_the_clinic_cancelled(region: Region) -> None:
    async def main() -> None:
        waiting = Waiting(MessengerId("1001"), None)
        started = await region.storage.transact(lambda tx: begin(region.desk, Terms(), ASKED, tx, waiting))
        await region.cancel(started.unwrap().id)
        assert region.told == [News.CANCELLED]
        assert region.mis.calls == [], "nobody was asked yet"

    run(main())


def test_broken_words_do_not_hold_up_the_answer(region: Region) -> None:
    def stammer(said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
        raise KeyError(said)

    async def main() -> None:
        ask = attrs.evolve(region.ask, tell=stammer)
        book = attrs.evolve(region.book, ask=ask)
        assert isinstance((await book(ASKED)).unwrap(), Appointment)
        assert [type(slip) for slip in region.slips] == [KeyError]

    run(main())


@attrs.define
class BrokenMis(MemoryMis):
    """An adapter with a slip, after the effect."""

    async def book(self, appointment: Appointment) -> Any:
        await super().book(appointment)
        raise ZeroDivisionError


def test_a_slip_of_the_adapter_is_an_unknown_outcome(region: Region) -> None:
    async def main() -> None:
        region.mis = BrokenMis()
        assert isinstance((await region.book(ASKED)).unwrap(), Pending)
        assert [type(slip) for slip in region.slips] == [ZeroDivisionError]
        await region.sweep(5)
        assert isinstance((await region.book(ASKED)).unwrap(), Appointment)

    run(main())


@attrs.define(eq=False)
class ForgetfulStorage(MemoryStorage):
    """A storage that breaks down for a while."""

    broken: bool = False

    async def transact(self, work: Any) -> Any:
        if self.broken:
            raise Unavailable("gone")
        return await super().transact(work)


def test_an_answer_that_cannot_be_kept_is_asked_for_again(region: Region) -> None:
    async def main() -> None:
        storage = ForgetfulStorage(region.storage.clock, region.storage.state)
        region.storage = storage
        region.mis.script(Way(delay=2))
        caller = asyncio.create_task(_unwrapped(region.book(ASKED)))
        await asyncio.sleep(1)
        storage.broken = True
        with pytest.raises(Unavailable):
            await caller
        storage.broken = False
        await region.sweep(14)
        assert isinstance((await region.book(ASKED)).unwrap(), Appointment)
        assert [name for name, _ in region.mis.calls] == ["book", "find"]

    run(main())


def test_patience_of_a_region_is_what_a_person_is_promised() -> None:
    terms = Terms(patience=timedelta(minutes=5))
    assert terms.asking + terms.term == terms.patience
    assert terms.deadline < terms.term, "whoever asks has an answer, or none, before another one asks"
