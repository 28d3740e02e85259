"""Booking and cancelling for callers who wait for the clinic's answer: the use cases where a MIS decides.

They take the question themselves, so that no sweeper asks it beside them, and give `Pending` when the deadline passes;
the sweeper then goes on.
"""

from collections.abc import Callable
from functools import partial

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk, settled
from registratura.application.confirmation import AskMis, Inquiry, Pending, begin, begin_cancelling
from registratura.application.ports.deciding import Fingerprint, KeyReused, Overtaken
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.appointments import Application, Appointment, ClosedAppointment, Outcome
from registratura.domain.confirmation import UNANSWERED, Confirmation, Declined, Kept, News, State
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.refusals import CancelRefusal, Refusal


@attrs.frozen
class _Begun:
    """A booking as a transaction left it; `inquiry` is the question, where it is ours to ask."""

    booked: Appointment
    held: Confirmation | None
    inquiry: Inquiry | None = None


@attrs.frozen(kw_only=True)
class BookThroughMis:
    """Take a slot for a patient at the clinic, or say why not."""

    storage: Storage
    desk: Desk
    ask: AskMis

    async def __call__(self, asked: Application) -> Result[Appointment | Pending, Refusal | Declined]:
        """Book. Asking again for the same gives the same booking, as it stands now."""
        begun = await self.storage.transact(partial(_begin, self.desk, self.ask, asked))
        return await _answer(self.ask, begun.unwrap()) if is_successful(begun) else Failure(begun.failure())


@attrs.frozen(kw_only=True)
class BookOnceThroughMis:
    """Book at the clinic under an idempotency key: a repeat gets the same booking, as it stands now."""

    storage: Storage
    desk: Desk
    ask: AskMis

    async def __call__(
        self, asked: Application, key: Fingerprint | None, write: Callable[[Appointment], str]
    ) -> Result[str | Pending, Refusal | Declined | KeyReused]:
        """Book and give the answer that *write* makes of the booking.

        A refusal of the rules is not kept: the same key may succeed later. What the clinic was asked is.
        """
        begun: Result[_Begun, Refusal | KeyReused] = await settled(
            lambda: self.storage.transact(partial(self._begin, asked, key))
        )
        if not is_successful(begun):
            return Failure(begun.failure())
        answer = await _answer(self.ask, begun.unwrap())
        return answer.map(lambda told: told if isinstance(told, Pending) else write(told))

    def _begin(
        self, asked: Application, key: Fingerprint | None, tx: Transaction
    ) -> Result[_Begun, Refusal | KeyReused | Overtaken]:
        if key is None:
            return _begin(self.desk, self.ask, asked, tx)
        # A scope of its own: where we decide, the answers kept under keys are of another form.
        asked_before = attrs.evolve(key, scope=f"{key.scope}.mis")
        known = tx.requests.remembered(asked_before)
        if isinstance(known, KeyReused):
            return Failure(known)
        found = tx.appointments.find(AppointmentId(known)) if known is not None else None
        if found is not None:
            return Success(_begun(self.ask, found.appointment if isinstance(found, ClosedAppointment) else found, tx))
        begun = _begin(self.desk, self.ask, asked, tx)
        if not is_successful(begun):
            return begun
        booked = begun.unwrap().booked
        kept = tx.requests.remember(asked_before, booked.id, self.desk.clock.now())
        return begun if kept else Failure(Overtaken())


def _begin(desk: Desk, ask: AskMis, asked: Application, tx: Transaction) -> Result[_Begun, Refusal]:
    return begin(desk, ask.terms, asked, tx).map(lambda booked: _begun(ask, booked, tx))


def _begun(ask: AskMis, booked: Appointment, tx: Transaction) -> _Begun:
    held, now = tx.confirmations.find(booked.id), tx.confirmations.now()
    if held is None or held.due is None or held.due > now:
        return _Begun(booked, held)
    return _Begun(booked, held, ask.take(held, now, tx))


async def _answer(ask: AskMis, begun: _Begun) -> Result[Appointment | Pending, Declined]:
    held = await ask(begun.inquiry) if begun.inquiry is not None else begun.held
    if held is None or held.state is State.CONFIRMED:
        return Success(begun.booked)
    if held.state in UNANSWERED or held.state is State.CANCELLING:
        return Success(Pending(begun.booked, held.state))
    return Failure(Declined(held.code) if held.code is not None else Declined())


@attrs.frozen(kw_only=True)
class CancelThroughMis:
    """Give a slot back to the clinic."""

    storage: Storage
    desk: Desk
    ask: AskMis

    async def __call__(
        self, appointment: AppointmentId, *, by: frozenset[PatientId] | None = None
    ) -> Result[ClosedAppointment | Pending, CancelRefusal | Kept]:
        """Cancel; *by* are the ids of those who ask, None is the clinic. In force until the clinic agrees."""
        known = await _known(self.storage, appointment)
        begin = partial(_begin_cancelling, self.desk, self.ask, appointment, known, by=by)
        begun = await self.storage.transact(begin)
        return await _ended(self.ask, begun.unwrap()) if is_successful(begun) else Failure(begun.failure())


@attrs.frozen(kw_only=True)
class CancelOnceThroughMis:
    """Cancel for the clinic under an idempotency key: a repeat gets the same cancellation, as it stands now."""

    storage: Storage
    desk: Desk
    ask: AskMis

    async def __call__(
        self, appointment: AppointmentId, key: Fingerprint | None, write: Callable[[ClosedAppointment], str]
    ) -> Result[str | Pending, CancelRefusal | Kept | KeyReused]:
        """Cancel and give the answer that *write* makes of the closed booking."""
        known = await _known(self.storage, appointment)
        begun: Result[ClosedAppointment | _Begun, CancelRefusal | KeyReused] = await settled(
            lambda: self.storage.transact(partial(self._begin, appointment, key, known))
        )
        if not is_successful(begun):
            return Failure(begun.failure())
        answer = await _ended(self.ask, begun.unwrap())
        return answer.map(lambda told: told if isinstance(told, Pending) else write(told))

    def _begin(
        self, appointment: AppointmentId, key: Fingerprint | None, known: Confirmation | None, tx: Transaction
    ) -> Result[ClosedAppointment | _Begun, CancelRefusal | KeyReused | Overtaken]:
        asked_before = tx.requests.remembered(key) if key is not None else None
        if isinstance(asked_before, KeyReused):
            return Failure(asked_before)
        held = tx.appointments.find(appointment)
        if asked_before is not None and isinstance(held, ClosedAppointment):
            return Success(held)
        begun = _begin_cancelling(self.desk, self.ask, appointment, known, tx, by=None)
        if not is_successful(begun):
            return Failure(begun.failure())
        now = self.desk.clock.now()
        if key is not None and asked_before is None and not tx.requests.remember(key, appointment, now):
            return Failure(Overtaken())
        return Success(begun.unwrap())


async def _known(storage: Storage, appointment: AppointmentId) -> Confirmation | None:
    return await storage.read(lambda tx: tx.confirmations.find(appointment))


def _begin_cancelling(
    desk: Desk,
    ask: AskMis,
    appointment: AppointmentId,
    known: Confirmation | None,
    tx: Transaction,
    *,
    by: frozenset[PatientId] | None,
) -> Result[ClosedAppointment | _Begun, CancelRefusal]:
    if known is not None and known.user is not None:
        # Locked before the booking, as whoever presses a button does.
        tx.dialogues.find(known.user)
    verdict = begin_cancelling(desk, appointment, tx, by=by)
    if not is_successful(verdict):
        return Failure(verdict.failure())
    told = verdict.unwrap()
    if isinstance(told, Pending):
        return Success(_begun(ask, told.booked, tx))
    if known is not None and known.user is not None:
        ask.tell(News.CANCELLED, known, told.appointment, tx)
    return Success(told)


async def _ended(ask: AskMis, begun: ClosedAppointment | _Begun) -> Result[ClosedAppointment | Pending, Kept]:
    if isinstance(begun, ClosedAppointment):
        return Success(begun)
    held = await ask(begun.inquiry) if begun.inquiry is not None else begun.held
    if held is None or held.state is State.CONFIRMED:
        return Failure(Kept())
    if held.state is State.CANCELLING:
        return Success(Pending(begun.booked, held.state))
    return Success(ClosedAppointment(appointment=begun.booked, outcome=Outcome.CANCELLED, closed_at=held.since))
