"""The machine finds nothing wrong with the double, SQLite and PostgreSQL."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import count
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import create_engine, text

from registratura.adapters.sql import migrate, open_storage
from registratura.adapters.sql.tables import metadata
from registratura.application.ports.storage import Storage
from registratura.testing.machine import StorageMachine
from registratura.testing.memory import MemoryStorage

Opening = Callable[[], AbstractAsyncContextManager[Storage]]


def run(fresh: Callable[[], Opening], share: float) -> None:
    """Let the machine live in storages that *fresh* makes, as often as the profile says times *share*.

    `--hypothesis-profile=long --timeout=0` is for the night: it makes long lives, and short stories of what is red.
    """

    class Machine(StorageMachine):
        def open_storage(self) -> Opening:
            return fresh()

    usual = settings.default
    assert usual is not None
    long = settings.get_current_profile_name() == "long"
    wanted = settings(
        usual,
        max_examples=max(1, int(usual.max_examples * share)),
        stateful_step_count=100 if long else 50,
        # To shorten fifty steps takes minutes, and the story as it happened is already told in words.
        phases=tuple(Phase) if long else (Phase.generate,),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(Machine, settings=wanted)


@pytest.fixture(scope="module")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module")
def migrated_postgres(make_postgres_database: Callable[..., str]) -> str:
    url = make_postgres_database()
    migrate(url)
    return url


def test_the_double_keeps_every_promise() -> None:
    def fresh() -> Opening:
        storage = MemoryStorage()
        return lambda: nullcontext(storage)

    run(fresh, share=2)


def test_sqlite_keeps_every_promise(migrated_sqlite: Path, tmp_path: Path) -> None:
    numbers = count()

    def fresh() -> Opening:
        file = tmp_path / f"{next(numbers)}.db"
        copyfile(migrated_sqlite, file)
        return lambda: open_storage(f"sqlite:///{file}")

    run(fresh, share=0.2)


def test_postgres_keeps_every_promise(migrated_postgres: str) -> None:
    def fresh() -> Opening:
        # Emptied, not made anew: a new database costs as much as all the steps in it.
        engine = create_engine(migrated_postgres)
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY CASCADE"))
        engine.dispose()
        return lambda: open_storage(migrated_postgres, pool_size=4)

    run(fresh, share=0.15)
