"""Questions leave together when it is busy, and each gets its own answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from registratura.adapters.sql.prepared import Parameters
from registratura.adapters.sql.together import TOGETHER, Together
from registratura.application.ports.failures import Unavailable

pytestmark = pytest.mark.anyio


@attrs.define
class Slow:
    """Answers when it is told to, each question with itself; it cannot read «\\0»."""

    may_answer: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_busy: asyncio.Event = attrs.field(factory=asyncio.Event)
    sizes: list[int] = attrs.field(factory=list)
    fault: BaseException | None = None

    async def __call__(self, asked: Sequence[Parameters]) -> Sequence[Sequence[Any]]:
        words = [question["word"] for question in asked]
        self.sizes.append(len(words))
        self.is_busy.set()
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        if "\0" in words:
            raise ValueError("zero")
        return [(word,) for word in words]


async def asked(together: Together, *words: str) -> list[object]:
    return list(await asyncio.gather(*(together.one({"word": word}) for word in words), return_exceptions=True))


async def test_a_question_without_company_leaves_at_once() -> None:
    slow = Slow()
    slow.may_answer.set()
    assert await asked(Together(slow), "one") == [("one",)]
    assert slow.sizes == [1]


async def test_those_who_come_at_one_moment_leave_together() -> None:
    slow = Slow()
    slow.may_answer.set()
    assert await asked(Together(slow), "one", "two", "three") == [("one",), ("two",), ("three",)]
    assert slow.sizes == [3]


async def test_those_who_come_meanwhile_leave_together_and_get_their_own_answers() -> None:
    slow = Slow()
    together = Together(slow)
    first = asyncio.ensure_future(together.one({"word": "first"}))
    await slow.is_busy.wait()
    words = [str(number) for number in range(TOGETHER + 3)]
    waiting = asyncio.ensure_future(asked(together, *words))
    await asyncio.sleep(0)
    slow.may_answer.set()
    assert await first == ("first",)
    assert await waiting == [(word,) for word in words]
    assert slow.sizes == [1, TOGETHER, 3]


async def test_one_that_cannot_be_asked_fails_alone() -> None:
    slow = Slow()
    waiting = asyncio.ensure_future(asked(Together(slow), "a", "b", "c", "\0", "d"))
    await slow.is_busy.wait()
    slow.may_answer.set()
    ended = await waiting
    assert isinstance(ended.pop(3), ValueError)
    assert ended == [("a",), ("b",), ("c",), ("d",)]


@pytest.mark.parametrize("fault", [Unavailable(), RuntimeError()])
async def test_nobody_is_asked_again_when_it_is_not_the_questions(fault: Exception) -> None:
    slow = Slow(fault=fault)
    slow.may_answer.set()
    assert await asked(Together(slow), *"abcdefgh") == [fault] * 8
    assert slow.sizes == [8]


async def test_nobody_waits_for_who_was_stopped() -> None:
    slow = Slow(fault=asyncio.CancelledError())
    slow.may_answer.set()
    ended = await asked(Together(slow), "a", "b")
    assert [type(one) for one in ended] == [asyncio.CancelledError] * 2


async def test_who_gave_up_takes_nobody_else_along() -> None:
    slow = Slow()
    together = Together(slow)
    tasks = [asyncio.ensure_future(together.one({"word": word})) for word in "abcdef"]
    await slow.is_busy.wait()
    tasks[0].cancel()
    tasks[3].cancel()
    slow.may_answer.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one for one in ended if not isinstance(one, BaseException)] == [("b",), ("c",), ("e",), ("f",)]


def test_loop_that_ended_holds_up_nobody() -> None:
    slow = Slow()
    together = Together(slow)
    ended = asyncio.new_event_loop()
    left = ended.create_task(together.one({"word": "left"}))
    ended.run_until_complete(slow.is_busy.wait())

    slow.may_answer = asyncio.Event()
    slow.may_answer.set()
    slow.is_busy = asyncio.Event()
    assert asyncio.run(together.one({"word": "next"})) == ("next",)

    left.cancel()
    ended.run_until_complete(asyncio.wait([left]))
    ended.close()
