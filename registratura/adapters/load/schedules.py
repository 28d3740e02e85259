"""Reading slots, periods of unavailability and bookings (FER profile, tables 4, 7 and 9)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from registratura.adapters.load import texts
from registratura.adapters.load.fields import DAY, GUID, ID, Fields, named, plain_moment
from registratura.adapters.load.organisations import NOTE_FIELDS, note
from registratura.application.records import AbsenceRecord, BookRecord, BookStatus, SlotRecord
from registratura.domain.appointments import Channel, VisitKind
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, SlotStatus, parse_channels

SLOT_FIELDS: Final = NOTE_FIELDS | named("id mo_id resource_id tag_type tag_age visit_time duration status create_ts")
PERIOD_FIELDS: Final = frozenset({"period_id", "id", "resource_id", "reason", "beg_date", "end_date", "create_ts"})
BOOK_FIELDS: Final = named("id patient_id slot_id status_code tag_source type referral_id create_ts")

_AGES: Final = {tag.value: tag for tag in AgeTag}
_STATUSES: Final = {status.value: status for status in SlotStatus}
_REASONS: Final = {reason.value: reason for reason in AbsenceReason}
_BOOK_STATUSES: Final = {str(status.value): status for status in BookStatus}
_SOURCES: Final = {
    "EPGU": Channel.FER,
    "INFOMAT": Channel.REGISTRY,
    "DOCTOR": Channel.REGISTRY,
    "REG": Channel.REGISTRY,
    "OTHER_WEB": Channel.PORTAL,
}
_parsed: Final = lru_cache(maxsize=1024)(parse_channels)
"""A schedule holds few combinations of tags, each many thousands of times."""
_VISITS: Final = {kind.value: kind for kind in VisitKind}
_PLAIN: Final = named("kind id mo_id resource_id tag_type tag_age visit_time duration status create_ts")
_GUIDS: Final = re.compile(" ".join([GUID] * 3)).fullmatch


def plain_slot(raw: Mapping[str, Any]) -> SlotRecord | None:
    """What `slot` would read, where that can be told at a glance, as of nearly all slots; else None.

    A load is mostly slots, and to read them so takes a third of the time.
    """
    if raw.keys() != _PLAIN:
        return None
    name, organisation, resource, minutes = raw["id"], raw["mo_id"], raw["resource_id"], raw["duration"]
    if not _GUIDS(f"{name} {organisation} {resource}") or type(minutes) is not int or not 1 <= minutes <= DAY:
        return None
    try:
        visit, created = plain_moment(raw["visit_time"]), plain_moment(raw["create_ts"])
        if visit is None or created is None:
            return None
        return SlotRecord(
            id=SlotId(name),
            organisation=OrganisationId(organisation),
            resource=ResourceId(resource),
            visit=visit,
            minutes=minutes,
            channels=_plain_channels(raw["tag_type"]),
            age=_AGES[raw["tag_age"]],
            status=_STATUSES[raw["status"]],
        )
    except (KeyError, TypeError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _plain_channels(text: str) -> frozenset[ChannelTag]:
    if not str.isprintable(text):
        raise ValueError
    return parse_channels(text)


def slot(fields: Fields) -> SlotRecord:
    """One bookable time (table 4)."""
    fields.created()
    return SlotRecord(
        id=SlotId(fields.guid("id")),
        organisation=OrganisationId(fields.guid("mo_id")),
        resource=ResourceId(fields.guid("resource_id")),
        visit=fields.moment("visit_time"),
        minutes=fields.minutes("duration"),
        channels=_channels(fields),
        age=fields.choice("tag_age", _AGES),
        status=fields.choice("status", _STATUSES),
        note=note(fields),
    )


def _channels(fields: Fields) -> frozenset[ChannelTag]:
    given = fields.text("tag_type", 512)
    try:
        return _parsed(given)
    except ValueError:
        if given:
            fields.refuse("tag_type", texts.BAD_TAGS.format(values=", ".join(tag.value for tag in ChannelTag)))
        return frozenset()


def period(fields: Fields) -> AbsenceRecord:
    """A period of unavailability (table 9); its key is `period_id`, and `id` is understood (I-09)."""
    fields.created()
    key = "id" if fields.has("id") and not fields.has("period_id") else "period_id"
    if fields.has("id") and key == "period_id" and fields.guid_or_none("id") != fields.guid("period_id"):
        fields.refuse("period_id", texts.DIFFERENT_KEYS.format(names="period_id, id"))
    record = AbsenceRecord(
        id=fields.guid(key),
        resource=ResourceId(fields.guid("resource_id")),
        reason=fields.choice("reason", _REASONS),
        begins=fields.moment("beg_date"),
        ends=fields.moment("end_date"),
    )
    fields.in_order("beg_date", record.begins, "end_date", record.ends)
    return record


def book(fields: Fields) -> BookRecord:
    """A booking made elsewhere (table 7); the words of `booking_type` are understood in `type` (I-30)."""
    fields.created()
    return BookRecord(
        id=AppointmentId(fields.guid("id")),
        patient=PatientId(fields.code("patient_id")),
        slot=SlotId(fields.guid("slot_id")),
        status=fields.choice("status_code", _BOOK_STATUSES),
        channel=fields.choice("tag_source", _SOURCES),
        kind=fields.choice("type", _VISITS),
        referral=fields.text_or_none("referral_id", ID),
    )
