"""A clinic on a fresh database, and its bot."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.domain.identifiers import MessengerId
from tests.dialogue.chat import Bot, Chat
from tests.dialogue.clinic import MAN_IN_MAX, MOTHER_IN_MAX, PLAIN, load


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dialogue") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
async def storage(migrated: Path, tmp_path: Path) -> AsyncIterator[SqlStorage]:
    shutil.copyfile(migrated, tmp_path / "clinic.db")
    async with open_storage(f"sqlite:///{tmp_path}/clinic.db", pool_size=2) as storage:
        yield storage


@pytest.fixture
async def bot(storage: SqlStorage, tmp_path: Path) -> Bot:
    await load(storage, *PLAIN)
    return Bot(storage=storage, database=f"sqlite:///{tmp_path}/clinic.db")


@pytest.fixture
def mother(bot: Bot) -> Chat:
    return Chat(bot=bot, user=MOTHER_IN_MAX)


@pytest.fixture
def man(bot: Bot) -> Chat:
    return Chat(bot=bot, user=MAN_IN_MAX)


@pytest.fixture
def open_chat(bot: Bot) -> Callable[[str], Chat]:
    return lambda user: Chat(bot=bot, user=MessengerId(user))
