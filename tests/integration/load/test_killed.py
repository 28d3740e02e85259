"""A load cut short by a power cut is simply repeated."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.harness.product import settings_of
from tests.harness.programs import COMMAND, Program, run
from tests.harness.waiting import until
from tests.integration.load.schedule import schedule, slot_id, write_packed

SLOTS = 30_000


def rows(database: str, asked: str) -> list[tuple[object, ...]]:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(asked))]
    engine.dispose()
    return found


def kept(database: str) -> int:
    return len(rows(database, "SELECT id FROM slot"))


def kill_and_repeat(database: str, folder: Path) -> None:
    settings = settings_of(database, "http://127.0.0.1:9")
    assert run("migrate", settings=settings, folder=folder).returncode == 0
    file = write_packed(folder / "schedule.ndjson.gz", schedule(SLOTS))

    loading = Program("load", [COMMAND, "load", file], folder, settings)
    loading.start()
    until(lambda: kept(database), "something of the schedule is kept")
    loading.kill()
    before = kept(database)
    assert before < SLOTS, "the load was over before it was killed"

    second = run("load", file, settings=settings, folder=folder)
    assert f"slot: новых {SLOTS - before}, изменено 0, без изменений {before}, отказано 0" in second.stdout
    whole = rows(database, "SELECT * FROM slot ORDER BY id")
    assert [row[0] for row in whole] == sorted(slot_id(number) for number in range(SLOTS))

    third = run("load", file, settings=settings, folder=folder)
    assert f"slot: новых 0, изменено 0, без изменений {SLOTS}, отказано 0" in third.stdout
    assert rows(database, "SELECT * FROM slot ORDER BY id") == whole


def test_a_load_killed_in_the_middle_is_completed_by_repeating_it_on_sqlite(tmp_path: Path) -> None:
    kill_and_repeat(f"sqlite:///{tmp_path}/registratura.db", tmp_path)


def test_a_load_killed_in_the_middle_is_completed_by_repeating_it_on_postgres(
    make_postgres_database: Callable[..., str], tmp_path: Path
) -> None:
    kill_and_repeat(make_postgres_database(), tmp_path)
