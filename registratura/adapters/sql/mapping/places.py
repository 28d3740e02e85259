"""Organisations, doctors, specialities and purposes as rows, and back."""

from zoneinfo import ZoneInfo

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping.rows import Row, columns, note_of, note_row
from registratura.adapters.sql.types import Values
from registratura.domain.identifiers import MessengerId, OrganisationId, PurposeId, ResourceId, SpecialityId
from registratura.domain.organisations import (
    Accepts,
    AgeLimits,
    Organisation,
    OrganisationAge,
    Resource,
    ResourceKind,
    Speciality,
)
from registratura.domain.people import PersonName, Sex
from registratura.domain.telemedicine import Purpose

ORGANISATION = columns(t.organisation, "trimmed_name", "digest")
RESOURCE = columns(t.resource, "digest")
SPECIALITY = columns(t.speciality, "digest")
PURPOSE = columns(t.purpose, "digest")


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
        note=note_of(t.resource, row),
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
