"""Why a booking or a cancellation is refused: one value a reason, each with the code of the region's scale.

The codes are those of the FER profile («Коды статусов записи»): every channel of a region speaks them. The words
people read are not here; each channel has its own catalogue.
"""

from datetime import date, datetime, time
from enum import IntEnum
from typing import ClassVar

import attrs

from registratura.domain.identifiers import AppointmentId, OrganisationId, SlotId
from registratura.domain.people import Sex
from registratura.domain.schedule import AgeTag, ChannelTag


class BookingCode(IntEnum):
    """Booking codes of the FER profile; there is no 16 and none from 1 to 10."""

    BOOKED = 0
    TAKEN = 11
    SAME_TIME = 12
    SAME_DOCTOR = 13
    AGE = 14
    ANNULLED = 15
    PATIENT_UNKNOWN = 17
    IMPOSSIBLE = 18


class CancelCode(IntEnum):
    """Cancel codes of the FER profile: a scale of its own."""

    CANCELLED = 0
    ALREADY_CANCELLED = 1
    IMPOSSIBLE = 18


@attrs.frozen
class DataMismatch:
    """What was asked contradicts itself, for example a consultation without a purpose or a consent."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    field: str


@attrs.frozen
class SlotUnknown:
    """There is no such slot."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class SlotAnnulled:
    """The clinic took the slot out of its schedule."""

    code: ClassVar[BookingCode] = BookingCode.ANNULLED


@attrs.frozen
class DoctorAbsent:
    """The slot lies in a period in which the doctor is away (FER profile, table 9)."""

    code: ClassVar[BookingCode] = BookingCode.ANNULLED
    until: datetime


@attrs.frozen
class SlotTaken:
    """Somebody was first, or the clinic keeps the slot back."""

    code: ClassVar[BookingCode] = BookingCode.TAKEN
    slot: SlotId


@attrs.frozen
class PatientUnknown:
    """The clinic does not know the patient."""

    code: ClassVar[BookingCode] = BookingCode.PATIENT_UNKNOWN


@attrs.frozen
class Deceased:
    """The card is closed by a date of death (TMK-56)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class NotRepresented:
    """The author may not act for the patient (AUTH-44)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class WrongChannel:
    """The slot is meant for another kind of visit or another channel («бирка не соответствующего типа»)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    served: frozenset[ChannelTag]


@attrs.frozen
class InternetBookingClosed:
    """The doctor may not be booked through the Internet (TMK-27)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class NotAccepting:
    """The organisation or the doctor does not accept this patient (`enabled`)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    organisation: OrganisationId


@attrs.frozen
class OtherDistrict:
    """A district doctor of another area (TMK-41); `own` is the patient's."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    served: frozenset[str]


@attrs.frozen
class NoAttachment:
    """A district doctor, and the patient is attached nowhere (TMK-43)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class DoctorNotInMessenger:
    """Consultations are held in MAX and the doctor has no id there (TMK-36)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class PurposeUnavailable:
    """The purpose is switched off or not meant for this patient or doctor (TMK-19)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE


@attrs.frozen
class ConsentOutdated:
    """The consent given is not to the text in force."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    version: str


@attrs.frozen
class SlotInPast:
    """The visit has begun or begins too soon (TMK-49)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    starts: datetime


@attrs.frozen
class DayClosed:
    """Booking for that day is over or not allowed (TMK-48, TMK-50)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    day: date
    closes_at: time | None


@attrs.frozen
class BeyondHorizon:
    """The day is later than booking is open for."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    last_day: date


@attrs.frozen
class SexMismatch:
    """The speciality is not meant for the patient's sex (TMK-28)."""

    code: ClassVar[BookingCode] = BookingCode.IMPOSSIBLE
    meant_for: Sex


@attrs.frozen
class AgeMismatch:
    """The slot, its note, the doctor's note, the speciality or the organisation serves another age group."""

    code: ClassVar[BookingCode] = BookingCode.AGE
    limit: "AgeTag | str"
    """The slot's tag, or what else limits: «speciality», «organisation», «doctor's note», «slot's note»."""
    age: int


@attrs.frozen
class BusyAtThatTime:
    """The patient has another visit at that time (FER-229)."""

    code: ClassVar[BookingCode] = BookingCode.SAME_TIME
    other: AppointmentId
    starts: datetime


@attrs.frozen
class SameDoctorThatDay:
    """The patient already sees that doctor on that day (FER-230)."""

    code: ClassVar[BookingCode] = BookingCode.SAME_DOCTOR
    other: AppointmentId
    starts: datetime


@attrs.frozen
class SpecialityBooked:
    """The patient has a coming visit to the speciality in the organisation (TMK-57)."""

    code: ClassVar[BookingCode] = BookingCode.SAME_DOCTOR
    other: AppointmentId
    starts: datetime


@attrs.frozen
class SpecialityBookedThatDay:
    """The same on the day asked for (TMK-58)."""

    code: ClassVar[BookingCode] = BookingCode.SAME_DOCTOR
    other: AppointmentId
    starts: datetime


Refusal = (
    DataMismatch
    | SlotUnknown
    | SlotAnnulled
    | DoctorAbsent
    | SlotTaken
    | PatientUnknown
    | Deceased
    | NotRepresented
    | WrongChannel
    | InternetBookingClosed
    | NotAccepting
    | OtherDistrict
    | NoAttachment
    | DoctorNotInMessenger
    | PurposeUnavailable
    | ConsentOutdated
    | SlotInPast
    | DayClosed
    | BeyondHorizon
    | SexMismatch
    | AgeMismatch
    | BusyAtThatTime
    | SameDoctorThatDay
    | SpecialityBooked
    | SpecialityBookedThatDay
)
"""Everything that may be wrong with a booking."""


@attrs.frozen
class AppointmentUnknown:
    """There is no such booking."""

    code: ClassVar[CancelCode] = CancelCode.IMPOSSIBLE


@attrs.frozen
class NotYours:
    """The booking belongs to somebody else (FER-243)."""

    code: ClassVar[CancelCode] = CancelCode.IMPOSSIBLE


@attrs.frozen
class AlreadyCancelled:
    """The booking was cancelled before (FER-248)."""

    code: ClassVar[CancelCode] = CancelCode.ALREADY_CANCELLED


@attrs.frozen
class AlreadyOver:
    """The visit has begun or has its outcome; there is nothing to cancel."""

    code: ClassVar[CancelCode] = CancelCode.IMPOSSIBLE


CancelRefusal = AppointmentUnknown | NotYours | AlreadyCancelled | AlreadyOver
"""Everything that may be wrong with a cancellation."""
