"""Reading patients, attachments, representations and purposes: kinds of ours, not of the FER profile."""

from typing import Final

from registratura.adapters.load import texts
from registratura.adapters.load.fields import LONG, Fields, named
from registratura.adapters.load.organisations import SEXES, ages, messenger
from registratura.domain.identifiers import OrganisationId, PatientId, PurposeId, SpecialityId
from registratura.domain.people import Attachment, Patient, PersonName, Relation, Representation, Snils
from registratura.domain.telemedicine import Purpose

PATIENT_FIELDS: Final = named(
    "id lastname firstname middlename birthdate gender snils oms_number phone email death_date united_guids "
    "max_user_id max_phone esia_id"
)
ATTACHMENT_FIELDS: Final = frozenset({"patient_id", "mo_id", "area", "since", "until"})
REPRESENTATION_FIELDS: Final = frozenset({"representative_id", "patient_id", "relation", "since", "until"})
PURPOSE_FIELDS: Final = named("id name active order age_from age_to gender speciality_ids mo_ids")

_RELATIONS: Final = {relation.value: relation for relation in Relation}
_MOST_ORDER: Final = 1_000_000


def patient(fields: Fields) -> Patient:
    """A person's card; neither СНИЛС nor the policy number is judged by its control digits (I-46)."""
    card = Patient(
        id=PatientId(fields.code("id")),
        name=PersonName(
            fields.text("lastname", LONG), fields.text("firstname", LONG), fields.text_or_none("middlename", LONG)
        ),
        born=fields.day("birthdate"),
        sex=fields.choice("gender", SEXES),
        snils=_snils(fields),
        policy=fields.code_or_none("oms_number"),
        phone=fields.code_or_none("phone"),
        email=fields.text_or_none("email", 254),
        died=fields.day_or_none("death_date"),
        united=frozenset(map(PatientId, fields.codes("united_guids"))),
        messenger=messenger(fields),
        messenger_phone=fields.phone_or_none("max_phone"),
        esia=fields.code_or_none("esia_id"),
    )
    fields.in_order("birthdate", card.born, "death_date", card.died)
    return card


def _snils(fields: Fields) -> Snils | None:
    given = fields.code_or_none("snils")
    read = None if given is None else Snils.parse(given)
    if given is not None and read is None:
        fields.refuse("snils", texts.BAD_SNILS)
    return read


def attachment(fields: Fields) -> Attachment:
    """A patient belongs to an organisation and perhaps to one of its areas."""
    record = Attachment(
        patient=PatientId(fields.code("patient_id")),
        organisation=OrganisationId(fields.guid("mo_id")),
        area=fields.code_or_none("area"),
        since=fields.day_or_none("since"),
        until=fields.day_or_none("until"),
    )
    fields.in_order("since", record.since, "until", record.until)
    return record


def representation(fields: Fields) -> Representation:
    """One person may act for another."""
    record = Representation(
        representative=PatientId(fields.code("representative_id")),
        patient=PatientId(fields.code("patient_id")),
        relation=fields.choice("relation", _RELATIONS),
        since=fields.day_or_none("since"),
        until=fields.day_or_none("until"),
    )
    fields.in_order("since", record.since, "until", record.until)
    return record


def purpose(fields: Fields) -> Purpose:
    """Why people ask for a consultation; empty lists of specialities or organisations mean all."""
    return Purpose(
        id=PurposeId(fields.code("id")),
        name=fields.text("name", LONG),
        active=fields.flag_or_none("active") is not False,
        order=fields.whole_or_none("order", -_MOST_ORDER, _MOST_ORDER) or 0,
        ages=ages(fields, "age_from", "age_to"),
        sex=fields.choice_or_none("gender", SEXES),
        specialities=frozenset(map(SpecialityId, fields.codes("speciality_ids"))),
        organisations=frozenset(map(OrganisationId, fields.codes("mo_ids"))),
    )
