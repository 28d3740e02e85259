"""Reading organisations, resources and specialities (FER profile, tables 1 and 2, with our additions)."""

from typing import Final

import attrs

from registratura.adapters.load import texts
from registratura.adapters.load.fields import ID, LONG, Fields, named
from registratura.domain.appointments import Checks
from registratura.domain.identifiers import MessengerId, OrganisationId, ResourceId, SpecialityId
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
from registratura.domain.people import PersonName, Sex, Snils

SEXES: Final = {sex.value: sex for sex in Sex}
CONDITIONS: Final = 4000
"""Length of a text that one messenger message must hold."""
OLDEST: Final = 150
MESSENGER_IDS: Final = (1, 2**63 - 1)

MO_FIELDS: Final = named(
    "id parent_id branch_oid name address address_fias_guid region_okato phone enabled create_ts tag_age "
    "timezone same_day tomorrow_closes_at conditions checks licence"
)
NOTE_FIELDS: Final = frozenset({"note_age_from", "note_age_to", "note_text"})
RESOURCE_FIELDS: Final = NOTE_FIELDS | named(
    "id type mo_id enabled create_ts post_id speciality_id snils last_name first_name middle_name description "
    "machine_name room_number room_name area internet_booking max_user_id max_phone"
)
SPECIALITY_FIELDS: Final = frozenset({"id", "name", "gender", "age_from", "age_to"})

_ACCEPTS: Final = {accepts.value: accepts for accepts in Accepts}
_AGES: Final = {age.value: age for age in OrganisationAge}
_TYPES: Final = {kind.value: kind for kind in ResourceKind}
_CHECKS: Final = tuple(switch.name for switch in attrs.fields(Checks))


def organisation(fields: Fields) -> Organisation:
    """A structural subdivision (table 1)."""
    fields.created()
    fields.text_or_none("address_fias_guid", 36)
    fields.text_or_none("region_okato", 11)
    return Organisation(
        id=OrganisationId(fields.guid("id")),
        name=fields.text("name", LONG),
        address=fields.text("address", LONG),
        zone=fields.zone("timezone"),
        parent_oid=fields.text("parent_id", ID),
        branch_oid=fields.text("branch_oid", LONG),
        phone=fields.text_or_none("phone", ID),
        licence=fields.text_or_none("licence", LONG),
        accepts=fields.choice("enabled", _ACCEPTS),
        age=fields.choice("tag_age", _AGES),
        same_day=fields.flag_or_none("same_day"),
        tomorrow_closes_at=fields.clock_or_none("tomorrow_closes_at"),
        conditions=fields.text_or_none("conditions", CONDITIONS),
        checks=_checks(fields),  # type: ignore[arg-type]  # mypy takes `dict` as converter for something untyped
    )


def _checks(fields: Fields) -> dict[str, bool]:
    given = fields.raw.get("checks")
    if given is None or given == "":
        return {}
    if isinstance(given, dict) and all(name in _CHECKS and isinstance(on, bool) for name, on in given.items()):
        return given
    fields.refuse("checks", texts.BAD_CHECKS.format(names=", ".join(_CHECKS)))
    return {}


def resource(fields: Fields) -> Resource:
    """A doctor, device or room (table 2); fields of another type are forgiven and dropped (OQ-26)."""
    fields.created()
    kind = fields.choice("type", _TYPES)
    # A wrong type must not bring complaints about what a doctor would need.
    is_specialist = kind is ResourceKind.SPECIALIST and not fields.is_at_fault("type")
    if is_specialist:
        _check_staff_snils(fields)
    return Resource(
        id=ResourceId(fields.guid("id")),
        organisation=OrganisationId(fields.guid("mo_id")),
        kind=kind,
        accepts=fields.choice("enabled", _ACCEPTS),
        speciality=SpecialityId(fields.code("speciality_id")) if is_specialist else None,
        post=fields.code("post_id") if is_specialist else None,
        name=_staff_name(fields) if is_specialist else None,
        title=_title(fields, kind),
        room_number=fields.code("room_number") if kind is ResourceKind.ROOM else None,
        description=fields.text_or_none("description", LONG),
        areas=fields.codes("area"),
        internet_booking=fields.flag_or_none("internet_booking") is not False,
        messenger=messenger(fields),
        messenger_phone=fields.phone_or_none("max_phone"),
        note=note(fields),
    )


def _staff_name(fields: Fields) -> PersonName:
    return PersonName(
        fields.text("last_name", LONG), fields.text("first_name", LONG), fields.text_or_none("middle_name", LONG)
    )


def _title(fields: Fields, kind: ResourceKind) -> str | None:
    match kind:
        case ResourceKind.SPECIALIST:
            return None
        case ResourceKind.MACHINE:
            return fields.text("machine_name", LONG)
        case ResourceKind.ROOM:
            return fields.text("room_name", LONG)


def _check_staff_snils(fields: Fields) -> None:
    """The number is only checked: nothing in the register needs it (FER-098: no separators)."""
    digits = fields.text("snils", LONG)
    if digits and (not digits.isdigit() or Snils.parse(digits) is None):
        fields.refuse("snils", texts.BAD_SNILS_OF_STAFF)


def speciality(fields: Fields) -> Speciality:
    """A speciality with the sex and ages it is meant for: an addition of ours."""
    return Speciality(
        id=SpecialityId(fields.code("id")),
        name=fields.text("name", LONG),
        sex=fields.choice_or_none("gender", SEXES),
        ages=ages(fields, "age_from", "age_to"),
    )


def messenger(fields: Fields) -> MessengerId | None:
    """The id of a person in MAX."""
    number = fields.whole_or_none("max_user_id", *MESSENGER_IDS)
    return None if number is None else MessengerId(str(number))


def ages(fields: Fields, youngest: str, oldest: str) -> AgeLimits:
    """Whole years, both ends inclusive: «до 18» is the oldest age 17."""
    limits = AgeLimits(
        youngest=fields.whole_or_none(youngest, 0, OLDEST), oldest=fields.whole_or_none(oldest, 0, OLDEST)
    )
    if limits.youngest is not None and limits.oldest is not None and limits.oldest < limits.youngest:
        fields.refuse(oldest, texts.BAD_AGES.format(youngest=youngest, oldest=oldest))
    return limits


def note(fields: Fields) -> ControllingNote | None:
    """The controlling note of a resource or a slot."""
    if fields.raw.keys().isdisjoint(NOTE_FIELDS):
        return None
    read = ControllingNote(
        ages=ages(fields, "note_age_from", "note_age_to"), text=fields.text_or_none("note_text", LONG)
    )
    return None if read == ControllingNote() else read
