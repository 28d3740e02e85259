"""An embeddable electronic registry: booking of visits and telemedicine consultations.

What stands in `__all__` keeps its name and meaning by semantic versioning, and so do `registratura.domain.refusals`,
`registratura.application.ports` and `registratura.testing`. All else may move.
"""

from registratura.application.booking import BookAppointment, CancelAppointment, Desk, MoveAppointment
from registratura.application.confirmation import AskMis, Pending, Terms
from registratura.application.requests import BookOnce
from registratura.application.through_mis import BookThroughMis, CancelThroughMis
from registratura.domain.appointments import (
    Application,
    Appointment,
    Channel,
    Checks,
    ClosedAppointment,
    Outcome,
    Rules,
    VisitKind,
)
from registratura.domain.schedule import DayLimits

__all__ = [
    "Application",
    "Appointment",
    "AskMis",
    "BookAppointment",
    "BookOnce",
    "BookThroughMis",
    "CancelAppointment",
    "CancelThroughMis",
    "Channel",
    "Checks",
    "ClosedAppointment",
    "DayLimits",
    "Desk",
    "MoveAppointment",
    "Outcome",
    "Pending",
    "Rules",
    "Terms",
    "VisitKind",
]
