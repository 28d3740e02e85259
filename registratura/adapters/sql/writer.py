"""The one thread that writes to SQLite. What stands in line leaves in one commit: the disk is asked once for all."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import attrs
from returns.result import Failure
from sqlalchemy import Connection, Engine, exc

from registratura.adapters.sql.engines import BROKEN, unavailable
from registratura.adapters.sql.turns import Turns
from registratura.application.ports.failures import TransactionLost, Unavailable

T = TypeVar("T")
Work = Callable[[Connection], T]

TOGETHER = 32
"""Units of work in one commit at most; the first of them waits for the last."""
_FAILED = (exc.SQLAlchemyError, sqlite3.Error)
"""Whatever the database raises outside a unit of work is its fault, never the unit's."""
_CLOSED = "хранилище закрыто"


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
        self._guard = Lock()
        self._is_closed = False
        # What was opened before a fork may be neither used nor closed after it.
        self._of_processes: dict[int, _Worker] = {}

    async def run(self, work: Work[T]) -> T:
        """Run *work* and commit it unless it raises or returns a `Failure`.

        Work once begun ends without its caller; what had not begun when the caller gave up is left undone. Raises
        `Unavailable` when the database does not answer or the writer is closed, `TransactionLost` when nobody knows
        whether the commit was made, RuntimeError for what *work* raised and a future cannot carry.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        with self._guard:
            if self._is_closed:
                raise Unavailable(_CLOSED)
            self._worker().line.put(_Job(work, loop, waiting))
        return await waiting

    async def close(self) -> None:
        """Let the work in line end, then close the connection; nothing is taken from now on."""
        with self._guard:
            self._is_closed = True
            worker = self._of_processes.get(os.getpid())
            if worker is not None:
                worker.line.put(None)
        if worker is not None:
            await asyncio.to_thread(worker.thread.join)

    def _worker(self) -> "_Worker":
        worker = self._of_processes.get(os.getpid())
        if worker is None:
            if self._of_processes:
                self._engine.dispose(close=False)
            for inherited in self._of_processes.values():
                # A lock would outlive the process that took it.
                inherited.turns.close()
            worker = _Worker(self._engine)
            worker.thread.start()
            self._of_processes[os.getpid()] = worker
        return worker


class _Worker:
    """The thread of one process, its line and its connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self.turns = Turns(Path(engine.url.database or ""))
        self.line: SimpleQueue[_Job | None] = SimpleQueue()
        self.thread = Thread(target=self._serve, name="storage", daemon=True)

    def _serve(self) -> None:
        while (job := self.line.get()) is not None:
            batch = [job]
            try:
                with self.turns.mine():
                    batch += self._in_line()
                    outcomes = self._write(batch)
            except BaseException as fault:  # noqa: BLE001  # whatever it is, those who wait must hear, others be served
                self._disconnect()
                outcomes = [_Outcome(fault=_own(fault)) for _ in batch]
            _deliver(batch, outcomes)
        self._disconnect()
        self.turns.close()

    def _in_line(self) -> list[_Job]:
        following: list[_Job] = []
        with contextlib.suppress(Empty):
            while len(following) < TOGETHER - 1:
                job = self.line.get_nowait()
                if job is None:
                    self.line.put(None)
                    break
                following.append(job)
        return following

    def _write(self, batch: Sequence[_Job]) -> Sequence[_Outcome]:
        try:
            connection, raw = self._connected()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            outcomes = [_outcome(job, connection, raw) for job in batch]
        except _FAILED as broken:
            self._disconnect()
            return [_Outcome(fault=unavailable(broken)) for _ in batch]
        try:
            connection.commit()
        except Exception as broken:  # noqa: BLE001  # whatever it is, nobody knows what the disk has
            self._disconnect()
            return [_Outcome(fault=_lost(broken)) if one.is_kept else one for one in outcomes]
        return outcomes

    def _connected(self) -> tuple[Connection, sqlite3.Connection]:
        self._connection = self._connection or self._engine.connect()
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101  # this thread writes to SQLite alone
        return self._connection, raw

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*_FAILED):
                # Not given back: nobody knows in what state it is.
                connection.invalidate()
                connection.close()


def _outcome(job: _Job, connection: Connection, raw: sqlite3.Connection) -> _Outcome:
    """Run one unit of work within the transaction, and undo it alone if it is not to be kept.

    Nothing is run for a caller who gave up meanwhile.

    Raises what SQLAlchemy and the driver do when the whole transaction is gone.
    """
    if job.waiting.cancelled():
        return _Outcome()
    raw.execute("SAVEPOINT unit")
    try:
        outcome = _Outcome(value=job.work(connection))
    except BROKEN as broken:
        if not raw.in_transaction:
            # A full disk, for one, makes SQLite undo everything.
            raise
        outcome = _Outcome(fault=unavailable(broken))
    except BaseException as fault:  # noqa: BLE001  # it goes to whoever asked for the work
        outcome = _Outcome(fault=_carried(fault))
    if not outcome.is_kept:
        raw.execute("ROLLBACK TO unit")
    raw.execute("RELEASE unit")
    return outcome


def _carried(raised: BaseException) -> Exception:
    """What a future can carry: not StopIteration, nor what would end the loop of who waits."""
    if isinstance(raised, Exception) and not isinstance(raised, StopIteration):
        return raised
    return _wrapped(raised)


def _own(fault: BaseException) -> Exception:
    """*fault* for one of those who wait: one exception raised in several places mixes up their tracebacks."""
    return Unavailable(*fault.args) if isinstance(fault, Unavailable) else _wrapped(fault)


def _wrapped(raised: BaseException) -> RuntimeError:
    told = RuntimeError(f"{type(raised).__name__} while writing")
    told.__cause__ = raised
    return told


def _lost(broken: Exception) -> TransactionLost:
    lost = TransactionLost("the connection broke while committing")
    lost.__cause__ = broken
    return lost


def _deliver(batch: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
    """Tell those who wait, each in their own loop; the loop of a host may have ended."""
    for loop in {job.loop for job in batch}:
        mine = [(job.waiting, one) for job, one in zip(batch, outcomes, strict=True) if job.loop is loop]
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, mine)


def _tell(outcomes: "Sequence[tuple[asyncio.Future[Any], _Outcome]]") -> None:
    for waiting, outcome in outcomes:
        # Each by itself: what goes wrong with one is not the others' business.
        waiting.get_loop().call_soon(_end, waiting, outcome)


def _end(waiting: "asyncio.Future[Any]", outcome: _Outcome) -> None:
    if waiting.done():
        return
    if outcome.fault is not None:
        waiting.set_exception(outcome.fault)
    else:
        waiting.set_result(outcome.value)
