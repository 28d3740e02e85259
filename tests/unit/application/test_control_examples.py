"""A control example that goes wrong once is told from one that goes wrong every time."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.adapters.passwords import Argon2Passwords
from registratura.application.booking import Desk
from registratura.application.examples import ControlExamples, Shown
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import Rules
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import NOW

pytestmark = pytest.mark.anyio
NAMES = ["lists", "booking", "reminder", "end", "sending", "password"]


@attrs.define
class Stumbling(MemoryStorage):
    """A storage whose units of work with the numbers `fails` find no database."""

    fails: frozenset[int] = frozenset()
    asked: int = 0

    async def transact(self, work: Callable[[Transaction], Any]) -> Any:
        """See the port."""
        self.asked += 1
        if self.asked in self.fails:
            raise Unavailable("storage.silent")
        return await super().transact(work)


async def shown(*fails: int) -> list[Shown]:
    clock = MovableClock(NOW)
    storage = Stumbling(clock, fails=frozenset(fails))
    desk = Desk(rules=Rules(), clock=clock, ids=SequentialIds())
    examples = ControlExamples(storage=storage, desk=desk, words=MaxNotices(), passwords=Argon2Passwords())
    return await examples()


@pytest.mark.req("OPS-03")
async def test_what_is_right_is_walked_once() -> None:
    assert await shown() == [Shown(name, None) for name in NAMES]


@pytest.mark.req("OPS-03")
async def test_what_goes_wrong_once_is_a_fault_that_passed() -> None:
    told = dict.fromkeys(NAMES, (None, False)) | {"booking": ("Unavailable", True)}
    assert {one.name: (one.fault, one.passed) for one in await shown(2)} == told


@pytest.mark.req("OPS-03")
async def test_what_goes_wrong_again_is_a_failure() -> None:
    again = len(NAMES)
    told = dict.fromkeys(NAMES, (None, False)) | {"booking": ("Unavailable", False)}
    assert {one.name: (one.fault, one.passed) for one in await shown(2, again)} == told
