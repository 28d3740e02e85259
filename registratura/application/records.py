"""Records as other systems load them: checked in form, not yet tied to each other."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

import attrs

from registratura.domain.appointments import Channel, VisitKind
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.organisations import ControllingNote, Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose


@attrs.frozen(kw_only=True)
class SlotRecord:
    """A slot (FER profile, table 4). A `visit` without an offset is local time of the organisation (OQ-04)."""

    id: SlotId
    organisation: OrganisationId
    resource: ResourceId
    visit: datetime
    minutes: int
    channels: frozenset[ChannelTag]
    age: AgeTag
    status: SlotStatus
    note: ControllingNote | None = None


@attrs.frozen(kw_only=True)
class AbsenceRecord:
    """A period of unavailability (FER profile, table 9); moments without an offset are the organisation's."""

    id: str
    resource: ResourceId
    reason: AbsenceReason
    begins: datetime
    ends: datetime


class BookStatus(Enum):
    """Book.status_code (FER profile, table 7)."""

    RECORDED = 5000
    CANCELLED = 5010
    SERVED = 5020
    NOT_ARRIVED = 5030
    CANCELLED_BY_PATIENT = 5040


@attrs.frozen(kw_only=True)
class BookRecord:
    """A booking made elsewhere (FER profile, table 7); time and doctor are those of its slot."""

    id: AppointmentId
    patient: PatientId
    slot: SlotId
    status: BookStatus
    channel: Channel
    kind: VisitKind
    referral: str | None = None


@attrs.frozen(kw_only=True)
class ReferenceRecord:
    """A record that the registry keeps for others and does not interpret: `service`, `referral` and the like.

    `references` are the ids it must find: field name → (kind, id).
    """

    kind: str
    id: str
    data: Mapping[str, object]
    references: Mapping[str, tuple[str, str]] = attrs.field(factory=dict)


Record = (
    Organisation
    | Resource
    | Speciality
    | Patient
    | Attachment
    | Representation
    | Purpose
    | SlotRecord
    | AbsenceRecord
    | BookRecord
    | ReferenceRecord
)


class Stored(Enum):
    """What storing a record did."""

    CREATED = "created"
    CHANGED = "changed"
    SAME = "same"


@attrs.frozen
class Orphan:
    """Refers to something that is not there (yet): `field` with the id `value`."""

    field: str
    value: str


@attrs.frozen
class Clash:
    """Another record stands in its place (R-330): a slot of the same doctor and time, an organisation of the same name.

    `fields` are those that coincide, `other` is the id of the record that was first.
    """

    fields: tuple[str, ...]
    other: str


Verdict = Stored | Orphan | Clash
