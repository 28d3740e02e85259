"""Notices: what people are told without having asked."""

from datetime import datetime
from typing import Protocol

import attrs

from registratura.application.dialogue.screens import AppointmentOffer
from registratura.application.ports.agenda import Due
from registratura.application.ports.consultations import LeaveOffer
from registratura.application.ports.messenger import Message
from registratura.domain.appointments import VisitKind
from registratura.domain.organisations import Organisation, Resource, Speciality

NO_MESSENGER = "no_messenger"
"""Why a notice is not sent: nobody knows where the person is to be reached (TMK-99)."""


@attrs.frozen(kw_only=True)
class DayBefore:
    """The consultation is near; `days` are those between today and its day on the clinic's calendar."""

    visit: AppointmentOffer
    days: int
    may_cancel: bool


@attrs.frozen(kw_only=True)
class Soon:
    """The consultation begins in `minutes`; `link` leads to it."""

    visit: AppointmentOffer
    minutes: int
    link: str


@attrs.frozen(kw_only=True)
class Changed:
    """The clinic cancelled the visit, or moved it: then `instead` is the new one."""

    visit: AppointmentOffer
    instead: AppointmentOffer | None


@attrs.frozen(kw_only=True)
class Ended:
    """The consultation is over; `held_by` is the doctor who held it."""

    visit: AppointmentOffer
    ended_at: datetime
    held_by: Resource


@attrs.frozen(kw_only=True)
class LeaveOffered:
    """A doctor offers a consultation that closes a sick leave."""

    offer: LeaveOffer
    resource: Resource
    organisation: Organisation
    speciality: Speciality | None


@attrs.frozen(kw_only=True)
class NoChat:
    """The consultation begins, and its chat or the doctor in it is missing."""

    visit: AppointmentOffer
    to_doctor: bool
    doctor_knows: bool
    """The doctor is told, too."""
    is_open: bool
    """The chat is there, and the doctor is not in it."""


Notice = DayBefore | Soon | Changed | Ended | LeaveOffered | NoChat


class NoticeWords(Protocol):
    """The words of a channel for notices."""

    def notice(self, notice: Notice) -> Message:
        """Write *notice*; its first line tells a stranger who sees the screen nothing."""
        ...


def notice_id(what: str, subject: str) -> str:
    """The id of a notice in the outbox: each is sent once for its subject, a booking or an offer."""
    return f"notice:{what}:{subject}"


def visit_of(due: Due) -> AppointmentOffer:
    """What is said about a booking whose time has come."""
    booked = due.booked
    return AppointmentOffer(
        id=booked.id,
        starts=booked.starts,
        zone=due.organisation.zone,
        patient=due.patient,
        resource=due.resource,
        organisation=due.organisation,
        speciality=due.speciality,
        purpose=due.purpose,
        own=booked.author is None or booked.author in due.patient.ids,
        online=booked.kind is VisitKind.ONLINE_CONSULTING,
    )
