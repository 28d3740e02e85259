"""Booking, cancelling and moving: the use cases every channel calls."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar, cast

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.ports.deciding import (
    BookingJudge,
    Decision,
    Fingerprint,
    Held,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
    ToCancel,
)
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.domain import booking, refusals
from registratura.domain.appointments import Application, Appointment, ClosedAppointment, Facts, Outcome, Rules
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.notifications import ReminderRules, first_due
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.domain.telemedicine import Consent

T = TypeVar("T")
R = TypeVar("R")

LOOKS = 20
"""After so many looks, each of which somebody else made stale, the storage is too busy to be used."""


@attrs.frozen(kw_only=True)
class Desk:
    """What deciding needs besides what the storage knows: the region's rules, the time and fresh ids."""

    rules: Rules
    clock: Clock
    ids: Ids
    reminders: ReminderRules = attrs.field(factory=ReminderRules)


def question(desk: Desk, asked: Application, key: Fingerprint | None = None) -> ToBook:
    """What has to be known before *asked* is decided."""
    return ToBook(
        patient=asked.patient,
        slot=asked.slot,
        now=desk.clock.now(),
        author=asked.author,
        purpose=asked.purpose,
        key=key,
    )


def judge(desk: Desk, asked: Application, facts: Facts) -> Result[Decision[Appointment], Refusal]:
    """Decide on an application.

    The same patient asking for a slot they hold already gets that booking again, not a refusal: an answer may have
    been lost on its way (FER-203).
    """
    held = _held(asked, facts)
    return Success(Decision(value=held)) if held is not None else _judge_anew(desk, asked, facts)


def _judge_anew(desk: Desk, asked: Application, facts: Facts) -> Result[Decision[Appointment], Refusal]:
    verdict = booking.book(asked, facts, desk.rules, now=desk.clock.now(), id=AppointmentId(desk.ids.new()))
    return verdict.map(lambda booked: _booked(desk, asked, facts, booked))


def _booked(desk: Desk, asked: Application, facts: Facts, booked: Appointment) -> Decision[Appointment]:
    zone = facts.organisation.zone if facts.organisation is not None else desk.rules.zone
    return Decision(
        value=booked,
        change=NewBooking(booked, _consent(asked, booked)),
        agenda=first_due(booked, desk.reminders, zone),
    )


def decide(desk: Desk, asked: Application, tx: Transaction) -> Result[Appointment, Refusal]:
    """Book inside a transaction that the caller owns; as `judge` decides."""
    now = desk.clock.now()
    facts = tx.appointments.facts(asked.patient, asked.slot, now=now, author=asked.author, purpose=asked.purpose)
    verdict = judge(desk, asked, facts)
    return _keep(asked.slot, verdict.unwrap(), tx) if is_successful(verdict) else Failure(verdict.failure())


def _keep(slot: SlotId, decision: Decision[Appointment], tx: Transaction) -> Result[Appointment, Refusal]:
    change = decision.change
    if not isinstance(change, NewBooking) or tx.appointments.take(
        change.appointment, change.consent, agenda=decision.agenda
    ):
        return Success(decision.value)
    # Read and write are two moments; the loser of the race is refused, not failed.
    return Failure(refusals.SlotTaken(slot))


async def settled(attempt: Callable[[], Awaitable[Result[T, R | Overtaken]]]) -> Result[T, R]:
    """Look again for as long as somebody else is faster: the verdict is always about what holds now.

    Raises `Unavailable` after `LOOKS` attempts.
    """
    for _ in range(LOOKS):
        result = await attempt()
        if is_successful(result):
            return cast("Result[T, R]", result)
        reason = result.failure()
        if not isinstance(reason, Overtaken):
            return Failure(reason)
    raise Unavailable("others were faster every time")


def _held(asked: Application, facts: Facts) -> Appointment | None:
    return next(
        (
            held
            for held in facts.upcoming
            if held.slot == asked.slot
            and (held.author, held.kind, held.purpose) == (asked.author, asked.kind, asked.purpose)
        ),
        None,
    )


def _consent(asked: Application, appointment: Appointment) -> Consent | None:
    if asked.consent_version is None or not asked.is_consultation:
        return None
    return Consent(
        appointment=appointment.id,
        author=asked.author or appointment.patient,
        patient=appointment.patient,
        version=asked.consent_version,
        given_at=appointment.booked_at,
        channel=asked.channel.value,
    )


def release(
    desk: Desk,
    appointment: AppointmentId,
    tx: Transaction,
    *,
    by: frozenset[PatientId] | None,
    outcome: Outcome = Outcome.CANCELLED,
) -> Result[ClosedAppointment, CancelRefusal]:
    """Cancel inside a transaction that the caller owns."""
    held = tx.appointments.find(appointment)
    verdict = booking.cancel(held, by=by, now=desk.clock.now(), outcome=outcome)
    if is_successful(verdict) and not tx.appointments.release(verdict.unwrap(), agenda=when_told(by, verdict.unwrap())):
        return Failure(refusals.AlreadyCancelled())
    return verdict


def when_told(by: frozenset[PatientId] | None, closed: ClosedAppointment) -> datetime | None:
    """When whoever booked is to be told that the booking was closed: at once if the clinic did it, else never."""
    return closed.closed_at if by is None else None


@attrs.frozen(kw_only=True)
class BookAppointment:
    """Take a slot for a patient, or say why not."""

    storage: Storage
    desk: Desk

    async def __call__(self, asked: Application) -> Result[Appointment, Refusal]:
        """Book; exactly one of any number of people gets the slot."""
        return await settled(lambda: self.storage.book(question(self.desk, asked), self._judge(asked)))

    def _judge(self, asked: Application) -> BookingJudge[Appointment, Refusal]:
        return lambda known: judge(self.desk, asked, known.found)


@attrs.frozen(kw_only=True)
class CancelAppointment:
    """Give a slot back."""

    storage: Storage
    desk: Desk

    async def __call__(
        self,
        appointment: AppointmentId,
        *,
        by: frozenset[PatientId] | None = None,
        outcome: Outcome = Outcome.CANCELLED,
    ) -> Result[ClosedAppointment, CancelRefusal]:
        """Cancel; *by* are the ids of those who ask, None is the clinic."""

        def judged(known: Known[Held]) -> Result[Decision[ClosedAppointment], CancelRefusal]:
            verdict = booking.cancel(known.found, by=by, now=self.desk.clock.now(), outcome=outcome)
            return verdict.map(lambda closed: Decision(value=closed, change=closed, agenda=when_told(by, closed)))

        return await settled(lambda: self.storage.cancel(ToCancel(appointment=appointment), judged))


@attrs.frozen(kw_only=True)
class MoveAppointment:
    """Exchange a booking for another slot in one step, so that nobody ends with none."""

    storage: Storage
    desk: Desk

    async def __call__(
        self,
        appointment: AppointmentId,
        to: SlotId,
        *,
        by: frozenset[PatientId] | None = None,
        consent_version: str | None = None,
    ) -> Result[Appointment, Refusal | CancelRefusal]:
        """Move; on any refusal the old booking stays as it was.

        A consultation needs the version of the text that the person agreed to for the new time.
        """
        return await self.storage.transact(partial(self._move, appointment, to, by, consent_version))

    def _move(
        self,
        appointment: AppointmentId,
        to: SlotId,
        by: frozenset[PatientId] | None,
        consent_version: str | None,
        tx: Transaction,
    ) -> Result[Appointment, Refusal | CancelRefusal]:
        now = self.desk.clock.now()
        closing = booking.cancel(tx.appointments.find(appointment), by=by, now=now)
        if not is_successful(closing):
            return Failure(closing.failure())
        old = closing.unwrap().appointment
        asked = Application(
            patient=old.patient,
            slot=to,
            channel=old.channel,
            kind=old.kind,
            author=old.author,
            purpose=old.purpose,
            consent_version=consent_version,
            referral=old.referral,
        )
        facts = tx.appointments.facts(old.patient, to, now=now, author=old.author, purpose=old.purpose)
        # The patient's own other booking is no place to move to: it would be all that is left of two.
        verdict = _judge_anew(self.desk, asked, booking.without(facts, old))
        if not is_successful(verdict):
            return Failure(verdict.failure())
        # The new slot is decided first. The old one is let go before the new one is written only because one patient
        # cannot hold two bookings of one minute; a lost race returns a Failure, which undoes both.
        closed = attrs.evolve(closing.unwrap(), moved_to=verdict.unwrap().value.id)
        if not tx.appointments.release(closed, agenda=when_told(by, closed)):
            return Failure(refusals.AlreadyCancelled())
        kept = _keep(to, verdict.unwrap(), tx)
        return Success(kept.unwrap()) if is_successful(kept) else Failure(kept.failure())
