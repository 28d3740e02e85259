"""Emulators of MAX for the walks, and walks written down once for each database."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from registratura.adapters.sql import migrate
from tests.harness.programs import Program, answers, free_port
from tests.integration.crashes.databases import Shelf, take
from tests.integration.crashes.stand import load
from tests.integration.crashes.walk import LANES, Place, Step


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of emulators and the folder of their memories."""
    folder = tmp_path_factory.mktemp("worlds")
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "tests.harness.worlds", str(port), folder]
    program = Program("worlds", command, folder, ready=lambda: answers(f"http://127.0.0.1:{port}/first/_people"))
    program.start()
    try:
        program.await_ready()
        yield f"http://127.0.0.1:{port}", folder
    finally:
        program.kill()


@pytest.fixture(scope="package")
def on_sqlite(worlds: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, list[Step]]:
    """A place with files, and the walk written down there."""
    folder = tmp_path_factory.mktemp("sqlite")
    return _walked(folder, worlds, [f"sqlite:///{folder}/{number}.db" for number in range(LANES)])


@pytest.fixture(scope="package")
def on_postgres(
    worlds: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory, make_postgres_database: Callable[..., str]
) -> tuple[Place, list[Step]]:
    """A place with databases on a server, and the walk written down there."""
    databases = [make_postgres_database() for _ in range(LANES)]
    return _walked(tmp_path_factory.mktemp("postgres"), worlds, databases)


def _walked(folder: Path, worlds: tuple[str, Path], databases: Sequence[str]) -> tuple[Place, list[Step]]:
    for database in databases:
        migrate(database)
    load(databases[0])
    place = Place(folder, *worlds, Shelf())
    place.shelf.add(*databases)
    return place, place.write_down(take(databases[0]))
