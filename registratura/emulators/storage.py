"""Memory of an emulator: one SQLite file and the one thread that touches it."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import attrs

Row = sqlite3.Row
Out = TypeVar("Out")


@attrs.define
class Transaction:
    """Plain SQL in one transaction of the open database."""

    db: sqlite3.Connection

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if any."""
        row: Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a query."""
        return self.db.execute(sql, values).fetchall()

    def do(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Change something."""
        return self.db.execute(sql, values)


T = TypeVar("T", bound=Transaction)


def _nobody_listens(_: Transaction) -> None:
    """Most emulators tell nobody of a commit."""


@attrs.define
class Store(Generic[T]):
    """Runs plain functions of a transaction, one at a time, outside the event loop.

    *prepare* makes a fresh database ready and finds an older one so; *begin* gives the transaction its own face;
    *committed* hears of each one in the event loop, after the commit.
    """

    path: Path
    prepare: Callable[[sqlite3.Connection], None]
    begin: Callable[[sqlite3.Connection], T]
    committed: Callable[[T], None] = _nobody_listens
    _thread: ThreadPoolExecutor = attrs.field(
        init=False, factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="emulator")
    )
    _db: sqlite3.Connection | None = attrs.field(init=False, default=None)

    async def open(self) -> None:
        """Create or reopen the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def close(self) -> None:
        """Close the file; the store can be opened again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    async def run(self, work: Callable[[T], Out]) -> Out:
        """Commit what *work* did unless it raises, tell about it, and give its result."""
        loop = asyncio.get_running_loop()

        # Told from the thread: a caller that went away must not swallow what was committed for it.
        def committed(transaction: T) -> None:
            loop.call_soon_threadsafe(self.committed, transaction)

        return await loop.run_in_executor(self._thread, self._transact, work, committed)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, isolation_level=None)
        db.row_factory = Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        self.prepare(db)
        self._db = db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _transact(self, work: Callable[[T], Out], committed: Callable[[T], None]) -> Out:
        if self._db is None:
            message = "the emulator is not running: enter emulator.running() first"
            raise RuntimeError(message)
        transaction = self.begin(self._db)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            out = work(transaction)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        committed(transaction)
        return out
