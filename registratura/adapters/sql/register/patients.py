"""Loading patients: merged ids lead to one card, and a messenger id belongs to one card."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import Row, patient_row
from registratura.adapters.sql.register.rows import Changes, Owners, among
from registratura.adapters.sql.types import database_now
from registratura.adapters.sql.upsert import Insert, Told, upsert
from registratura.application.records import Verdict
from registratura.domain.people import Patient

_LOSE_MESSENGER = update(t.patient).where(t.patient.c.id == bindparam("which")).values(messenger=None)


def store_patients(connection: Connection, records: Sequence[Patient]) -> list[Verdict]:
    """A card that newly names a messenger id takes it over from the card that had it, which is noted (AUTH-34).

    A card seen before takes nothing over: the same file twice moves no id to and fro.
    """
    ids = {record.id for record in records}
    holders = _holders(connection, records)
    signed_in = _signed_in(connection, ids)
    changes = Changes(connection, t.patient, _upsert)
    changes.look(t.patient.c.id, ids)
    verdicts: list[Verdict] = []
    written: list[Row] = []
    for record in records:
        row = patient_row(record)
        holder = holders.of(record.messenger)
        if holder is None and record.messenger is not None:
            # A card that lost its messenger id gets it back when nobody has it any more.
            changes.forget(record.id)
        if not changes.stands(row):
            if holder not in {None, record.id}:
                # The other card may itself be among those not written yet.
                written += changes.write()
                _take_messenger(connection, str(holder))
            if record.messenger is not None or record.esia is not None or record.id not in signed_in:
                holders.give(record.id, record.messenger)
        verdicts.append(changes.put(row))
    written += changes.write()
    _unite(connection, written)
    return verdicts


@cache
def _upsert(dialect: str, table: Table) -> Insert:
    """Whoever signed in stays linked to what they signed in with, if a load knows nothing of that (AUTH-32)."""

    def kept(told: Told) -> Mapping[str, ColumnElement[Any]]:
        is_own = and_(told.esia.is_(None), table.c.esia.is_not(None))
        messenger = case((is_own, func.coalesce(told.messenger, table.c.messenger)), else_=told.messenger)
        return {"messenger": messenger, "esia": func.coalesce(told.esia, table.c.esia)}

    return upsert(dialect, table, kept)


def _signed_in(connection: Connection, ids: Collection[str]) -> set[str]:
    """The cards whose people signed in through Gosuslugi."""
    c = t.patient.c
    return set(connection.scalars(select(c.id).where(among(connection, c.id, ids), c.esia.is_not(None))))


def _holders(connection: Connection, records: Sequence[Patient]) -> Owners:
    """Who has a messenger id, among those and of those that the records speak of."""
    c = t.patient.c
    users = {record.messenger for record in records if record.messenger is not None}
    holders = Owners()
    for asked in (
        among(connection, c.id, {record.id for record in records}),
        among(connection, c.messenger, users),
    ):
        for row in connection.execute(select(c.id, c.messenger).where(asked, c.messenger.is_not(None))):
            holders.give(row.id, row.messenger)
    return holders


def _take_messenger(connection: Connection, loser: str) -> None:
    now: datetime = connection.execute(select(database_now())).scalar_one()
    connection.execute(_LOSE_MESSENGER, {"which": loser})
    note = {"event": "patient.messenger_moved", "actor": "register", "subject": loser, "at": now}
    connection.execute(insert(t.audit), note)


def _unite(connection: Connection, written: Sequence[Row]) -> None:
    """Let the merged ids of the cards just written lead to them, and only those."""
    latest = {row["id"]: row["united"] for row in written}
    connection.execute(delete(t.united_id).where(among(connection, t.united_id.c.patient_id, latest)))
    links = [{"united_id": united, "patient_id": card} for card, merged in latest.items() for united in merged]
    if links:
        connection.execute(upsert(connection.dialect.name, t.united_id), links)
