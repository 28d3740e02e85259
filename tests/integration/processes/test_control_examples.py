"""`registratura doctor --examples`: the product's ways are walked on demand, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.product import query
from tests.harness.programs import free_port, run

EXAMPLES = 6
TABLES = ("organisation", "resource", "purpose", "patient", "slot", "appointment", "outbox", "consent")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def database(request: pytest.FixtureRequest, tmp_path: Path, make_postgres_database: Callable[..., str]) -> str:
    return make_postgres_database() if request.param == "postgres" else f"sqlite:///{tmp_path}/registratura.db"


@pytest.mark.req("OPS-04")
def test_every_example_is_told_and_undone(database: str, tmp_path: Path) -> None:
    settings = {"REGISTRATURA_DATABASE_URL": database}
    unready = run("doctor", "--examples", settings=settings, folder=tmp_path)
    assert unready.returncode == 1
    assert "registratura migrate" in unready.stderr

    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    # Whatever days the region opens: here none of the next fortnight.
    settings |= {"REGISTRATURA_TMK_SCHEDULE_MIN_LEAD_MINUTES": "20160"}
    done = run("doctor", "--examples", settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✓ пример") == EXAMPLES
    assert "✗" not in done.stdout
    for table in TABLES:
        assert query(database, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608  # names of ours


@pytest.mark.req("OPS-03", "OPS-04")
def test_what_fails_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/registratura.db"
    settings = {"REGISTRATURA_DATABASE_URL": database}
    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    query(database, "DROP TABLE consent")
    done = run("doctor", "--examples", settings=settings, folder=tmp_path)
    assert done.returncode == 1
    assert "✗ пример «запись и отмена»: не прошёл" in done.stdout
    assert "✓ пример «списки»: прошёл" in done.stdout
    assert "✓ пример «вход по паролю»: прошёл" in done.stdout


@pytest.mark.req("OPS-04")
def test_without_a_database_nothing_passes(tmp_path: Path) -> None:
    nobody = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    done = run("doctor", "--examples", settings={"REGISTRATURA_DATABASE_URL": nobody}, folder=tmp_path)
    assert done.returncode == 1
    assert "database.url" in done.stderr
    assert "✓" not in done.stdout
