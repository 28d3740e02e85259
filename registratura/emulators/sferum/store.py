"""What the emulator remembers."""

import sqlite3
from pathlib import Path

import attrs

from registratura.emulators.sferum.config import Clock
from registratura.emulators.storage import Row, Store, Transaction

__all__ = ["Row", "Store", "Tx", "open_store"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    number INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL UNIQUE, code TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
    chat_id INTEGER NOT NULL, phone TEXT NOT NULL, chat_role TEXT NOT NULL, member_role TEXT NOT NULL,
    state TEXT NOT NULL, PRIMARY KEY (chat_id, phone)
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL, phone TEXT NOT NULL, text TEXT NOT NULL, written REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_chat ON messages (chat_id, id);
"""


@attrs.define
class Tx(Transaction):
    """One transaction; `now` is the moment it began, in Unix seconds."""

    now: float


def open_store(path: Path, clock: Clock) -> Store[Tx]:
    """The memory in *path*, not opened yet."""

    def prepare(db: sqlite3.Connection) -> None:
        db.executescript(SCHEMA)

    return Store(path, prepare, lambda db: Tx(db, clock()))
