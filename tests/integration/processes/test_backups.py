"""Backups by the commands an operator types: whatever is lost or spoilt comes back from one file."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.product import Product, query, running, settings_of
from tests.harness.programs import run
from tests.harness.village import Village

TABLES = (
    "slot",
    "appointment",
    "consent",
    "patient",
    "resource",
    "organisation",
    "outbox",
    "inbox",
    "request",
    "audit",
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgres_database: Callable[..., str]
) -> Callable[[], str]:
    """Makes empty databases of one kind."""
    if request.param == "postgres":
        return make_postgres_database
    numbers = iter(range(9))
    return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"


def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table that matters, as text."""
    return {table: sorted(map(repr, query(url, f"SELECT * FROM {table}"))) for table in TABLES}  # noqa: S608  # names of ours


def book(product: Product, village: Village) -> str:
    """One booking by the API; gives the patient's id."""
    person = village.citizens[0].id
    asked = {"patient_id": person, "slot_id": village.slot_id(village.therapist, village.days[0], "10:20")}
    assert product.call("POST", "/api/v1/bookings", json=asked).status_code == 201
    return person


def saved(folder: Path, settings: dict[str, str]) -> Path:
    """Make a backup; its file."""
    done = run("backup", "--to", "backups", settings=settings, folder=folder)
    assert done.returncode == 0, done.stderr
    (file,) = (folder / "backups").iterdir()
    assert str(file.relative_to(folder)) in done.stdout
    return file


def one_saved(url: str, folder: Path) -> tuple[str, dict[str, str], Path]:
    """A database of one row and its backup: address, settings, file."""
    settings = settings_of(url, "http://127.0.0.1:1")
    assert run("migrate", settings=settings, folder=folder).returncode == 0
    query(url, "INSERT INTO speciality (id, name, digest) VALUES ('1', 'Терапия', 'x')")
    return url, settings, saved(folder, settings)


@pytest.mark.req("OPS-08")
def test_a_lost_database_is_restored_into_an_empty_installation(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    lost = new_database()
    with running(tmp_path, lost) as product:
        person = book(product, product.settle())
        # Others work while the backup is made.
        file = saved(tmp_path, {"REGISTRATURA_DATABASE_URL": lost})
        held = product.bookings(person)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    found = new_database()
    settings = {"REGISTRATURA_DATABASE_URL": found}
    done = run("restore", file, settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert contents(found) == contents(lost)
    (tmp_path / "again").mkdir()
    with running(tmp_path / "again", found) as product:
        assert product.bookings(person) == held


@pytest.mark.req("OPS-09")
def test_what_staff_spoilt_is_restored_and_what_was_there_is_kept(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    settings = {"REGISTRATURA_DATABASE_URL": url}
    with running(tmp_path, url) as product:
        book(product, product.settle())
        file = saved(tmp_path, settings)
        right = contents(url)
        query(url, "DELETE FROM appointment")
        query(url, "UPDATE slot SET status = 'BLOCKED'")
    spoilt = contents(url)

    refused = run("restore", file, settings=settings, folder=tmp_path)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert contents(url) == spoilt

    done = run("restore", "--replace", file, settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert contents(url) == right
    (before,) = set(file.parent.iterdir()) - {file}
    assert str(before) in done.stdout
    assert run("restore", "--replace", before, settings=settings, folder=tmp_path).returncode == 0
    assert contents(url) == spoilt


def test_a_damaged_backup_changes_nothing(new_database: Callable[[], str], tmp_path: Path) -> None:
    url, settings, file = one_saved(new_database(), tmp_path)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"SELECT 1;"):
        file.write_bytes(damaged)
        refused = run("restore", "--replace", file, settings=settings, folder=tmp_path)
        assert refused.returncode == 1
        assert "повреждена" in refused.stderr
        assert query(url, "SELECT name FROM speciality") == [("Терапия",)]
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_database_of_an_older_version_is_replaced_too(new_database: Callable[[], str], tmp_path: Path) -> None:
    url, settings, file = one_saved(new_database(), tmp_path)
    query(url, "ALTER TABLE speciality DROP COLUMN digest")
    assert run("restore", file, settings=settings, folder=tmp_path).returncode == 1
    done = run("restore", "--replace", file, settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert query(url, "SELECT name, digest FROM speciality") == [("Терапия", "x")]


def test_a_backup_of_a_later_version_is_refused(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    settings = {"REGISTRATURA_DATABASE_URL": url}
    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    query(url, "UPDATE alembic_version SET version_num = '9999'")
    file = saved(tmp_path, settings)
    refused = run("restore", file, settings={"REGISTRATURA_DATABASE_URL": new_database()}, folder=tmp_path)
    assert refused.returncode == 1
    assert "более новая версия" in refused.stderr


def test_only_the_newest_are_kept_and_nothing_else_is_touched(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    settings = {"REGISTRATURA_DATABASE_URL": url}
    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    ending = ".sqlite" if url.startswith("sqlite") else ".pgdump"
    older = [f"registratura-2026010{day}T030000Z{ending}" for day in (1, 2, 3)]
    others = [f"registratura-20260101T030000Z-before-restore{ending}", "notes.txt"]
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in (*older, *others):
        (folder / name).touch()
    done = run("backup", "--to", "backups", "--keep", "2", settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    left = {one.name for one in folder.iterdir()}
    assert {older[2], *others} < left
    assert len(left) == 4


def test_what_cannot_be_saved_is_said(new_database: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = new_database()
    settings = {"REGISTRATURA_DATABASE_URL": url}
    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    assert run("backup", "--to", "file", settings=settings, folder=tmp_path).returncode == 2
    refused = run("backup", "--to", "file/inside", settings=settings, folder=tmp_path)
    assert refused.returncode == 1
    assert "Проверьте путь" in refused.stderr
    absent = run("restore", "absent", settings=settings, folder=tmp_path)
    assert absent.returncode == 2
