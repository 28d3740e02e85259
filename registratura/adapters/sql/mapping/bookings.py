"""Slots, absences and bookings as rows, and back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping.rows import Row, columns, note_from
from registratura.adapters.sql.types import Values
from registratura.application.records import AbsenceRecord
from registratura.domain.appointments import Appointment, Channel, ClosedAppointment, Outcome, VisitKind
from registratura.domain.identifiers import (
    AppointmentId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.schedule import (
    Absence,
    AbsenceReason,
    AgeTag,
    ChannelTag,
    Opening,
    Slot,
    SlotStatus,
    parse_channels,
)
from registratura.domain.telemedicine import Platform

SLOT = columns(t.slot, "local_day", "online", "digest")
OPENING = columns(t.slot, "local_day", "online", "status", "digest")
ABSENCE = columns(t.absence, "digest")
APPOINTMENT = columns(t.appointment, "agenda")
_STATUS = SLOT.index(t.slot.c.status)


def opening_of(row: Values) -> Opening:
    """The place in a schedule in *row*."""
    return _opening([row[column] for column in OPENING])


def slot_in(values: Sequence[Any]) -> Slot:
    """The slot in the values of `SLOT`, in their order: every booking reads one."""
    return SlotStatus(values[_STATUS]).of(_opening([*values[:_STATUS], *values[_STATUS + 1 :]]))


def _opening(values: Sequence[Any]) -> Opening:
    id_, organisation, resource, starts, minutes, channels, age, youngest, oldest, text = values
    return Opening(
        id=SlotId(id_),
        organisation=OrganisationId(organisation),
        resource=ResourceId(resource),
        starts=starts,
        minutes=minutes,
        channels=_channels(channels),
        age=AgeTag(age),
        note=note_from(youngest, oldest, text),
    )


@cache
def _channels(written: str) -> frozenset[ChannelTag]:
    """Slots have few different sets of tags."""
    return parse_channels(written) if written else frozenset()


def absence_of(row: Values) -> Absence:
    """The period of unavailability in *row*."""
    c = t.absence.c
    return Absence(
        id=row[c.id],
        resource=ResourceId(row[c.resource_id]),
        reason=AbsenceReason(row[c.reason]),
        begins=row[c.begins],
        ends=row[c.ends],
    )


def in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """*moment* in UTC; one without an offset is local time in *zone*."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def absence_row(absence: AbsenceRecord, zone: ZoneInfo) -> Row:
    """The row of *absence*; moments without an offset are local time in *zone*."""
    return {
        "id": absence.id,
        "resource_id": absence.resource,
        "reason": absence.reason.value,
        "begins": in_utc(absence.begins, zone),
        "ends": in_utc(absence.ends, zone),
    }


def appointment_of(row: Values) -> Appointment | ClosedAppointment:
    """The booking in *row*, in force or closed."""
    c = t.appointment.c
    author, purpose, speciality = row[c.author_id], row[c.purpose_id], row[c.speciality_id]
    held = Appointment(
        id=AppointmentId(row[c.id]),
        patient=PatientId(row[c.patient_id]),
        slot=SlotId(row[c.slot_id]),
        organisation=OrganisationId(row[c.organisation_id]),
        resource=ResourceId(row[c.resource_id]),
        speciality=SpecialityId(speciality) if speciality is not None else None,
        starts=row[c.starts],
        ends=row[c.ends],
        kind=VisitKind(row[c.kind]),
        channel=Channel(row[c.channel]),
        author=PatientId(author) if author is not None else None,
        purpose=PurposeId(purpose) if purpose is not None else None,
        platform=Platform(row[c.platform]) if row[c.platform] is not None else None,
        referral=row[c.referral],
        booked_at=row[c.booked_at],
    )
    if row[c.outcome] is None:
        return held
    return ClosedAppointment(
        appointment=held,
        outcome=Outcome(row[c.outcome]),
        closed_at=row[c.closed_at],
        moved_to=row[c.moved_to],
    )


def in_force(rows: Sequence[Values]) -> tuple[Appointment, ...]:
    """The bookings in force among *rows*."""
    return tuple(held for held in map(appointment_of, rows) if isinstance(held, Appointment))


def appointment_row(held: Appointment) -> Row:
    """The row of *held*, a booking in force."""
    return {
        "id": held.id,
        "patient_id": held.patient,
        "slot_id": held.slot,
        "organisation_id": held.organisation,
        "resource_id": held.resource,
        "speciality_id": held.speciality,
        "starts": held.starts,
        "ends": held.ends,
        "kind": held.kind.value,
        "channel": held.channel.value,
        "author_id": held.author,
        "purpose_id": held.purpose,
        "platform": held.platform.value if held.platform else None,
        "referral": held.referral,
        "booked_at": held.booked_at,
    }
