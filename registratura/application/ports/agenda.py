"""What is to be done for bookings at their time: when each is next looked at, and what is said about it then."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from registratura.domain.appointments import Appointment, ClosedAppointment
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Patient
from registratura.domain.telemedicine import Purpose


@attrs.frozen(kw_only=True)
class Due:
    """A booking whose time to be looked at has come, with everything that is said about it."""

    held: Appointment | ClosedAppointment
    patient: Patient
    resource: Resource
    organisation: Organisation
    speciality: Speciality | None
    purpose: Purpose | None
    user: MessengerId | None = attrs.field(repr=False)
    """Of whoever is told, in the messenger; None where the registry does not know it (TMK-99)."""
    moved_to: Appointment | None = None
    """The booking that took the place of a closed one."""

    @property
    def booked(self) -> Appointment:
        """The booking, in force or not."""
        return self.held.appointment if isinstance(self.held, ClosedAppointment) else self.held


class Agenda(Protocol):
    """When a booking is next to be looked at: one moment each, kept with the booking in one commit.

    By the storage's own clock, so that machines whose clocks differ agree.
    """

    def now(self) -> datetime:
        """The moment by the storage's clock, in UTC."""
        ...

    def due(self, limit: int) -> Sequence[Due]:
        """At most *limit* bookings whose time has come, the longest due first; nobody else gets them meanwhile.

        A booking in force that began `TRIES_AFTER_START` ago is left out, and stays as it is: a clock that was ahead
        may be set back.
        """
        ...

    def forget(self, age: timedelta, limit: int) -> int:
        """Never look again at *limit* bookings at most that are in force and began *age* ago; give how many."""
        ...

    def next(self) -> datetime | None:
        """When somebody whom the messenger reaches may next be told of a booking; None for never."""
        ...

    def describe(self, appointment: AppointmentId) -> Due | None:
        """What is said about one booking, whenever it is due; not locked."""
        ...

    def put(self, moments: Mapping[AppointmentId, datetime | None]) -> None:
        """Look at these bookings again at their moments; None for never."""
        ...
