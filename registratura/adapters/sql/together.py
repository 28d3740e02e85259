"""Questions that come while others are on their way leave together: the busier it is, the less each of them costs."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from registratura.adapters.sql.prepared import Parameters
from registratura.application.ports.failures import Unavailable

Row = Sequence[Any]

AT_ONCE = 2
"""Batches on their way at once: one is answered while the next one is asked."""
TOGETHER = 16
"""Questions in one batch at most."""


@attrs.define
class Together:
    """Asks *ask*, which takes lists and gives a row for each question, in their order.

    Nobody waits for company: a question leaves at once unless `AT_ONCE` batches are on their way.
    """

    _ask: Callable[[Parameters], Awaitable[Sequence[Row]]]
    _line: deque[tuple[Parameters, "asyncio.Future[Row]"]] = attrs.field(factory=deque, init=False)
    _under_way: set["asyncio.Task[None]"] = attrs.field(factory=set, init=False)

    async def one(self, question: Parameters) -> Row:
        """The row that answers *question*; raises what asking raises."""
        answer: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._line.append((question, answer))
        if len(self._under_way) < AT_ONCE:
            self._leave()
        return await answer

    def _leave(self) -> None:
        batch = [self._line.popleft() for _ in range(min(TOGETHER, len(self._line)))]
        # Nobody waits any more for the answers of those who were cancelled.
        batch = [(question, answer) for question, answer in batch if not answer.done()]
        if not batch:
            return
        questions, answers = zip(*batch, strict=True)
        task = asyncio.create_task(self._answer(questions, answers))
        self._under_way.add(task)
        task.add_done_callback(self._arrived)

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        while self._line and len(self._under_way) < AT_ONCE:
            self._leave()

    async def _answer(self, questions: Sequence[Parameters], answers: "Sequence[asyncio.Future[Row]]") -> None:
        lists = {name: [question[name] for question in questions] for name in questions[0]}
        try:
            rows = await self._ask(lists)
        except Exception as fault:  # noqa: BLE001  # it belongs to whoever asked
            await self._failed(questions, answers, fault)
            return
        for answer, row in zip(answers, rows, strict=True):
            if not answer.done():
                answer.set_result(row)

    async def _failed(
        self, questions: Sequence[Parameters], answers: "Sequence[asyncio.Future[Row]]", fault: Exception
    ) -> None:
        if len(questions) == 1 or isinstance(fault, Unavailable):
            for answer in answers:
                if not answer.done():
                    answer.set_exception(fault)
            return
        # One of them cannot be asked at all; the others shall not suffer for it.
        await self._answer(questions[:1], answers[:1])
        await self._answer(questions[1:], answers[1:])
