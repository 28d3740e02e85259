"""Bookings as values: what is asked for, what is in force, what is over, and what the region decided about them."""

from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.identifiers import (
    AppointmentId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.moments import aware
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation
from registratura.domain.schedule import Absence, DayLimits, Slot
from registratura.domain.telemedicine import Platform, Purpose


class Channel(Enum):
    """Where a booking comes from."""

    MAX = "max"
    PORTAL = "portal"
    FER = "fer"
    CALL_CENTRE = "call_centre"
    REGISTRY = "registry"


class VisitKind(Enum):
    """What the visit is (`booking_type`, FER profile, 3.1, and Book.type, table 7)."""

    APPOINTMENT = "APPOINTMENT"
    VACCINATION = "VACCINATION"
    COVID_VACCINATION = "COVID_VACCINATION"
    DISPENSARY = "DISPENSARY"
    UDVN_DISPENSARY = "UDVN_DISPENSARY"
    PROPHYLACTIC = "PROPHYLACTIC"
    PROPHYLACTIC_ADULT = "PROPHYLACTIC_ADULT"
    PROPHYLACTIC_CHILD = "PROPHYLACTIC_CHILD"
    D_OBSERVATION = "D_OBSERVATION"
    ONLINE_CONSULTING = "ONLINE_CONSULTING"
    PAID_APPOINTMENT = "PAID_APPOINTMENT"


@attrs.frozen(kw_only=True)
class Checks:
    """Checks that a region, or one organisation, may switch off (`tmk.checks.*`, TMK-60)."""

    internet_booking: bool = True
    sex_age: bool = True
    district: bool = True
    deceased: bool = True
    repeat_speciality_mo: bool = True
    repeat_speciality_mo_day: bool = True
    note_age: bool = True

    def at(self, organisation: Organisation) -> "Checks":
        """The same switches with what *organisation* sets for itself; names nobody knows are passed over."""
        if not organisation.checks:
            return self
        known = {field.name for field in attrs.fields(Checks)}
        return attrs.evolve(self, **{name: on for name, on in organisation.checks.items() if name in known})


@attrs.frozen(kw_only=True)
class Rules:
    """What the region decided about booking."""

    zone: ZoneInfo = attrs.field(factory=lambda: ZoneInfo("Europe/Moscow"))
    """The region's zone: on its day people get older and representations begin and end, wherever the clinic is."""
    checks: Checks = attrs.field(factory=Checks)
    days: DayLimits = attrs.field(factory=DayLimits)
    platform: Platform = Platform.MAX
    consent_version: str = "1"


@attrs.frozen(kw_only=True)
class Application:
    """What is asked for: who wants whom on which slot, through which channel.

    `author` is the person who asks and must be allowed to act for the patient; None is a clinic's own employee or a
    gateway that has checked it. A consultation asked for in MAX or the portal needs `purpose` and the version of the
    text consented to.
    """

    patient: PatientId
    slot: SlotId
    channel: Channel
    kind: VisitKind = VisitKind.APPOINTMENT
    author: PatientId | None = None
    purpose: PurposeId | None = None
    consent_version: str | None = None
    referral: str | None = None

    @property
    def is_consultation(self) -> bool:
        """Whether a telemedicine consultation is asked for."""
        return self.kind is VisitKind.ONLINE_CONSULTING


@attrs.frozen(kw_only=True)
class Appointment:
    """A booking in force (RECORDED, Book.status_code 5000)."""

    id: AppointmentId
    patient: PatientId
    slot: SlotId
    organisation: OrganisationId
    resource: ResourceId
    speciality: SpecialityId | None
    starts: datetime = attrs.field(validator=aware)
    ends: datetime = attrs.field(validator=aware)
    kind: VisitKind
    channel: Channel
    author: PatientId | None = None
    purpose: PurposeId | None = None
    platform: Platform | None = None
    referral: str | None = None
    booked_at: datetime = attrs.field(validator=aware)


class Outcome(Enum):
    """How a booking ended, with the profile's code (Book.status_code, FER profile, table 7)."""

    CANCELLED = 5010
    SERVED = 5020
    NOT_ARRIVED = 5030
    CANCELLED_BY_PATIENT = 5040


FREEING = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_PATIENT})
"""Outcomes that give the slot back; a visit that took place, or was missed, leaves it taken."""


@attrs.frozen(kw_only=True)
class ClosedAppointment:
    """A booking that is no longer in force; final."""

    appointment: Appointment
    outcome: Outcome
    closed_at: datetime = attrs.field(validator=aware)
    moved_to: AppointmentId | None = None
    """The booking that took its place."""


@attrs.frozen(kw_only=True)
class Facts:
    """Everything the rules need to know about one application, read in one transaction."""

    patient: Patient | None
    slot: Slot | None
    organisation: Organisation | None = None
    resource: Resource | None = None
    speciality: Speciality | None = None
    purpose: Purpose | None = None
    representations: tuple[Representation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    absences: tuple[Absence, ...] = ()
    upcoming: tuple[Appointment, ...] = ()
    """The patient's bookings in force that have not ended yet."""
