"""Lanes to PostgreSQL: connections that carry one prepared statement at a time, straight through libpq.

Every statement on a lane is a transaction by itself. The event loop waits for the socket, no thread and no cursor
stands between: on the hot path those cost more than the question.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
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
_FINE = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}


class Broken(Exception):  # a state of the world, not an error of the program
    """The connection broke: what was asked may or may not have been done."""


class Lane:
    """One connection. Nobody asks before the answer to the one before is here."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._libpq: PGconn = connection.pgconn
        self._libpq.nonblocking = 1
        # libpq closes a socket that failed and then does not tell its number any more.
        self._socket = self._libpq.socket
        self._loop = asyncio.get_running_loop()
        self._names: dict[Prepared, bytes] = {}
        self._answer: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        self._when_free: Callable[[], None] | None = None
        self._loop.add_reader(self._socket, self._readable)
        self.is_broken = False

    async def all(self, statement: Prepared, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """The rows that *statement* gives."""
        name = self._names.get(statement)
        if name is None:
            name = b"s%d" % len(self._names)
            await self._ask(lambda: self._libpq.send_prepare(name, statement.lane_text))
            self._names[statement] = name
        values = statement.for_lane(parameters)
        result = await self._ask(lambda: self._libpq.send_query_prepared(name, values))
        columns = range(result.nfields)
        return [
            statement.from_lane([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)
        ]

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
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._libpq.finish()

    async def _ask(self, send: Callable[[], None]) -> PGresult:
        if self.is_broken:
            raise Broken
        answer: asyncio.Future[PGresult] = self._loop.create_future()
        self._answer = answer
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
        answer, self._answer = self._answer, None
        result, self._result = self._result, None
        if answer is not None and result is not None and not answer.cancelled():
            if result.status in _FINE:
                answer.set_result(result)
            else:
                answer.set_exception(error_from_result(result))
        self._free()

    def _break(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(Broken())
        if not self.is_broken:
            self.close()
        self._free()

    def _free(self) -> None:
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

    async def one(self, statement: Prepared, parameters: Parameters) -> Sequence[Any] | None:
        """The first row that *statement* gives, or None; as `all`."""
        rows = await self.all(statement, parameters)
        return rows[0] if rows else None

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
        """Close the lanes that nobody uses; the others end with their answers."""
        self._size = 0
        for lane in self._idle:
            lane.close()
        self._idle.clear()

    async def _take(self) -> Lane:
        while self._idle:
            lane = self._idle.pop()
            if not lane.is_broken:
                return lane
            self._opened -= 1
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
        return given if given is not None else await self._open()

    async def _open(self) -> Lane:
        self._opened += 1
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
            lane.close()
            self._let_open()
        elif (turn := self._next()) is not None:
            turn.set_result(lane)
        else:
            self._idle.append(lane)

    def _pass_on(self, lane: Lane | None) -> None:
        """Whoever this was given to does not want it any more."""
        if lane is not None:
            self._give_back(lane)
        elif (turn := self._next()) is not None:
            turn.set_result(None)

    def _let_open(self) -> None:
        """There is room for another connection: whoever waits longest may open it."""
        self._opened -= 1
        if self._opened < self._size and (turn := self._next()) is not None:
            turn.set_result(None)

    def _next(self) -> asyncio.Future[Lane | None] | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None


def _too_late(turn: "asyncio.Future[Lane | None]") -> None:
    if not turn.done():
        turn.set_exception(Unavailable("all connections of the hot path are busy"))
