"""A clinic in memory, and its bot. The same paths on real databases are walked from outside, by whole processes."""

import pytest

from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock
from tests.dialogue.chat import Bot, Chat
from tests.dialogue.clinic import MAN_IN_MAX, MOTHER_IN_MAX, NOW, PLAIN, load


@pytest.fixture
async def bot() -> Bot:
    clock = MovableClock(NOW)
    memory = MemoryStorage(clock)
    await load(memory, *PLAIN)
    return Bot(storage=memory, memory=memory, clock=clock)


@pytest.fixture
def mother(bot: Bot) -> Chat:
    return Chat(bot=bot, user=MOTHER_IN_MAX)


@pytest.fixture
def man(bot: Bot) -> Chat:
    return Chat(bot=bot, user=MAN_IN_MAX)
