"""One raw JSON object of the load format → a record, or everything that is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from registratura.adapters.load import organisations, people, references, schedules, texts
from registratura.adapters.load.fields import FORBIDDEN, ID, Fields
from registratura.application.ports.spool import Fault
from registratura.application.records import Record


@attrs.frozen
class Kind:
    """How records of one kind are read, which fields they may have, and which of them make up the id."""

    read: Callable[[Fields], Record]
    names: frozenset[str]
    keys: tuple[str, ...] = ("id",)


FORGIVEN: Final = frozenset({"kind", "update_ts", "post_name"})
"""`update_ts` and `post_name` are in the profile and yet not to be sent (I-25, I-26): read over."""

KINDS: Final[Mapping[str, Kind]] = {
    "mo": Kind(organisations.organisation, organisations.MO_FIELDS),
    "resource": Kind(organisations.resource, organisations.RESOURCE_FIELDS),
    "speciality": Kind(organisations.speciality, organisations.SPECIALITY_FIELDS),
    "service": Kind(references.service, references.SERVICE_FIELDS),
    "slot": Kind(schedules.slot, schedules.SLOT_FIELDS),
    "book": Kind(schedules.book, schedules.BOOK_FIELDS),
    "referral": Kind(references.referral, references.REFERRAL_FIELDS),
    "unaccessable_period": Kind(schedules.period, schedules.PERIOD_FIELDS, ("period_id",)),
    "profilecode_resource": Kind(references.profile_link, references.PROFILE_FIELDS),
    "patient": Kind(people.patient, people.PATIENT_FIELDS),
    "attachment": Kind(people.attachment, people.ATTACHMENT_FIELDS, ("patient_id", "mo_id", "area")),
    "representation": Kind(
        people.representation,
        people.REPRESENTATION_FIELDS,
        ("representative_id", "patient_id", "relation"),
    ),
    "purpose": Kind(people.purpose, people.PURPOSE_FIELDS),
    "consent_document": Kind(references.consent_document, references.CONSENT_FIELDS),
}

_ALIASES: Final = {"unaccessible_period": "unaccessable_period"}  # both spellings are in the profile (I-08)

_KNOWN: Final = {name: kind.names | FORGIVEN for name, kind in KINDS.items()}

_MARKS: Final[Iterable[tuple[str, frozenset[str]]]] = tuple(
    (kind, frozenset(marks.split()))
    for kind, marks in (
        ("unaccessable_period", "period_id beg_date"),
        ("profilecode_resource", "profile_code"),
        ("referral", "to_mo_id to_profile_code start_date"),
        ("book", "status_code tag_source"),
        ("slot", "visit_time tag_type duration"),
        ("mo", "branch_oid parent_id address"),
        ("resource", "speciality_id machine_name room_number room_name post_id mo_id"),
        ("service", "code price"),
    )
)
"""Attributes that no entity further down the list has; the first kind that shows one of them is meant."""

_NOT_FOR_LOADING: Final[Iterable[tuple[str, frozenset[str]]]] = tuple(
    (key, frozenset(marks.split()))
    for key, marks in (
        ("booking", "booking_type patient_data_rrp preliminary_reservation case_number"),
        ("gateway", "isSuccess IsSuccess sendedGuids Result"),
        ("signing_in", "password username"),
    )
)


def told_kind(raw: Mapping[str, object]) -> str | None:
    """The kind of a record of the FER profile by its attributes alone."""
    return next((kind for kind, marks in _MARKS if not marks.isdisjoint(raw)), None)


def elsewhere(raw: Mapping[str, object]) -> str | None:
    """Where a message of the FER profile that is no record belongs, as a sentence; None for everything else."""
    if "book_ext_id" in raw:
        return texts.ELSEWHERE["answer" if "status" in raw else "cancelling"]
    return next((texts.ELSEWHERE[key] for key, marks in _NOT_FOR_LOADING if not marks.isdisjoint(raw)), None)


def kind_of(raw: Mapping[str, object], *, tell: bool) -> str | Fault:
    """The kind named in the record or, where the form of the load lets records go without, told by attributes."""
    named = raw.get("kind")
    if isinstance(named, str) and named.strip():
        kind = _ALIASES.get(named.strip(), named.strip())
        return kind if kind in KINDS else texts.whole_fault(texts.KIND_UNKNOWN.format(kinds=", ".join(KINDS)))
    if named is not None and named != "":
        return texts.whole_fault(texts.KIND_UNKNOWN.format(kinds=", ".join(KINDS)))
    if (sentence := elsewhere(raw)) is not None:
        return texts.whole_fault(sentence)
    like = told_kind(raw)
    if like is not None:
        return like if tell else texts.whole_fault(texts.KIND_ABSENT_BUT_LIKE.format(kind=like))
    sentence = texts.KIND_UNTOLD if tell else texts.KIND_ABSENT
    return texts.whole_fault(sentence.format(kinds=", ".join(KINDS)))


def id_of(kind: str | None, raw: Mapping[str, object]) -> str | None:
    """What tells the record from others of its kind, as far as that can be read from a record that may be wrong."""
    keys = KINDS[kind].keys if kind is not None else ("id",)
    if keys == ("period_id",) and not raw.get("period_id"):
        keys = ("id",)
    if len(keys) == 1:
        return _key_part(raw.get(keys[0])) or None
    parts = [_key_part(raw.get(key)) for key in keys]
    return "/".join(parts) if parts[0] else None


def _key_part(value: object) -> str:
    if isinstance(value, int):
        return str(value) if abs(value) < 10**ID else ""
    if not isinstance(value, str):
        return ""
    part = value.strip()[:ID]
    return part if part.isprintable() else FORBIDDEN.sub("", part)


def read_record(kind: str, raw: Mapping[str, object], region: ZoneInfo) -> Record | list[Fault]:
    """The record, or all its faults; *region* is the zone of organisations that name none."""
    if kind == "slot" and (plain := schedules.plain_slot(raw)) is not None:
        return plain
    fields = Fields(raw, region)
    record = KINDS[kind].read(fields)
    if not raw.keys() <= _KNOWN[kind]:
        fields.faults += map(texts.unknown, sorted(raw.keys() - _KNOWN[kind]))
    return _once(fields.faults) if fields.faults else record


def _once(faults: list[Fault]) -> list[Fault]:
    """Each fault once: the same field may be asked twice."""
    return list(dict.fromkeys(faults))
