"""The storage: units of work run as plain functions in threads that own the connections."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from returns.result import Failure, Result
from sqlalchemy import Connection, Engine

from registratura.adapters.sql import schema
from registratura.adapters.sql.engines import BROKEN, POSTGRESQL, lane_parameters, make_engine, unavailable
from registratura.adapters.sql.lanes import Lanes
from registratura.adapters.sql.surroundings import Surroundings
from registratura.adapters.sql.throttle import reserve
from registratura.adapters.sql.transaction import SqlTransaction
from registratura.adapters.sql.two_trips import TwoTrips
from registratura.adapters.sql.writer import Work, Writer
from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.deciding import BookingJudge, CancelJudge, Overtaken, ToBook, ToCancel
from registratura.application.ports.failures import TransactionLost
from registratura.application.ports.messenger import Incoming
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")
LANES = 8
"""Connections of the hot path: more would only wait for the same disk, fewer would not share its writes."""


class SqlStorage(Storage):
    """The storage over engines of SQLAlchemy; implements `Storage` and `Throttle`.

    The queue of the executor is first come, first served, which the pool of SQLAlchemy is not. On SQLite one thread
    writes and *threads* read beside it; on PostgreSQL *threads* do both, and lanes carry the hot path. *readers* is
    another engine for reading.
    """

    def __init__(self, engine: Engine, *, threads: int = 8, readers: Engine | None = None) -> None:
        self._engine = engine
        self._surroundings = Surroundings()
        self._reading = (readers or engine).execution_options(**_reading_options(engine))
        self._threads: Executor = ThreadPoolExecutor(threads, thread_name_prefix="storage")
        remote = engine.dialect.name == POSTGRESQL
        self._lanes = Lanes(lane_parameters(engine.url), LANES) if remote else None
        self._two_trips = TwoTrips(self._lanes, self._surroundings) if self._lanes is not None else None
        self._writer = None if remote else Writer(engine)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* in one transaction; see the port. If the caller is cancelled, work once begun still ends."""
        return await self._write(lambda connection: work(SqlTransaction(connection, self._surroundings, locking=True)))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* on one consistent view, beside writers; see the port."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    async def book(self, asked: ToBook, judge: BookingJudge[U, R]) -> Result[U, R | Overtaken]:
        """Look, judge and keep; in two round trips on PostgreSQL, in one hop to the writer on SQLite; see the port."""
        if self._two_trips is None:
            return await super().book(asked, judge)
        return await self._two_trips.book(asked, judge)

    async def cancel(self, asked: ToCancel, judge: CancelJudge[U, R]) -> Result[U, R | Overtaken]:
        """Look, judge and keep; as `book`."""
        if self._two_trips is None:
            return await super().cancel(asked, judge)
        return await self._two_trips.cancel(asked, judge)

    async def availability(self, asked: AvailabilityQuery) -> Availability | None:
        """Count what is free and taken; see the port."""
        if self._two_trips is None:
            return await super().availability(asked)
        return await self._two_trips.availability(asked)

    async def receive(self, key: str, line: str, incoming: Incoming) -> bool:
        """Keep what came in; see the port."""
        if self._two_trips is None:
            return await super().receive(key, line, incoming)
        return await self._two_trips.receive(key, line, incoming)

    async def ping(self) -> None:
        """Return when the database answers and its schema is the newest, else raise `Unavailable` saying why."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._ping)

    async def reserve(self, lines: dict[str, float]) -> float:
        """Take the next place in each line, by the clock of the database; see the port `Throttle`."""
        return await self._write(lambda connection: reserve(connection, lines))

    async def close(self) -> None:
        """Let the work that was begun end, then close the connections."""
        if self._lanes is not None:
            await self._lanes.close()
        if self._writer is not None:
            await self._writer.close()
        await asyncio.to_thread(self._threads.shutdown)
        self._reading.dispose()
        self._engine.dispose()

    @staticmethod
    def borrow(connection: Connection) -> Transaction:
        """Our collections over the host's *connection*: its rows and ours commit together, when the host commits."""
        return SqlTransaction(connection, Surroundings(), locking=True)

    async def _write(self, work: Work[T]) -> T:
        if self._writer is not None:
            return await self._writer.run(work)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work)

    def _transact(self, work: Work[T]) -> T:
        try:
            with self._engine.connect() as connection:
                value = work(connection)
                if not isinstance(value, Failure):
                    _commit(connection)
                return value
        except BROKEN as broken:
            raise unavailable(broken) from broken

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self._reading.connect() as connection:
                if connection.dialect.name != POSTGRESQL:
                    connection.exec_driver_sql("BEGIN")
                return work(SqlTransaction(connection, self._surroundings, locking=False))
        except BROKEN as broken:
            raise unavailable(broken) from broken

    def _ping(self) -> None:
        try:
            with self._reading.connect() as connection:
                schema.check(connection)
        except BROKEN as broken:
            raise unavailable(broken) from broken


@asynccontextmanager
async def open_storage(url: str, *, pool_size: int = 8, clock: Clock | None = None) -> AsyncGenerator[SqlStorage]:
    """Open the database at *url* (`sqlite:///file` or `postgresql://…`) with at most *pool_size* connections.

    With a *clock* SQLite goes by that one instead of the machine's. Nothing is connected yet: `ping()` tells whether
    the database answers and has the newest schema.
    """
    engine = make_engine(url, pool_size=pool_size, clock=clock)
    readers = None
    if engine.dialect.name != POSTGRESQL:
        readers = make_engine(url, pool_size=pool_size, read_only=True, clock=clock)
    storage = SqlStorage(engine, threads=pool_size, readers=readers)
    try:
        yield storage
    finally:
        await storage.close()


def _reading_options(engine: Engine) -> dict[str, object]:
    if engine.dialect.name == POSTGRESQL:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {}


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except BROKEN as broken:
        raise TransactionLost("the connection broke while committing") from broken
