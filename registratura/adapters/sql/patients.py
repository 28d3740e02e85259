"""People and who acts for whom."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from registratura.adapters.sql.mapping import (
    ATTACHMENT,
    PATIENT,
    REPRESENTATION,
    attachment_of,
    patient_of,
    representation_of,
)
from registratura.adapters.sql.tables import attachment, patient, representation, united_id
from registratura.adapters.sql.upsert import insert
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Attachment, Patient, Relation, Representation, Snils


def card_id(asked: ColumnElement[Any]) -> ColumnElement[str]:
    """The id of the card *asked* for, else of the one into which this id was merged."""
    own = patient.alias("own")
    return func.coalesce(
        select(own.c.id).where(own.c.id == asked).scalar_subquery(),
        select(united_id.c.patient_id).where(united_id.c.united_id == asked).scalar_subquery(),
    )


def latest_card_id(asked: ColumnElement[Any]) -> ColumnElement[str]:
    """The id of the card into which *asked* was merged, else of its own card."""
    own = patient.alias("own_card")
    return func.coalesce(
        select(united_id.c.patient_id).where(united_id.c.united_id == asked).scalar_subquery(),
        select(own.c.id).where(own.c.id == asked).scalar_subquery(),
    )


_FIND = select(*PATIENT).where(patient.c.id == card_id(bindparam("patient")))
_BY_MESSENGER = select(*PATIENT).where(patient.c.messenger == bindparam("user"))
_REPRESENTED_BY = (
    select(*REPRESENTATION, *PATIENT)
    .join_from(representation, patient, patient.c.id == representation.c.patient_id)
    .where(representation.c.representative_id == bindparam("author"))
)
_REPRESENTING = (
    select(*REPRESENTATION, *PATIENT)
    .join_from(representation, patient, patient.c.id == representation.c.representative_id)
    .where(representation.c.patient_id == bindparam("patient"))
)
_BY_SNILS = select(*PATIENT).where(patient.c.snils == bindparam("snils")).order_by(patient.c.id)
_BORN_ON = select(*PATIENT).where(patient.c.born == bindparam("day")).order_by(patient.c.id)
_UNLINK = update(patient).where(patient.c.messenger == bindparam("user")).values(messenger=None, tied=False)
_LINK = (
    update(patient)
    .where(patient.c.id == bindparam("which"))
    .values(messenger=bindparam("user"), esia=bindparam("subject"), tied=True)
)
_ATTACHMENTS = select(*ATTACHMENT).where(attachment.c.patient_id == bindparam("patient"))


@attrs.frozen
class SqlPatients:
    """`Patients` over a connection."""

    _connection: Connection

    def find(self, patient: PatientId) -> Patient | None:
        row = self._connection.execute(_FIND, {"patient": patient}).mappings().one_or_none()
        return patient_of(row) if row else None

    def by_messenger(self, user: MessengerId) -> Patient | None:
        row = self._connection.execute(_BY_MESSENGER, {"user": user}).mappings().one_or_none()
        return patient_of(row) if row else None

    def represented_by(self, author: PatientId) -> tuple[Sequence[Representation], Sequence[Patient]]:
        rows = self._connection.execute(_REPRESENTED_BY, {"author": author}).mappings().all()
        people = {person.id: person for person in map(patient_of, rows)}
        return tuple(map(representation_of, rows)), tuple(people.values())

    def representing(self, patient: Patient) -> tuple[Sequence[Representation], Sequence[Patient]]:
        rows = self._connection.execute(_REPRESENTING, {"patient": patient.id}).mappings().all()
        people = {person.id: person for person in map(patient_of, rows)}
        return tuple(map(representation_of, rows)), tuple(people.values())

    def by_snils(self, snils: Snils) -> Sequence[Patient]:
        return tuple(map(patient_of, self._connection.execute(_BY_SNILS, {"snils": snils.digits}).mappings()))

    def born_on(self, day: date) -> Sequence[Patient]:
        return tuple(map(patient_of, self._connection.execute(_BORN_ON, {"day": day}).mappings()))

    def link(self, patient: PatientId, user: MessengerId, subject: str) -> None:
        self.unlink(user)
        self._connection.execute(_LINK, {"which": patient, "user": user, "subject": subject})

    def unlink(self, user: MessengerId) -> None:
        self._connection.execute(_UNLINK, {"user": user})

    def add_child(self, parent: PatientId, child: PatientId, since: date) -> None:
        row = {
            "representative_id": parent,
            "patient_id": child,
            "relation": Relation.EPGU_CHILD.value,
            "since": since,
            # No load has written it: whatever a load says of the two differs from it.
            "digest": "",
        }
        adding = insert(self._connection.dialect.name, representation)
        self._connection.execute(adding.on_conflict_do_nothing(), row)

    def attachments(self, patient: PatientId) -> Sequence[Attachment]:
        rows = self._connection.execute(_ATTACHMENTS, {"patient": patient}).mappings()
        return tuple(map(attachment_of, rows))
