"""Keeping records for others that the registry does not interpret."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.register.rows import Changes, among, cards, known
from registratura.application.records import Orphan, ReferenceRecord, Verdict

_TABLES = {
    "mo": t.organisation,
    "resource": t.resource,
    "speciality": t.speciality,
    "purpose": t.purpose,
    "slot": t.slot,
    "unaccessable_period": t.absence,
    "book": t.appointment,
}


def store_references(connection: Connection, records: Sequence[ReferenceRecord]) -> list[Verdict]:
    """Each record must find those it refers to, of other kinds or of its own before it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for kind, wanted_id in record.references.values():
            wanted[kind].add(wanted_id)
    there = {kind: _existing(connection, kind, ids) for kind, ids in wanted.items()}
    changes = Changes(connection, t.reference)
    changes.look(t.reference.c.id, {record.id for record in records})

    def verdict(record: ReferenceRecord) -> Verdict:
        for field, (kind, wanted_id) in record.references.items():
            if wanted_id not in there[kind]:
                return Orphan(field, wanted_id)
        there.setdefault(record.kind, set()).add(record.id)
        return changes.put({"kind": record.kind, "id": record.id, "data": dict(record.data)})

    verdicts = list(map(verdict, records))
    changes.write()
    return verdicts


def _existing(connection: Connection, kind: str, ids: set[str]) -> set[str]:
    if kind == "patient":
        return set(cards(connection, ids))
    if kind in _TABLES:
        return known(connection, _TABLES[kind].c.id, ids)
    c = t.reference.c
    return set(connection.scalars(select(c.id).where(c.kind == kind, among(connection, c.id, ids))))
