"""What the rules of booking need: two round trips, the first of which locks the patient's card."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, literal, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import (
    ABSENCE,
    APPOINTMENT,
    ATTACHMENT,
    ORGANISATION,
    PURPOSE,
    REPRESENTATION,
    RESOURCE,
    SLOT,
    SPECIALITY,
    absence_of,
    attachment_of,
    in_force,
    organisation_of,
    patient_of,
    purpose_of,
    representation_of,
    resource_of,
    slot_of,
    speciality_of,
)
from registratura.adapters.sql.patients import finding
from registratura.adapters.sql.types import Moment, pack, unpack
from registratura.domain.appointments import Facts
from registratura.domain.identifiers import PatientId, PurposeId, SlotId

_PATIENT = finding()
# Other transactions may still refer to the card, with an attachment for example; they may not book for it.
_PATIENT_LOCKED = finding().with_for_update(key_share=True, of=t.patient)

_PATIENTS: BindParameter[Any] = bindparam("patients", expanding=True)
"""The card with those merged into it: all are one person."""
_NOW = bindparam("now", type_=Moment)
_REPRESENTATIONS = pack(REPRESENTATION).where(t.representation.c.representative_id == bindparam("author"))
_ATTACHMENTS = pack(ATTACHMENT).where(t.attachment.c.patient_id.in_(_PATIENTS))
_ABSENCES = (
    pack(ABSENCE)
    .where(
        t.absence.c.resource_id == t.slot.c.resource_id,
        t.absence.c.begins <= t.slot.c.starts,
        t.absence.c.ends >= t.slot.c.starts,
    )
    .correlate(t.slot)
)
_UPCOMING = pack(APPOINTMENT).where(
    t.appointment.c.patient_id.in_(_PATIENTS),
    t.appointment.c.outcome.is_(None),
    t.appointment.c.ends > _NOW,
)


def _context() -> Select[Any]:
    """The slot with everything it belongs to, and the lists beside it; one row, even where nothing is found."""
    one = select(literal(1).label("one")).subquery("one")
    always: ColumnElement[bool] = one.c.one == 1
    return select(
        *SLOT,
        *ORGANISATION,
        *RESOURCE,
        *SPECIALITY,
        *PURPOSE,
        _REPRESENTATIONS.scalar_subquery().label("representations"),
        _ATTACHMENTS.scalar_subquery().label("attachments"),
        _ABSENCES.scalar_subquery().label("absences"),
        _UPCOMING.scalar_subquery().label("upcoming"),
    ).select_from(
        one.outerjoin(t.slot, always & (t.slot.c.id == bindparam("slot")))
        .outerjoin(t.organisation, t.organisation.c.id == t.slot.c.organisation_id)
        .outerjoin(t.resource, t.resource.c.id == t.slot.c.resource_id)
        .outerjoin(t.speciality, t.speciality.c.id == t.resource.c.speciality_id)
        .outerjoin(t.purpose, always & (t.purpose.c.id == bindparam("purpose")))
    )


_CONTEXT = _context()


def facts(
    connection: Connection,
    patient: PatientId,
    slot: SlotId,
    *,
    now: datetime,
    author: PatientId | None,
    purpose: PurposeId | None,
    locking: bool,
) -> Facts:
    """Everything about booking *slot* for *patient*; absences are those that cover the slot."""
    card = connection.execute(_PATIENT_LOCKED if locking else _PATIENT, {"patient": patient}).mappings().one_or_none()
    person = patient_of(card) if card else None
    # The lists are read after the lock, in a statement of their own: it sees what the holder before us committed.
    row = (
        connection.execute(
            _CONTEXT,
            {
                "patients": sorted(person.ids) if person else [patient],
                "slot": slot,
                "now": now,
                "author": author,
                "purpose": purpose,
            },
        )
        .mappings()
        .one()
    )
    return Facts(
        patient=person,
        slot=slot_of(row) if row[t.slot.c.id] is not None else None,
        organisation=organisation_of(row) if row[t.organisation.c.id] is not None else None,
        resource=resource_of(row) if row[t.resource.c.id] is not None else None,
        speciality=speciality_of(row) if row[t.speciality.c.id] is not None else None,
        purpose=purpose_of(row) if row[t.purpose.c.id] is not None else None,
        representations=tuple(map(representation_of, unpack(REPRESENTATION, row["representations"]))),
        attachments=tuple(map(attachment_of, unpack(ATTACHMENT, row["attachments"]))),
        absences=tuple(map(absence_of, unpack(ABSENCE, row["absences"]))),
        upcoming=in_force(unpack(APPOINTMENT, row["upcoming"])),
    )
