"""Patients, attachments and representations as rows, and back."""

from collections.abc import Sequence
from typing import Any

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping.rows import Row, columns
from registratura.adapters.sql.types import Values
from registratura.domain.identifiers import MessengerId, OrganisationId, PatientId
from registratura.domain.people import Attachment, Patient, PersonName, Relation, Representation, Sex, Snils

PATIENT = columns(t.patient, "tied", "digest")
ATTACHMENT = columns(t.attachment, "digest")
REPRESENTATION = columns(t.representation, "digest")


def patient_of(row: Values) -> Patient:
    """The card in *row*."""
    return patient_in([row[column] for column in PATIENT])


def patient_in(values: Sequence[Any]) -> Patient:
    """The card in the values of `PATIENT`, in their order: every booking reads one."""
    (
        id_,
        last,
        first,
        middle,
        born,
        sex,
        snils,
        policy,
        phone,
        email,
        died,
        united,
        messenger,
        messenger_phone,
        esia,
    ) = values
    return Patient(
        id=PatientId(id_),
        name=PersonName(last, first, middle),
        born=born,
        sex=Sex(sex),
        snils=Snils(snils) if snils is not None else None,
        policy=policy,
        phone=phone,
        email=email,
        died=died,
        united=frozenset(map(PatientId, united)),
        messenger=MessengerId(messenger) if messenger is not None else None,
        messenger_phone=messenger_phone,
        esia=esia,
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
