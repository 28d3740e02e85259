"""Loading patients: merged ids lead to one card, and a messenger id belongs to one card."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
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

    A card seen before takes nothing over: the same file twice moves no id to and fro. Nor does any card take an id from
    one whose person signed in through Gosuslugi: it is written without the id, which is noted too. A card that was tied
    by a sign-in keeps its id, whatever is told of it.
    """
    holders, signed_in, tied = _look(connection, records)
    changes = Changes(connection, t.patient, _upsert)
    changes.look(t.patient.c.id, {record.id for record in records})
    verdicts: list[Verdict] = []
    written: list[Row] = []
    keepers: list[str] = []
    for record in records:
        row, user = patient_row(record), record.messenger
        holder = holders.of(user)
        if record.id in tied:
            if user is not None and holder != record.id and not changes.stands(row):
                keepers.append(record.id)
            verdicts.append(changes.put(row, messenger=None))
            continue
        if holder is None and user is not None:
            # A card that lost its messenger id gets it back when nobody has it any more.
            changes.forget(record.id)
        if not changes.stands(row):
            if holder is not None and holder != record.id:
                if holder in signed_in:
                    user = None
                    keepers.append(holder)
                else:
                    # The other card may itself be among those not written yet.
                    written += changes.write()
                    _take_messenger(connection, holder)
            holders.give(record.id, user)
            if record.esia is not None:
                signed_in.add(record.id)
        verdicts.append(changes.put(row, messenger=user))
    written += changes.write()
    _note(connection, "patient.messenger_kept", keepers)
    _unite(connection, written)
    return verdicts


@cache
def _upsert(dialect: str, table: Table) -> Insert:
    """Whoever signed in stays linked to what they signed in with, also if they did so a moment ago (AUTH-34)."""

    def kept(told: Told) -> Mapping[str, ColumnElement[Any]]:
        messenger = case((table.c.tied, table.c.messenger), else_=told.messenger)
        return {"messenger": messenger, "esia": func.coalesce(told.esia, table.c.esia), "tied": table.c.tied}

    return upsert(dialect, table, kept)


def _look(connection: Connection, records: Sequence[Patient]) -> tuple[Owners, set[str], set[str]]:
    """Who has a messenger id, whom Gosuslugi know, and who is tied by a sign-in, among the cards of the records."""
    c = t.patient.c
    users = {record.messenger for record in records if record.messenger is not None}
    holders = Owners()
    signed_in: set[str] = set()
    tied: set[str] = set()
    for asked in (
        among(connection, c.id, {record.id for record in records}),
        among(connection, c.messenger, users),
    ):
        known = or_(c.messenger.is_not(None), c.esia.is_not(None))
        for row in connection.execute(select(c.id, c.messenger, c.esia, c.tied).where(asked, known)):
            holders.give(row.id, row.messenger)
            if row.esia is not None:
                signed_in.add(row.id)
            if row.tied:
                tied.add(row.id)
    return holders, signed_in, tied


def _take_messenger(connection: Connection, loser: str) -> None:
    connection.execute(_LOSE_MESSENGER, {"which": loser})
    _note(connection, "patient.messenger_moved", [loser])


def _note(connection: Connection, event: str, cards: Sequence[str]) -> None:
    """Keep *event* of each of *cards* in the audit."""
    if cards:
        now: datetime = connection.execute(select(database_now())).scalar_one()
        notes = [{"event": event, "actor": "register", "subject": card, "at": now} for card in cards]
        connection.execute(insert(t.audit), notes)


def _unite(connection: Connection, written: Sequence[Row]) -> None:
    """Let the merged ids of the cards just written lead to them, and only those."""
    latest = {row["id"]: row["united"] for row in written}
    connection.execute(delete(t.united_id).where(among(connection, t.united_id.c.patient_id, latest)))
    links = [{"united_id": united, "patient_id": card} for card, merged in latest.items() for united in merged]
    if links:
        connection.execute(upsert(connection.dialect.name, t.united_id), links)
