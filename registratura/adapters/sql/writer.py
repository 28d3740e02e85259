"""The one thread that writes to SQLite. What stands in line leaves in one commit: the disk is asked once for all."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import attrs
from returns.result import Failure
from sqlalchemy import Connection, Engine, exc

from registratura.adapters.sql.engines import BROKEN, unavailable
from registratura.adapters.sql.turns import Turns
from registratura.application.ports.failures import TransactionLost

T = TypeVar("T")
Work = Callable[[Connection], T]

TOGETHER = 32
"""Units of work in one commit at most; the first of them waits for the last."""


@attrs.frozen
class _Job:
    """A unit of work, and who waits for it."""

    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    waiting: "asyncio.Future[Any]"


@attrs.frozen
class _Outcome:
    """How a unit of work ended; what is not kept has no part in the commit."""

    value: Any = None
    fault: Exception | None = None

    @property
    def is_kept(self) -> bool:
        return self.fault is None and not isinstance(self.value, Failure)


class Writer:
    """First come, first served; each unit of work is kept or undone by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._turns = Turns(Path(engine.url.database or ""))
        self._line: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="storage", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """Run *work* and commit it unless it raises or returns a `Failure`; work once begun ends without its caller."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        self._line.put(_Job(work, loop, waiting))
        return await waiting

    async def close(self) -> None:
        """Let the work in line end, then close the connection."""
        self._line.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while (job := self._line.get()) is not None:
            batch = [job]
            try:
                with self._turns.mine():
                    batch += self._in_line()
                    outcomes = self._write(batch)
            except Exception as fault:  # noqa: BLE001  # whatever it is, those who wait must hear, and others be served
                self._disconnect()
                outcomes = [_Outcome(fault=fault) for _ in batch]
            _deliver(batch, outcomes)
        self._disconnect()
        self._turns.close()

    def _in_line(self) -> list[_Job]:
        following: list[_Job] = []
        with contextlib.suppress(Empty):
            while len(following) < TOGETHER - 1:
                job = self._line.get_nowait()
                if job is None:
                    self._line.put(None)
                    break
                following.append(job)
        return following

    def _write(self, batch: Sequence[_Job]) -> Sequence[_Outcome]:
        try:
            connection, raw = self._connected()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            outcomes = [_outcome(job, connection, raw) for job in batch]
        except BROKEN as broken:
            self._disconnect()
            return [_Outcome(fault=unavailable(broken)) for _ in batch]
        try:
            connection.commit()
        except BROKEN:
            self._disconnect()
            lost = "the connection broke while committing"
            return [_Outcome(fault=TransactionLost(lost)) if one.is_kept else one for one in outcomes]
        return outcomes

    def _connected(self) -> tuple[Connection, sqlite3.Connection]:
        self._connection = self._connection or self._engine.connect()
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101  # this thread writes to SQLite alone
        return self._connection, raw

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(exc.SQLAlchemyError, sqlite3.Error):
                # Not given back: nobody knows in what state it is.
                connection.invalidate()
                connection.close()


def _outcome(job: _Job, connection: Connection, raw: sqlite3.Connection) -> _Outcome:
    """Run one unit of work within the transaction, and undo it alone if it is not to be kept.

    Raises what SQLAlchemy and the driver do when the whole transaction is gone.
    """
    raw.execute("SAVEPOINT unit")
    try:
        outcome = _Outcome(value=job.work(connection))
    except BROKEN as broken:
        if not raw.in_transaction:
            # A full disk, for one, makes SQLite undo everything.
            raise
        outcome = _Outcome(fault=unavailable(broken))
    except Exception as fault:  # noqa: BLE001  # it goes to whoever asked for the work
        outcome = _Outcome(fault=fault)
    if not outcome.is_kept:
        raw.execute("ROLLBACK TO unit")
    raw.execute("RELEASE unit")
    return outcome


def _deliver(batch: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
    """Tell those who wait, each in their own loop; the loop of a host may have ended."""
    for loop in {job.loop for job in batch}:
        mine = [(job.waiting, one) for job, one in zip(batch, outcomes, strict=True) if job.loop is loop]
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, mine)


def _tell(outcomes: "Sequence[tuple[asyncio.Future[Any], _Outcome]]") -> None:
    for waiting, outcome in outcomes:
        if waiting.done():
            continue
        if outcome.fault is not None:
            waiting.set_exception(outcome.fault)
        else:
            waiting.set_result(outcome.value)
