"""Bookings that the clinic's own system (МИС) decides about: what is wished is kept, asked for, and asked again.

The wish is kept first, with the slot held. The MIS is asked outside of any transaction and under a deadline. Its answer
is kept in a transaction of its own, together with what the person who waits is told. Whoever dies on the way leaves a
question that another process asks again when its term is over.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk, judge, when_told
from registratura.application.ports.deciding import NewBooking
from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.application.ports.mis import Mis
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain import booking, refusals
from registratura.domain import confirmation as rules
from registratura.domain.appointments import Application, Appointment, ClosedAppointment, Outcome
from registratura.domain.confirmation import HOLDING, Answer, Confirmation, News, NotThere, Question, Silence, State
from registratura.domain.identifiers import AppointmentId, MessengerId, PatientId
from registratura.domain.refusals import CancelRefusal, Refusal


@attrs.frozen(kw_only=True)
class Terms:
    """How long the clinic is waited for."""

    deadline: timedelta = timedelta(seconds=8)
    """For one question. The FER gateway waits ten seconds for our answer."""
    patience: timedelta = timedelta(minutes=10)
    """Until a person is told no because the clinic gave no answer."""
    term: timedelta = timedelta(seconds=15)
    """How long a question is ours: longer than the deadline. After a crash the next one waits as long."""

    @property
    def asking(self) -> timedelta:
        """How long one asks for a booking: the last answer comes before patience ends."""
        return max(self.patience - self.term, timedelta(seconds=1))


@attrs.frozen
class Waiting:
    """Who waits for the answer in the messenger."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None


@attrs.frozen
class Pending:
    """The clinic has not answered: neither yes nor no may be told. The booking is held all the while."""

    booked: Appointment
    state: State


@attrs.frozen
class Inquiry:
    """A question that is ours to ask until its term is over."""

    held: Confirmation
    booked: Appointment


class Tell(Protocol):
    """Tells the person who waits."""

    def __call__(self, said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
        """Put what is told into the outbox of the transaction that records it."""
        ...


def tell_nobody(said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
    """Where no messenger is connected."""


def begin(
    desk: Desk, terms: Terms, asked: Application, tx: Transaction, waiting: Waiting | None = None
) -> Result[Appointment, Refusal]:
    """Hold the slot and note that the clinic is to be asked, inside a transaction that the caller owns.

    What the patient holds already is given again, wherever it stands.
    """
    now = desk.clock.now()
    facts = tx.appointments.facts(asked.patient, asked.slot, now=now, author=asked.author, purpose=asked.purpose)
    verdict = judge(desk, asked, facts)
    if not is_successful(verdict):
        return Failure(verdict.failure())
    booked, change = verdict.unwrap().value, verdict.unwrap().change
    if not isinstance(change, NewBooking):
        held = tx.confirmations.find(booked.id)
    elif tx.appointments.take(booked, change.consent, agenda=verdict.unwrap().agenda):
        held = rules.pending(booked, tx.confirmations.now(), terms.asking)
    else:
        return Failure(refusals.SlotTaken(asked.slot))
    if held is not None:
        tx.confirmations.save(_awaited(held, waiting))
    return Success(booked)


def begin_cancelling(
    desk: Desk,
    appointment: AppointmentId,
    tx: Transaction,
    *,
    by: frozenset[PatientId] | None,
    waiting: Waiting | None = None,
) -> Result[ClosedAppointment | Pending, CancelRefusal]:
    """Cancel what the clinic never confirmed; of what it did, note that it is to be asked.

    Inside a transaction that the caller owns. *by* are the ids of those who ask, None is the clinic.
    """
    # Locked before the booking is looked at: its answer may be coming in.
    known = tx.confirmations.find(appointment)
    verdict = booking.cancel(tx.appointments.find(appointment), by=by, now=desk.clock.now())
    if not is_successful(verdict):
        return Failure(verdict.failure())
    closed, now = verdict.unwrap(), tx.confirmations.now()
    held = known or rules.confirmed(appointment, now)
    if held.state in rules.UNANSWERED:
        tx.confirmations.save(rules.withdrawn(held, now))
        # Whoever waits in the messenger is told there at once.
        agenda = when_told(by, closed) if held.user is None and waiting is None else None
        return (
            Success(closed) if tx.appointments.release(closed, agenda=agenda) else Failure(refusals.AlreadyCancelled())
        )
    if held.state is not State.CANCELLING:
        held = rules.cancelling(held, now)
    tx.confirmations.save(_awaited(held, waiting))
    return Success(Pending(closed.appointment, held.state))


def _awaited(held: Confirmation, waiting: Waiting | None) -> Confirmation:
    return held if waiting is None else attrs.evolve(held, user=waiting.user, chat=waiting.chat)


@attrs.frozen(kw_only=True)
class AskMis:
    """Asks the clinic what is due and records its answers. Any number of processes may do so at once."""

    storage: Storage
    mis: Mis
    terms: Terms = attrs.field(factory=Terms)
    tell: Tell = tell_nobody
    on_fault: Callable[[Exception], None] = lambda _: None
    """Told of slips: of the adapter, or of our own in telling the person. They never hold up an answer."""

    async def due(self, limit: int) -> Sequence[Inquiry]:
        """Take at most *limit* questions whose time has come: nobody else asks them before their term is over."""
        return await self.storage.transact(partial(self._take_due, limit))

    def _take_due(self, limit: int, tx: Transaction) -> Sequence[Inquiry]:
        now = tx.confirmations.now()
        return [self.take(held, now, tx) for held in tx.confirmations.due(now, limit)]

    def take(self, held: Confirmation, now: datetime, tx: Transaction) -> Inquiry:
        """Take the question about *held*, which the transaction has locked."""
        asked = rules.asked(held, now, self.terms.term)
        tx.confirmations.save(asked)
        return Inquiry(asked, _booked(held.appointment, tx))

    async def __call__(self, inquiry: Inquiry) -> Confirmation:
        """Ask, and record the answer. Raises `Unavailable` when it cannot be recorded: it will be asked again."""
        answer = await self._ask(inquiry)
        try:
            return await self._record(inquiry, answer, self.tell)
        except Unavailable:
            raise
        except Exception as slip:  # noqa: BLE001  # whatever is wrong with the words, the answer must be kept
            self.on_fault(slip)
            return await self._record(inquiry, answer, tell_nobody)

    async def _ask(self, inquiry: Inquiry) -> Answer:
        try:
            async with asyncio.timeout(self.terms.deadline.total_seconds()):
                return await self._put(rules.question(inquiry.held), inquiry.booked)
        except Unavailable:
            return Silence(in_doubt=False)
        except (OutcomeUnknown, TimeoutError):
            return Silence(in_doubt=True)
        except Exception as slip:  # noqa: BLE001  # a slip of the adapter: nobody knows what it has done
            self.on_fault(slip)
            return Silence(in_doubt=True)

    async def _put(self, question: Question, booked: Appointment) -> Answer:
        match question:
            case Question.BOOK:
                return await self.mis.book(booked)
            case Question.BOOK_UNLESS_THERE:
                found = await self.mis.find(booked)
                return await self.mis.book(booked) if isinstance(found, NotThere) else found
            case Question.FIND:
                return await self.mis.find(booked)
            case Question.CANCEL:
                return await self.mis.cancel(booked)

    async def _record(self, inquiry: Inquiry, answer: Answer, tell: Tell) -> Confirmation:
        # A cancelled task must still record what it has heard.
        return await asyncio.shield(self.storage.transact(partial(_record, inquiry, answer, tell)))


def _record(inquiry: Inquiry, answer: Answer, tell: Tell, tx: Transaction) -> Confirmation:
    if inquiry.held.user is not None:
        # Locked before the booking, as whoever presses a button does.
        tx.dialogues.find(inquiry.held.user)
    before = tx.confirmations.find(inquiry.held.appointment)
    if before is None:
        raise LookupError("a booking that was asked about is gone")
    now = tx.confirmations.now()
    after = rules.answered(before, answer, to=inquiry.held.version, now=now)
    if after is before:
        return before
    booked = tx.appointments.find(before.appointment)
    if isinstance(booked, Appointment):
        if after.state not in HOLDING:
            closed = ClosedAppointment(appointment=booked, outcome=Outcome.CANCELLED, closed_at=now)
            # Whom nobody tells in the dialogue hears of what the clinic's own system cancelled.
            is_told = before.state is not State.CANCELLING or before.user is not None
            tx.appointments.release(closed, agenda=None if is_told else now)
    elif after.state in HOLDING:
        # Closed meanwhile, for example because the clinic withdrew the slot in a load.
        after = rules.withdrawn(after, now)
    tx.confirmations.save(after)
    said = rules.news(before, after)
    if said is not None:
        tell(said, after, inquiry.booked, tx)
    return after


def _booked(appointment: AppointmentId, tx: Transaction) -> Appointment:
    found = tx.appointments.find(appointment)
    if found is None:
        raise LookupError("a booking that is to be asked about is gone")
    return found.appointment if isinstance(found, ClosedAppointment) else found
