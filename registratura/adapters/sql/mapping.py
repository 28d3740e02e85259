"""Values of the domain as rows, and back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Table

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.types import Values
from registratura.application.records import AbsenceRecord
from registratura.domain.appointments import Appointment, Channel, ClosedAppointment, Outcome, VisitKind
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.organisations import (
    Accepts,
    AgeLimits,
    ControllingNote,
    Organisation,
    OrganisationAge,
    Resource,
    ResourceKind,
    Speciality,
)
from registratura.domain.people import Attachment, Patient, PersonName, Relation, Representation, Sex, Snils
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
from registratura.domain.telemedicine import Platform, Purpose

Row = dict[str, Any]


def _columns(table: Table, *without: str) -> tuple[Column[Any], ...]:
    return tuple(column for column in table.c if column.name not in without)


ORGANISATION = _columns(t.organisation, "trimmed_name", "digest")
RESOURCE = _columns(t.resource, "digest")
SPECIALITY = _columns(t.speciality, "digest")
PURPOSE = _columns(t.purpose, "digest")
PATIENT = _columns(t.patient, "digest")
ATTACHMENT = _columns(t.attachment, "digest")
REPRESENTATION = _columns(t.representation, "digest")
SLOT = _columns(t.slot, "local_day", "online", "digest")
OPENING = _columns(t.slot, "local_day", "online", "status", "digest")
ABSENCE = _columns(t.absence, "digest")
APPOINTMENT = tuple(t.appointment.c)


def _note(table: Table, row: Values) -> ControllingNote | None:
    youngest, oldest, text = row[table.c.note_youngest], row[table.c.note_oldest], row[table.c.note_text]
    if youngest is None and oldest is None and text is None:
        return None
    return ControllingNote(ages=AgeLimits(youngest=youngest, oldest=oldest), text=text)


def note_row(note: ControllingNote | None) -> Row:
    """The columns of a controlling note; one that says nothing is no note."""
    note = note or ControllingNote()
    return {"note_youngest": note.ages.youngest, "note_oldest": note.ages.oldest, "note_text": note.text}


def organisation_of(row: Values) -> Organisation:
    """The organisation in *row*."""
    c = t.organisation.c
    return Organisation(
        id=OrganisationId(row[c.id]),
        name=row[c.name],
        address=row[c.address],
        zone=ZoneInfo(row[c.zone]),
        parent_oid=row[c.parent_oid],
        branch_oid=row[c.branch_oid],
        phone=row[c.phone],
        licence=row[c.licence],
        accepts=Accepts(row[c.accepts]),
        age=OrganisationAge(row[c.age]),
        same_day=row[c.same_day],
        tomorrow_closes_at=row[c.tomorrow_closes_at],
        conditions=row[c.conditions],
        checks=row[c.checks],
    )


def organisation_row(organisation: Organisation) -> Row:
    """The row of *organisation*."""
    return {
        "id": organisation.id,
        "name": organisation.name,
        "trimmed_name": organisation.name.strip(),
        "address": organisation.address,
        "zone": organisation.zone.key,
        "parent_oid": organisation.parent_oid,
        "branch_oid": organisation.branch_oid,
        "phone": organisation.phone,
        "licence": organisation.licence,
        "accepts": organisation.accepts.value,
        "age": organisation.age.value,
        "same_day": organisation.same_day,
        "tomorrow_closes_at": organisation.tomorrow_closes_at,
        "conditions": organisation.conditions,
        "checks": dict(sorted(organisation.checks.items())),
    }


def resource_of(row: Values) -> Resource:
    """The doctor, room or device in *row*."""
    c = t.resource.c
    last, first = row[c.last_name], row[c.first_name]
    speciality, messenger = row[c.speciality_id], row[c.messenger]
    return Resource(
        id=ResourceId(row[c.id]),
        organisation=OrganisationId(row[c.organisation_id]),
        kind=ResourceKind(row[c.kind]),
        accepts=Accepts(row[c.accepts]),
        speciality=SpecialityId(speciality) if speciality is not None else None,
        post=row[c.post],
        name=PersonName(last, first, row[c.middle_name]) if last is not None else None,
        title=row[c.title],
        room_number=row[c.room_number],
        description=row[c.description],
        areas=frozenset(row[c.areas]),
        internet_booking=row[c.internet_booking],
        messenger=MessengerId(messenger) if messenger is not None else None,
        messenger_phone=row[c.messenger_phone],
        note=_note(t.resource, row),
    )


def resource_row(resource: Resource) -> Row:
    """The row of *resource*."""
    name = resource.name
    return {
        "id": resource.id,
        "organisation_id": resource.organisation,
        "kind": resource.kind.value,
        "accepts": resource.accepts.value,
        "speciality_id": resource.speciality,
        "post": resource.post,
        "last_name": name.last if name else None,
        "first_name": name.first if name else None,
        "middle_name": name.middle if name else None,
        "title": resource.title,
        "room_number": resource.room_number,
        "description": resource.description,
        "areas": sorted(resource.areas),
        "internet_booking": resource.internet_booking,
        "messenger": resource.messenger,
        "messenger_phone": resource.messenger_phone,
        **note_row(resource.note),
    }


def speciality_of(row: Values) -> Speciality:
    """The speciality in *row*."""
    c = t.speciality.c
    return Speciality(
        id=SpecialityId(row[c.id]),
        name=row[c.name],
        sex=Sex(row[c.sex]) if row[c.sex] is not None else None,
        ages=AgeLimits(youngest=row[c.youngest], oldest=row[c.oldest]),
    )


def speciality_row(speciality: Speciality) -> Row:
    """The row of *speciality*."""
    return {
        "id": speciality.id,
        "name": speciality.name,
        "sex": speciality.sex.value if speciality.sex else None,
        "youngest": speciality.ages.youngest,
        "oldest": speciality.ages.oldest,
    }


def purpose_of(row: Values) -> Purpose:
    """The purpose in *row*."""
    c = t.purpose.c
    return Purpose(
        id=PurposeId(row[c.id]),
        name=row[c.name],
        active=row[c.active],
        order=row[c.position],
        ages=AgeLimits(youngest=row[c.youngest], oldest=row[c.oldest]),
        sex=Sex(row[c.sex]) if row[c.sex] is not None else None,
        specialities=frozenset(map(SpecialityId, row[c.specialities])),
        organisations=frozenset(map(OrganisationId, row[c.organisations])),
    )


def purpose_row(purpose: Purpose) -> Row:
    """The row of *purpose*."""
    return {
        "id": purpose.id,
        "name": purpose.name,
        "active": purpose.active,
        "position": purpose.order,
        "youngest": purpose.ages.youngest,
        "oldest": purpose.ages.oldest,
        "sex": purpose.sex.value if purpose.sex else None,
        "specialities": sorted(purpose.specialities),
        "organisations": sorted(purpose.organisations),
    }


def patient_of(row: Values) -> Patient:
    """The card in *row*."""
    c = t.patient.c
    messenger = row[c.messenger]
    return Patient(
        id=PatientId(row[c.id]),
        name=PersonName(row[c.last_name], row[c.first_name], row[c.middle_name]),
        born=row[c.born],
        sex=Sex(row[c.sex]),
        snils=Snils(row[c.snils]) if row[c.snils] is not None else None,
        policy=row[c.policy],
        phone=row[c.phone],
        email=row[c.email],
        died=row[c.died],
        united=frozenset(map(PatientId, row[c.united])),
        messenger=MessengerId(messenger) if messenger is not None else None,
        messenger_phone=row[c.messenger_phone],
        esia=row[c.esia],
    )


def patient_row(patient: Patient) -> Row:
    """The row of *patient*."""
    return {
        "id": patient.id,
        "last_name": patient.name.last,
        "first_name": patient.name.first,
        "middle_name": patient.name.middle,
        "born": patient.born,
        "sex": patient.sex.value,
        "snils": patient.snils.digits if patient.snils else None,
        "policy": patient.policy,
        "phone": patient.phone,
        "email": patient.email,
        "died": patient.died,
        "united": sorted(patient.united),
        "messenger": patient.messenger,
        "messenger_phone": patient.messenger_phone,
        "esia": patient.esia,
    }


def attachment_of(row: Values) -> Attachment:
    """The attachment in *row*."""
    c = t.attachment.c
    return Attachment(
        patient=PatientId(row[c.patient_id]),
        organisation=OrganisationId(row[c.organisation_id]),
        area=row[c.area] or None,
        since=row[c.since],
        until=row[c.until],
    )


def attachment_row(attachment: Attachment, patient: PatientId) -> Row:
    """The row of *attachment*, of the card *patient* that its id leads to."""
    return {
        "patient_id": patient,
        "organisation_id": attachment.organisation,
        # A part of the key cannot be null.
        "area": attachment.area or "",
        "since": attachment.since,
        "until": attachment.until,
    }


def representation_of(row: Values) -> Representation:
    """The representation in *row*."""
    c = t.representation.c
    return Representation(
        representative=PatientId(row[c.representative_id]),
        patient=PatientId(row[c.patient_id]),
        relation=Relation(row[c.relation]),
        since=row[c.since],
        until=row[c.until],
    )


def representation_row(held: Representation, representative: PatientId, patient: PatientId) -> Row:
    """The row of *held*, between the cards that its ids lead to."""
    return {
        "representative_id": representative,
        "patient_id": patient,
        "relation": held.relation.value,
        "since": held.since,
        "until": held.until,
    }


@lru_cache(maxsize=1024)
def _channels(text: str) -> frozenset[ChannelTag]:
    return parse_channels(text) if text else frozenset()


def opening_of(row: Values) -> Opening:
    """The place in a schedule in *row*."""
    c = t.slot.c
    return Opening(
        id=SlotId(row[c.id]),
        organisation=OrganisationId(row[c.organisation_id]),
        resource=ResourceId(row[c.resource_id]),
        starts=row[c.starts],
        minutes=row[c.minutes],
        channels=_channels(row[c.channels]),
        age=AgeTag(row[c.age]),
        note=_note(t.slot, row),
    )


def slot_of(row: Values) -> Slot:
    """The slot in *row*, in its state."""
    return SlotStatus(row[t.slot.c.status]).of(opening_of(row))


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
    return ClosedAppointment(appointment=held, outcome=Outcome(row[c.outcome]), closed_at=row[c.closed_at])


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
