"""What is asked while something is on its way leaves together: the busier it is, the less each question costs."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from registratura.adapters.sql.prepared import Parameters
from registratura.application.ports.failures import Unavailable

Row = Sequence[Any]

TOGETHER = 32
"""Questions in one batch at most."""


@attrs.define
class Together:
    """Asks *ask*, which takes several questions and gives a row for each, in their order.

    Nobody waits for company longer than it takes to see who else asks at this moment. One batch is on its way at a
    time: two halves would cost the database more and be answered later.
    """

    _ask: Callable[[Sequence[Parameters]], Awaitable[Sequence[Row]]]
    _line: deque[tuple[Parameters, "asyncio.Future[Row]"]] = attrs.field(factory=deque, init=False)
    _under_way: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _leaves: bool = attrs.field(default=False, init=False)

    async def one(self, question: Parameters) -> Row:
        """The row that answers *question*; raises what asking raises."""
        answer: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
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
        batch = [self._line.popleft() for _ in range(min(TOGETHER, len(self._line)))]
        # Nobody waits any more for the answers of those who were cancelled.
        batch = [(question, answer) for question, answer in batch if not answer.done()]
        if not batch:
            self._leave_soon()
            return
        questions, answers = zip(*batch, strict=True)
        self._under_way = asyncio.create_task(self._answer(questions, answers))
        self._under_way.add_done_callback(self._arrived)

    def _arrived(self, _: "asyncio.Task[None]") -> None:
        self._under_way = None
        self._leave_soon()

    async def _answer(self, questions: Sequence[Parameters], answers: "Sequence[asyncio.Future[Row]]") -> None:
        try:
            rows = await self._ask(questions)
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
        # One of them cannot be asked at all, or has to wait: the others shall not suffer for it.
        await asyncio.gather(
            *(self._answer((question,), (answer,)) for question, answer in zip(questions, answers, strict=True))
        )
