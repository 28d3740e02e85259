"""What happens to a consultation once its time has come: its end, as the doctor records it."""

from datetime import datetime, timedelta
from enum import Enum

import attrs
from returns.result import Failure, Result, Success

from registratura.domain.appointments import FREEING, Appointment, ClosedAppointment, Outcome, VisitKind
from registratura.domain.identifiers import AppointmentId, ResourceId
from registratura.domain.moments import aware

CLOCK_SKEW = timedelta(minutes=1)
"""By which the clinic's clock may be ahead of ours."""


@attrs.frozen(kw_only=True)
class End:
    """The end of a consultation (CONS-23), with the doctor who held it where another one stood in."""

    appointment: AppointmentId
    ended_at: datetime = attrs.field(validator=aware)
    held_by: ResourceId | None = None


class EndRefusal(Enum):
    """Why an end cannot be recorded."""

    UNKNOWN = "unknown"
    """There is no such booking."""
    NOT_ONLINE = "not_online"
    """The booking is not a consultation."""
    CANCELLED = "cancelled"
    MISSED = "missed"
    """The clinic has said that the patient did not come."""
    NO_SUCH_DOCTOR = "no_such_doctor"
    """Nobody knows the doctor who is said to have stood in."""
    NOT_BEGUN = "not_begun"
    """The end is not after the beginning."""
    IN_FUTURE = "in_future"


_NOT_HELD = dict.fromkeys(FREEING, EndRefusal.CANCELLED) | {Outcome.NOT_ARRIVED: EndRefusal.MISSED}


@attrs.frozen(kw_only=True)
class Ended:
    """What recording an end changes: the booking is closed, unless it was before."""

    end: End
    closed: ClosedAppointment | None


def end(
    held: Appointment | ClosedAppointment | None,
    ended_at: datetime | None,
    held_by: ResourceId | None,
    *,
    now: datetime,
) -> Result[Ended, EndRefusal]:
    """Record that a consultation ended at *ended_at*, now by default; doing so again corrects what was recorded."""
    if held is None:
        return Failure(EndRefusal.UNKNOWN)
    booked = held.appointment if isinstance(held, ClosedAppointment) else held
    if booked.kind is not VisitKind.ONLINE_CONSULTING:
        return Failure(EndRefusal.NOT_ONLINE)
    if isinstance(held, ClosedAppointment) and held.outcome in _NOT_HELD:
        return Failure(_NOT_HELD[held.outcome])
    moment = ended_at or now
    if moment <= booked.starts:
        return Failure(EndRefusal.NOT_BEGUN)
    if moment > now + CLOCK_SKEW:
        return Failure(EndRefusal.IN_FUTURE)
    closed = None
    if isinstance(held, Appointment):
        closed = ClosedAppointment(appointment=held, outcome=Outcome.SERVED, closed_at=now)
    return Success(Ended(end=End(appointment=booked.id, ended_at=moment, held_by=held_by), closed=closed))
