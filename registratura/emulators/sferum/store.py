"""Memory of the emulator: one SQLite database and the one thread that touches it."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import attrs

from registratura.emulators.sferum.config import Clock

Row = sqlite3.Row
Out = TypeVar("Out")

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


@attrs.frozen
class Tx:
    """One transaction: the open database and the moment it began, in Unix seconds."""

    db: sqlite3.Connection
    now: float

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if any."""
        row: Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a query."""
        return self.db.execute(sql, values).fetchall()

    def do(self, sql: str, *values: object) -> None:
        """Change something."""
        self.db.execute(sql, values)


@attrs.define
class Store:
    """Runs plain functions of a transaction, one at a time, outside the event loop."""

    path: Path
    clock: Clock
    _thread: ThreadPoolExecutor = attrs.field(
        init=False, factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="sferum-emulator")
    )
    _db: sqlite3.Connection | None = attrs.field(init=False, default=None)

    async def open(self) -> None:
        """Create or reopen the database."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def close(self) -> None:
        """Close the database; the store can be opened again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    async def run(self, work: Callable[[Tx], Out]) -> Out:
        """Commit what *work* did unless it raises, and give its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(SCHEMA)
        self._db = db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _transact(self, work: Callable[[Tx], Out]) -> Out:
        if self._db is None:
            message = "the emulator is not running: enter emulator.running() first"
            raise RuntimeError(message)
        tx = Tx(self._db, self.clock())
        self._db.execute("BEGIN IMMEDIATE")
        try:
            out = work(tx)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return out
