"""Loading what other systems know: every record gets a verdict, and only what differs is written."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, text

from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.register.books import store_books
from registratura.adapters.sql.register.patients import store_patients
from registratura.adapters.sql.register.people import store_attachments, store_representations
from registratura.adapters.sql.register.places import (
    store_absences,
    store_organisations,
    store_purposes,
    store_resources,
    store_specialities,
)
from registratura.adapters.sql.register.references import store_references
from registratura.adapters.sql.register.slots import store_slots
from registratura.application.records import (
    AbsenceRecord,
    BookRecord,
    Record,
    ReferenceRecord,
    SlotRecord,
    Verdict,
)
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation
from registratura.domain.telemedicine import Purpose

_Store = Callable[[Connection, Any], Sequence[Verdict]]

_STORES: dict[type[Record], _Store] = {
    Organisation: store_organisations,
    Resource: store_resources,
    Speciality: store_specialities,
    Purpose: store_purposes,
    Patient: store_patients,
    Attachment: store_attachments,
    Representation: store_representations,
    AbsenceRecord: store_absences,
    SlotRecord: store_slots,
    BookRecord: store_books,
    ReferenceRecord: store_references,
}
_LOADING_LOCK = 7_234_602


@attrs.frozen
class SqlRegister:
    """`Register` over a connection."""

    _connection: Connection

    def store(self, records: Sequence[Record]) -> Sequence[Verdict]:
        if not records:
            return ()
        kind = type(records[0])
        if any(type(record) is not kind for record in records):
            raise ValueError("records of one kind are stored together")
        if self._connection.dialect.name == POSTGRESQL:
            # Two loads of the same schedule would lock the same rows in two orders.
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOADING_LOCK})
        return _STORES[kind](self._connection, records)
