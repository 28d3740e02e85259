"""What is asked while something is on its way leaves together: the busier it is, the less each question costs."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
import psycopg

from registratura.adapters.sql.prepared import Parameters

Row = Sequence[Any]
_Waiting = tuple[Parameters, "asyncio.Future[Row]"]

TOGETHER = 32
"""Questions in one batch at most."""


_UNASKABLE = (ValueError, TypeError, psycopg.DataError)
"""What one question that cannot be asked does to its whole batch."""


@attrs.define
class Together:
    """Asks *ask*, which takes several questions and gives a row for each, in their order, and waits for nobody.

    A question waits for company no longer than it takes to see who else asks at this moment. One batch is on its way at
    a time: two halves would cost the database more and be answered later.
    """

    _ask: Callable[[Sequence[Parameters]], Awaitable[Sequence[Row]]]
    _loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, init=False)
    _line: deque[_Waiting] = attrs.field(factory=deque, init=False)
    _under_way: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _leaves: bool = attrs.field(default=False, init=False)

    async def one(self, question: Parameters) -> Row:
        """The row that answers *question*; raises what asking raises."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Nobody waits any more in a loop that ended, and nothing of it will ever arrive.
            self._loop, self._under_way, self._leaves = loop, None, False
            self._line.clear()
        answer: asyncio.Future[Row] = loop.create_future()
        self._line.append((question, answer))
        self._leave_soon()
        return await answer

    def _leave_soon(self) -> None:
        if self._line and self._under_way is None and not self._leaves:
            self._leaves = True
            # After those who are about to ask too: the answers to one batch come at one moment.
            asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        self._leaves = False
        batch = _wanted([self._line.popleft() for _ in range(min(TOGETHER, len(self._line)))])
        if not batch:
            self._leave_soon()
            return
        self._under_way = asyncio.create_task(self._answer(batch))
        self._under_way.add_done_callback(self._arrived)

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        if task is self._under_way:
            self._under_way = None
            self._leave_soon()

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            rows = await self._ask([question for question, _ in batch])
            for (_, answer), row in zip(batch, rows, strict=True):
                if not answer.done():
                    answer.set_result(row)
        except _UNASKABLE as fault:
            if len(batch) == 1:
                _fail(batch, fault)
                return
            # The others shall not suffer for one of them.
            for one in _wanted(batch):
                await self._answer([one])
        except Exception as fault:  # noqa: BLE001  # it belongs to whoever asked
            _fail(batch, fault)
        except BaseException:
            for _, answer in batch:
                answer.cancel()
            raise


def _wanted(batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
    """Those for whose answers somebody still waits."""
    return [(question, answer) for question, answer in batch if not answer.done()]


def _fail(batch: Sequence[_Waiting], fault: Exception) -> None:
    for _, answer in _wanted(batch):
        answer.set_exception(fault)
