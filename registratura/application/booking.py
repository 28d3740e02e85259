"""Booking, cancelling and moving: the use cases every channel calls."""

from functools import partial

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.domain import booking, refusals
from registratura.domain.appointments import Application, Appointment, ClosedAppointment, Facts, Outcome, Rules
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.domain.telemedicine import Consent


@attrs.frozen(kw_only=True)
class Desk:
    """What deciding needs besides the transaction: the region's rules, the time and fresh ids."""

    rules: Rules
    clock: Clock
    ids: Ids


def decide(desk: Desk, asked: Application, tx: Transaction) -> Result[Appointment, Refusal]:
    """Book inside a transaction that the caller owns.

    The same patient asking for a slot they hold already gets that booking again, not a refusal: an answer may have
    been lost on its way (FER-203).
    """
    now = desk.clock.now()
    facts = tx.appointments.facts(asked.patient, asked.slot, now=now, author=asked.author, purpose=asked.purpose)
    held = _held(asked, facts)
    if held is not None:
        return Success(held)
    return _take(desk, asked, facts, tx)


def _held(asked: Application, facts: Facts) -> Appointment | None:
    return next(
        (
            held
            for held in facts.upcoming
            if (held.slot, held.author, held.kind, held.purpose)
            == (asked.slot, asked.author, asked.kind, asked.purpose)
        ),
        None,
    )


def _take(desk: Desk, asked: Application, facts: Facts, tx: Transaction) -> Result[Appointment, Refusal]:
    verdict = _judge(desk, asked, facts)
    return _keep(asked, verdict.unwrap(), tx) if is_successful(verdict) else verdict


def _judge(desk: Desk, asked: Application, facts: Facts) -> Result[Appointment, Refusal]:
    return booking.book(asked, facts, desk.rules, now=desk.clock.now(), id=AppointmentId(desk.ids.new()))


def _keep(asked: Application, appointment: Appointment, tx: Transaction) -> Result[Appointment, Refusal]:
    if tx.appointments.take(appointment, _consent(asked, appointment)):
        return Success(appointment)
    # Read and write are two moments; the loser of the race is refused, not failed.
    return Failure(refusals.SlotTaken(asked.slot))


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
    if is_successful(verdict) and not tx.appointments.release(verdict.unwrap()):
        return Failure(refusals.AlreadyCancelled())
    return verdict


@attrs.frozen(kw_only=True)
class BookAppointment:
    """Take a slot for a patient, or say why not."""

    storage: Storage
    desk: Desk

    async def __call__(self, asked: Application) -> Result[Appointment, Refusal]:
        """Book; exactly one of any number of people gets the slot."""
        return await self.storage.transact(partial(decide, self.desk, asked))


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
        return await self.storage.transact(partial(release, self.desk, appointment, by=by, outcome=outcome))


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
        verdict = _judge(self.desk, asked, booking.without(facts, old))
        if not is_successful(verdict):
            return Failure(verdict.failure())
        # The new slot is decided first. The old one is let go before the new one is written only because one patient
        # cannot hold two bookings of one minute; a lost race returns a Failure, which undoes both.
        if not tx.appointments.release(closing.unwrap()):
            return Failure(refusals.AlreadyCancelled())
        kept = _keep(asked, verdict.unwrap(), tx)
        return Success(kept.unwrap()) if is_successful(kept) else Failure(kept.failure())
