"""Lanes to PostgreSQL: connections that carry one prepared statement at a time, straight through libpq.

Every statement on a lane is a transaction by itself. The event loop waits for the socket, no thread and no cursor
stands between: on the hot path those cost more than the question.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import attrs
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from registratura.adapters.sql.engines import unavailable
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.application.ports.failures import Unavailable

WAIT = 3.0
"""Seconds that a caller waits for a lane, as for a connection of the pool."""
LIMIT = 9.0
"""Seconds after which a server that says nothing counts as lost; it gives up a statement by itself after eight."""
WORN = 250
"""Uses after which a statement is planned anew: a plan is as old as the size of the tables it was made for."""
CLOSED = "the storage is closed"
_FINE = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}
_OUTDATED = {"0A000", "26000"}
"""States in which a prepared statement is refused before anything is done: after a migration, or behind a pooler."""


class Broken(Exception):  # a state of the world, not an error of the program
    """The connection broke: what was asked may or may not have been done."""


@attrs.define
class _Ready:
    """A prepared statement of one connection."""

    name: bytes
    uses: int = 0


class Lane:
    """One connection. Nobody asks before the answer to the one before is here."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._libpq: PGconn = connection.pgconn
        self._libpq.nonblocking = 1
        # libpq closes a socket that failed and then does not tell its number any more.
        self._socket = self._libpq.socket
        self._loop = asyncio.get_running_loop()
        self._ready: dict[Prepared, _Ready] = {}
        self._names = count()
        self._answer: asyncio.Future[PGresult] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._result: PGresult | None = None
        self._when_free: Callable[[], None] | None = None
        self._loop.add_reader(self._socket, self._readable)
        self.is_broken = False

    @property
    def is_at_home(self) -> bool:
        """Whether the loop that opened it is the one that runs: it hears nothing in another."""
        return self._loop is asyncio.get_running_loop()

    async def all(self, statement: Prepared, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """The rows that *statement* gives."""
        values = statement.for_lane(parameters)
        ready = self._ready.get(statement)
        if ready is None or ready.uses >= WORN:
            ready = await self._prepare(statement, ready)
        ready.uses += 1
        try:
            result = await self._ask(partial(self._libpq.send_query_prepared, ready.name, values))
        except psycopg.Error as fault:
            if fault.sqlstate not in _OUTDATED:
                raise
            ready = await self._prepare(statement, None)
            result = await self._ask(partial(self._libpq.send_query_prepared, ready.name, values))
        columns = range(result.nfields)
        return [
            statement.from_lane([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)
        ]

    async def _prepare(self, statement: Prepared, worn: _Ready | None) -> _Ready:
        if worn is not None:
            del self._ready[statement]
            await self._ask(partial(self._libpq.send_query, b"DEALLOCATE " + worn.name))
        # A name is never given twice: whoever is cancelled here does not know whether the server has it.
        ready = _Ready(b"s%d" % next(self._names))
        await self._ask(partial(self._libpq.send_prepare, ready.name, statement.lane_text))
        self._ready[statement] = ready
        return ready

    def when_free(self, done: Callable[[], None]) -> None:
        """Call *done* when the answer to whoever gave up waiting is here; at once when none is due."""
        if self._answer is None:
            done()
        else:
            self._when_free = done

    def close(self) -> None:
        """Close the connection."""
        if not self.is_broken:
            self.is_broken = True
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
                self._loop.remove_writer(self._socket)
        self._libpq.finish()

    async def _ask(self, send: Callable[[], None]) -> PGresult:
        if self.is_broken:
            raise Broken
        answer: asyncio.Future[PGresult] = self._loop.create_future()
        self._answer = answer
        self._alarm = self._loop.call_later(LIMIT, self._break)
        try:
            send()
            self._flush()
        except psycopg.Error:
            self._break()
        return await answer

    def _flush(self) -> None:
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._flush_rest)

    def _flush_rest(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error:
            self._break()

    def _readable(self) -> None:
        try:
            self._libpq.consume_input()
            while not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    self._answered()
                    break
                # What was done may still fail when it is committed, and then an error comes second.
                if self._result is None or result.status not in _FINE:
                    self._result = result
        except psycopg.Error:
            self._break()
        if self._libpq.status != ConnStatus.OK:
            self._break()

    def _answered(self) -> None:
        result = self._result
        if result is None or result.status in _FINE:
            self._tell(result)
            return
        fault = error_from_result(result)
        if fault.sqlstate is None:
            # Without a state it is libpq that speaks, and the server may have done what was asked.
            self._break()
        else:
            self._tell(fault)

    def _break(self) -> None:
        if not self.is_broken:
            self.close()
        self._tell(Broken())

    def _tell(self, outcome: PGresult | Exception | None) -> None:
        answer, self._answer, self._result = self._answer, None, None
        if self._alarm is not None:
            self._alarm.cancel()
        if answer is not None and not answer.done():
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            elif outcome is not None:
                answer.set_result(outcome)
        when_free, self._when_free = self._when_free, None
        if when_free is not None:
            when_free()


@attrs.define
class Lanes:
    """At most *size* lanes, opened when they are needed; who waits longest is served first."""

    _parameters: dict[str, Any]
    _size: int
    _opened: int = attrs.field(default=0, init=False)
    _idle: list[Lane] = attrs.field(factory=list, init=False)
    _waiting: deque[asyncio.Future[Lane | None]] = attrs.field(factory=deque, init=False)
    _ended: "asyncio.Future[None] | None" = attrs.field(default=None, init=False)

    async def all(self, statement: Prepared, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """The rows that *statement* gives.

        Raises `Broken` when the connection was lost on the way, `Unavailable` when there is none, and the driver's
        error when the database refused the statement.
        """
        lane = await self._take()
        try:
            return await lane.all(statement, parameters)
        finally:
            lane.when_free(lambda: self._give_back(lane))

    async def close(self) -> None:
        """Let what is under way end, then close the lanes; who still waits for one is told that there is none."""
        self._size = 0
        while (turn := self._next()) is not None:
            turn.set_exception(Unavailable(CLOSED))
        while self._idle:
            self._discard(self._idle.pop())
        while self._opened:
            self._ended = asyncio.get_running_loop().create_future()
            await self._ended

    async def _take(self) -> Lane:
        if not self._size:
            raise Unavailable(CLOSED)
        while self._idle:
            lane = self._idle.pop()
            if not lane.is_broken and lane.is_at_home:
                return lane
            self._discard(lane)
        if self._opened < self._size:
            return await self._open()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Lane | None] = loop.create_future()
        self._waiting.append(turn)
        # Lighter than `asyncio.timeout`: under load every booking waits here.
        alarm = loop.call_later(WAIT, _too_late, turn)
        try:
            given = await turn
        except asyncio.CancelledError:
            # It may have been given at this very moment.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())
            raise
        finally:
            alarm.cancel()
        return given if given is not None else await self._open(promised=True)

    async def _open(self, *, promised: bool = False) -> Lane:
        self._opened += not promised
        try:
            return Lane(await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True))
        except psycopg.Error as fault:
            self._let_open()
            raise unavailable(fault) from fault
        except BaseException:
            self._let_open()
            raise

    def _give_back(self, lane: Lane) -> None:
        if lane.is_broken or self._opened > self._size:
            self._discard(lane)
        elif (turn := self._next()) is not None:
            turn.set_result(lane)
        else:
            self._idle.append(lane)

    def _pass_on(self, lane: Lane | None) -> None:
        """Whoever this was given to does not want it any more."""
        if lane is not None:
            self._give_back(lane)
        else:
            self._let_open()

    def _discard(self, lane: Lane) -> None:
        lane.close()
        self._let_open()

    def _let_open(self) -> None:
        """There is room for another connection: whoever waits longest may open it."""
        self._opened -= 1
        if self._opened < self._size and (turn := self._next()) is not None:
            # Promised: nobody else may take the place meanwhile.
            self._opened += 1
            turn.set_result(None)
        if not self._opened and self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _next(self) -> asyncio.Future[Lane | None] | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None


def _too_late(turn: "asyncio.Future[Lane | None]") -> None:
    if not turn.done():
        turn.set_exception(Unavailable("all connections of the hot path are busy"))
