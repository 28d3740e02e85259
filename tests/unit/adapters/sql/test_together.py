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


class UnaskableError(Exception):
    """What the database says to a question that it cannot read."""


@attrs.define
class Slow:
    """Answers when it is told to, each question with itself; it cannot read «\\0»."""

    may_answer: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_busy: asyncio.Event = attrs.field(factory=asyncio.Event)
    sizes: list[int] = attrs.field(factory=list)
    gone: bool = False

    async def __call__(self, asked: Sequence[Parameters]) -> Sequence[Sequence[Any]]:
        words = [question["word"] for question in asked]
        self.sizes.append(len(words))
        self.is_busy.set()
        await self.may_answer.wait()
        if self.gone:
            raise Unavailable
        if "\0" in words:
            raise UnaskableError
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
    assert isinstance(ended.pop(3), UnaskableError)
    assert ended == [("a",), ("b",), ("c",), ("d",)]


async def test_who_has_to_wait_is_asked_apart_and_the_others_beside() -> None:
    slow = Slow()
    slow.may_answer.set()
    await asked(Together(slow), "a", "\0", "b")
    assert slow.sizes == [3, 1, 1, 1]


async def test_nobody_is_asked_again_when_the_database_is_gone() -> None:
    slow = Slow(gone=True)
    slow.may_answer.set()
    ended = await asked(Together(slow), *"abcdefgh")
    assert {type(one) for one in ended} == {Unavailable}
    assert slow.sizes == [len(ended)]


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
