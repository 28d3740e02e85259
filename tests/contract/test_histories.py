"""Twenty clients at once are told nothing that a one-place register could not have told them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings

from registratura.adapters.sql import migrate, open_storage
from registratura.application.ports.storage import Storage
from registratura.testing.history import Answer, Kind, check, contend
from registratura.testing.memory import MemoryStorage
from tests.property.broken_storages import LooksAndLeaps

pytestmark = pytest.mark.anyio


async def judge(storage: Storage, seed: int) -> None:
    # `--hypothesis-profile=long` is for the night.
    each = 1_000 if settings.get_current_profile_name() == "long" else 80
    history = await contend(storage, Random(seed).randrange, each=each)
    assert [impossible.report() for impossible in check(history)] == []
    told = Counter((one.kind, one.answer) for one in history)
    # Otherwise nothing was contended for.
    assert min(told[kind, answer] for kind in (Kind.BOOK, Kind.CANCEL) for answer in (Answer.YES, Answer.NO)) > 0


async def test_clients_of_the_double() -> None:
    await judge(MemoryStorage(), seed=1)


async def test_clients_of_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/registratura.db"
    migrate(url)
    async with open_storage(url) as storage:
        await judge(storage, seed=2)


async def test_clients_of_postgres(make_postgres_database: Callable[..., str]) -> None:
    url = make_postgres_database()
    migrate(url)
    async with open_storage(url) as storage:
        await judge(storage, seed=3)


async def test_clients_of_a_storage_that_does_not_guard_its_slots_are_told_the_impossible() -> None:
    history = await contend(LooksAndLeaps(), Random(4).randrange)
    (found, *_) = check(history)
    assert "no order of events explains" in found.report()
