"""Decisions that a storage carries out in one look and one commit: booking and cancelling, the hot path.

The storage looks, a pure function judges, the storage keeps what was decided if all it looked at still holds. A remote
database is asked twice, however much there is to know and to keep.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

import attrs
from returns.result import Result

from registratura.domain.appointments import Appointment, ClosedAppointment, Facts
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.telemedicine import Consent

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
    agenda: datetime | None = None
    """When something is next to be done for the booking; None for nothing."""


Held = Appointment | ClosedAppointment | None
BookingJudge = Callable[[Known[Facts]], Result[Decision[T], R]]
CancelJudge = Callable[[Known[Held]], Result[Decision[T], R]]
