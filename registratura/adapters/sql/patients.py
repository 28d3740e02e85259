"""People and who acts for whom."""

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from registratura.adapters.sql.mapping import (
    ATTACHMENT,
    PATIENT,
    REPRESENTATION,
    attachment_of,
    patient_of,
    representation_of,
)
from registratura.adapters.sql.tables import attachment, patient, representation, united_id
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Attachment, Patient, Representation


def card_id(asked: ColumnElement[Any]) -> ColumnElement[str]:
    """The id of the card *asked* for, else of the one into which this id was merged."""
    own = patient.alias("own")
    return func.coalesce(
        select(own.c.id).where(own.c.id == asked).scalar_subquery(),
        select(united_id.c.patient_id).where(united_id.c.united_id == asked).scalar_subquery(),
    )


_FIND = select(*PATIENT).where(patient.c.id == card_id(bindparam("patient")))
_BY_MESSENGER = select(*PATIENT).where(patient.c.messenger == bindparam("user"))
_REPRESENTED_BY = (
    select(*REPRESENTATION, *PATIENT)
    .join_from(representation, patient, patient.c.id == representation.c.patient_id)
    .where(representation.c.representative_id == bindparam("author"))
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

    def attachments(self, patient: PatientId) -> Sequence[Attachment]:
        rows = self._connection.execute(_ATTACHMENTS, {"patient": patient}).mappings()
        return tuple(map(attachment_of, rows))
