"""Decisions that a storage carries out in one look and one commit: booking and cancelling, the hot path.

The storage looks, a pure function judges, the storage keeps what was decided if all it looked at still holds. A remote
database is asked twice, however much there is to know and to keep.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.domain.appointments import Appointment, ClosedAppointment, Facts
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.telemedicine import Consent

if TYPE_CHECKING:
    from registratura.application.ports.storage import Transaction

T = TypeVar("T")
R = TypeVar("R")


@attrs.frozen
class Fingerprint:
    """A request under an idempotency key: whose, which, and what was asked."""

    scope: str
    key: str
    digest: str


@attrs.frozen
class KeyReused:
    """The same idempotency key was used for another body."""


@attrs.frozen
class Overtaken:
    """Somebody was faster between the look and the commit: nothing was kept, and another look tells what holds now."""


@attrs.frozen(kw_only=True)
class ToBook:
    """What has to be known before a booking is decided."""

    patient: PatientId
    slot: SlotId
    now: datetime
    author: PatientId | None = None
    purpose: PurposeId | None = None
    key: Fingerprint | None = None
    """Under which the answer may stand already."""


@attrs.frozen(kw_only=True)
class ToCancel:
    """What has to be known before a booking is cancelled."""

    appointment: AppointmentId
    key: Fingerprint | None = None
    """Under which the answer may stand already."""


@attrs.frozen
class Known(Generic[T]):
    """What was found, and what was answered before under the same key."""

    found: T
    answered: str | KeyReused | None = None


@attrs.frozen
class Answer:
    """What anybody who comes with the same key again is to get."""

    asked: Fingerprint
    words: str
    at: datetime


@attrs.frozen
class NewBooking:
    """A slot to take, with the consent given for it."""

    appointment: Appointment
    consent: Consent | None


@attrs.frozen(kw_only=True)
class Decision(Generic[T]):
    """What is to be kept in one commit, and what the caller gets once it is."""

    value: T
    change: NewBooking | ClosedAppointment | None = None
    """A slot to take, a booking to close, or nothing, as in a repeat."""
    answer: Answer | None = None


Held = Appointment | ClosedAppointment | None
BookingJudge = Callable[[Known[Facts]], Result[Decision[T], R]]
CancelJudge = Callable[[Known[Held]], Result[Decision[T], R]]


def book_within(asked: ToBook, judge: "BookingJudge[T, R]", tx: "Transaction") -> Result[T, R | Overtaken]:
    """Look, judge and keep inside of a transaction."""
    facts = tx.appointments.facts(asked.patient, asked.slot, now=asked.now, author=asked.author, purpose=asked.purpose)
    return _carry_out(judge(Known(facts, _answered(asked.key, tx))), tx)


def cancel_within(asked: ToCancel, judge: "CancelJudge[T, R]", tx: "Transaction") -> Result[T, R | Overtaken]:
    """Look, judge and keep inside of a transaction."""
    held = tx.appointments.find(asked.appointment)
    return _carry_out(judge(Known(held, _answered(asked.key, tx))), tx)


def _answered(key: Fingerprint | None, tx: "Transaction") -> str | KeyReused | None:
    return tx.requests.remembered(key) if key is not None else None


def _carry_out(verdict: Result[Decision[T], R], tx: "Transaction") -> Result[T, R | Overtaken]:
    if not is_successful(verdict):
        return Failure(verdict.failure())
    decision = verdict.unwrap()
    answer = decision.answer
    kept = _change(decision.change, tx) and (
        answer is None or tx.requests.remember(answer.asked, answer.words, answer.at)
    )
    return Success(decision.value) if kept else Failure(Overtaken())


def _change(change: NewBooking | ClosedAppointment | None, tx: "Transaction") -> bool:
    match change:
        case NewBooking(appointment, consent):
            return tx.appointments.take(appointment, consent)
        case ClosedAppointment():
            return tx.appointments.release(change)
        case None:
            return True
