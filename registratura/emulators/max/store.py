"""What the emulator remembers."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import orjson

from registratura.emulators.max.config import Clock
from registratura.emulators.storage import Row, Store, Transaction

__all__ = ["Json", "Row", "Store", "Tx", "dump", "load", "open_store"]

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    user_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT, phone TEXT,
    note TEXT NOT NULL DEFAULT '', last_activity INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS chats (
    chat_id INTEGER PRIMARY KEY, type TEXT NOT NULL, person_id INTEGER UNIQUE, title TEXT, icon_url TEXT,
    status TEXT NOT NULL DEFAULT 'active', started INTEGER NOT NULL DEFAULT 0, owner_id INTEGER,
    pinned_mid TEXT, last_event INTEGER NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS members (
    chat_id INTEGER NOT NULL, user_id INTEGER NOT NULL, joined INTEGER NOT NULL, is_owner INTEGER NOT NULL DEFAULT 0,
    permissions TEXT, alias TEXT, PRIMARY KEY (chat_id, user_id)
);
CREATE TABLE IF NOT EXISTS messages (
    mid TEXT PRIMARY KEY, chat_id INTEGER NOT NULL, seq INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    sender_id INTEGER NOT NULL, text TEXT, attachments TEXT, markup TEXT, link TEXT, preview_url TEXT,
    edited INTEGER, removed INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_by_chat ON messages (chat_id, seq);
CREATE TABLE IF NOT EXISTS callbacks (
    callback_id TEXT PRIMARY KEY, mid TEXT NOT NULL, user_id INTEGER NOT NULL, payload TEXT,
    pressed INTEGER NOT NULL, answered INTEGER, notification TEXT
);
CREATE TABLE IF NOT EXISTS uploads (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, filename TEXT, content_type TEXT, size INTEGER,
    ready_at INTEGER, content BLOB
);
CREATE TABLE IF NOT EXISTS subscriptions (
    url TEXT PRIMARY KEY, secret TEXT, update_types TEXT, created INTEGER NOT NULL, failing_since INTEGER
);
CREATE TABLE IF NOT EXISTS updates (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, chat_id INTEGER NOT NULL,
    created INTEGER NOT NULL, body BLOB NOT NULL, polled INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, update_id INTEGER NOT NULL, url TEXT NOT NULL, chat_id INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'pending'
);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (url, chat_id, id) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@attrs.define
class Tx(Transaction):
    """One transaction: the moment it began (ms) and what to tell once it is committed."""

    now: int
    events: list[tuple[int, Json]] = attrs.field(factory=list)
    updates: int = 0

    def tell(self, user_id: int, event: Mapping[str, Any]) -> None:
        """Show *event* on the screens of the person, after the commit."""
        self.events.append((user_id, dict(event)))

    def fact(self, name: str) -> Any | None:  # noqa: ANN401 - any JSON value
        """A remembered single value."""
        row = self.one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else orjson.loads(row["value"])

    def remember(self, name: str, value: object) -> None:
        """Keep a single value."""
        self.do("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, dump(value))


def dump(value: object) -> str:
    """JSON text of a value for a column."""
    return orjson.dumps(value).decode()


def load(text: str | None) -> Any | None:  # noqa: ANN401 - any JSON value
    """The value behind a JSON column."""
    return None if text is None else orjson.loads(text)


def open_store(path: Path, clock: Clock, committed: Callable[[Tx], None]) -> Store[Tx]:
    """The memory in *path*, not opened yet."""

    def prepare(db: sqlite3.Connection) -> None:
        db.executescript(SCHEMA)
        # Markers of a fresh file are above those of any older one, so a bot that kept its marker misses nothing.
        seed = "INSERT INTO sqlite_sequence SELECT 'updates', ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence)"
        db.execute(seed, (_milliseconds(clock),))

    return Store(path, prepare, lambda db: Tx(db, _milliseconds(clock)), committed)


def _milliseconds(clock: Clock) -> int:
    return int(clock() * 1000)
