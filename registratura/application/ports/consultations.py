"""What is kept of consultations besides their bookings."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import attrs

from registratura.domain.appointments import Appointment, ClosedAppointment
from registratura.domain.consultations import End
from registratura.domain.identifiers import AppointmentId, PatientId, ResourceId
from registratura.domain.people import Patient
from registratura.domain.telemedicine import Purpose


@attrs.frozen(kw_only=True)
class LeaveOffer:
    """A doctor offers a consultation that closes a sick leave (лист нетрудоспособности)."""

    id: str
    """Fresh and random: the notice's button carries it."""
    patient: PatientId
    doctor: ResourceId
    number: str = attrs.field(repr=False)
    opened_on: date
    until: date
    comment: str = attrs.field(default="", repr=False)
    offered_at: datetime


@attrs.frozen(kw_only=True)
class Planned:
    """A consultation as its doctor sees it."""

    held: Appointment | ClosedAppointment
    patient: Patient
    purpose: Purpose | None
    end: End | None


class Consultations(Protocol):
    """Ends and offers."""

    def end_of(self, appointment: AppointmentId) -> End | None:
        """The end as it was recorded last."""
        ...

    def save_end(self, end: End) -> None:
        """Keep *end* in place of what was recorded before."""
        ...

    def of_doctor(self, doctor: ResourceId, begins: datetime, ends: datetime) -> Sequence[Planned]:
        """The doctor's consultations that start in [begins, ends), cancelled ones too, by time."""
        ...

    def save_offer(self, offer: LeaveOffer) -> LeaveOffer:
        """Keep *offer* and give it back, with the id of before when the doctor has offered to close this leave before.

        What else it tells is renewed then.
        """
        ...

    def offer(self, id: str) -> LeaveOffer | None:
        """The offer with this id."""
        ...
