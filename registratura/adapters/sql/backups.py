"""Backups: everything the database holds for us in one file, and back again.

A SQLite file is copied while others write; PostgreSQL's own programs, `pg_dump`, `pg_restore` and `psql`, see to the
other. Backups hold personal data, so nobody but their owner may read them.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, NullPool, create_engine, inspect, literal, select

from registratura.adapters.sql import schema
from registratura.adapters.sql.engines import BROKEN, POSTGRESQL, database_url, unavailable
from registratura.adapters.sql.tables import metadata

_OURS = [*sorted(metadata.tables), "alembic_version"]
_ENDINGS = {POSTGRESQL: ".pgdump", "sqlite": ".sqlite"}
_LOCK = "-c lock_timeout=10s"
"""How long a restore waits for those who still use the tables."""


class Hindrance(Enum):
    """Why a backup was not made, or not restored."""

    NOT_A_BACKUP = "not_a_backup"
    """The file is damaged, or is none of this kind of database."""
    FROM_A_NEWER_VERSION = "from_a_newer_version"
    NOT_EMPTY = "not_empty"
    """There is something in the database that the restore would replace."""
    NO_PROGRAM = "no_program"
    """A program of PostgreSQL is not installed; `detail` names it."""
    PROGRAM_FAILED = "program_failed"
    """`detail` names it; what it said may quote a row."""


@attrs.frozen
class BackupRefused(Exception):  # a state of the world, not an error of the program
    """Nothing was changed."""

    hindrance: Hindrance
    detail: str = ""


def backup(url: str, folder: Path, *, now: datetime, keep: int | None = None) -> Path:
    """Write everything at *url* into a new file in *folder* and give its name.

    The file appears when it is complete and checked. Afterwards only the newest *keep* backups stay; None keeps all.
    Raises `BackupRefused`, and `Unavailable` when the database does not answer.
    """
    saved = _save(database_url(url), folder, f"registratura-{now:%Y%m%dT%H%M%SZ}")
    if keep is not None:
        older = sorted(folder.glob(f"registratura-????????T??????Z{saved.suffix}"))[:-keep]
        for one in older:
            one.unlink()
    return saved


def restore(url: str, file: Path, *, now: datetime, replace: bool = False) -> Path | None:
    """Bring the database at *url* to what *file* holds, all or nothing.

    What is there already is replaced only with *replace*, and saved beside *file* first: gives that backup. Raises
    `BackupRefused`, and `Unavailable` when the database does not answer or is in use.
    """
    address = database_url(url)
    remote = address.get_backend_name() == POSTGRESQL
    revision = _revision_of_dump(file) if remote else _revision_of_copy(file)
    if revision is not None and not schema.is_known(revision):
        raise BackupRefused(Hindrance.FROM_A_NEWER_VERSION)
    before = None
    if not _is_empty(address):
        if not replace:
            raise BackupRefused(Hindrance.NOT_EMPTY)
        before = _save(address, file.parent, f"registratura-{now:%Y%m%dT%H%M%SZ}-before-restore")
    if remote:
        _restore_dump(address, file)
    else:
        _restore_copy(address, file)
    return before


def _save(address: URL, folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    ending = _ENDINGS[address.get_backend_name()]
    part, whole = folder / f"{name}{ending}.part", folder / f"{name}{ending}"
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if address.get_backend_name() == POSTGRESQL:
            tables = [f"--table={name}" for name in _OURS]
            _postgres("pg_dump", address, "--format=custom", "--no-owner", "--no-privileges", f"--file={part}", *tables)
            _revision_of_dump(part)
        else:
            with _sqlite(Path(address.database or ""), "rw") as source:
                source.execute("VACUUM INTO ?", (str(part),))
            _revision_of_copy(part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(whole)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return whole


def _is_empty(address: URL) -> bool:
    """Whether none of our tables has a row."""
    if address.get_backend_name() != POSTGRESQL and not Path(address.database or "").exists():
        return True
    engine = create_engine(address, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            present = set(inspect(connection).get_table_names())
            tables = [table for table in metadata.sorted_tables if table.name in present]
            # No column is named: the schema may be an older one.
            return not any(
                connection.execute(select(literal(1)).select_from(table).limit(1)).first() for table in tables
            )
    except BROKEN as broken:
        raise unavailable(broken) from broken
    finally:
        engine.dispose()


@contextmanager
def _sqlite(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=10)) as connection:
            yield connection
    except sqlite3.OperationalError as broken:
        raise unavailable(broken) from broken


def _revision_of_copy(file: Path) -> str | None:
    """The schema's revision in a copy that is whole."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise BackupRefused(Hindrance.NOT_A_BACKUP)
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as foreign:
        raise BackupRefused(Hindrance.NOT_A_BACKUP) from foreign
    return str(found[0]) if found else None


def _restore_copy(address: URL, file: Path) -> None:
    target = Path(address.database or "")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _sqlite(file, "ro") as source, _sqlite(target, "rwc") as connection:
        # One transaction, so that whoever reads meanwhile sees all of the old or all of the new.
        source.backup(connection)


def _revision_of_dump(file: Path) -> str | None:
    """The schema's revision in a dump that can be read to its end."""
    try:
        _script_of(file, f"--file={os.devnull}")
        lines = _script_of(file, "--data-only", "--table=alembic_version", "--file=-").decode().splitlines()
    except BackupRefused as refused:
        if refused.hindrance is Hindrance.PROGRAM_FAILED:
            raise BackupRefused(Hindrance.NOT_A_BACKUP) from refused
        raise
    begins = [number for number, line in enumerate(lines) if line.startswith("COPY ")]
    if not begins:
        raise BackupRefused(Hindrance.NOT_A_BACKUP)
    following = lines[begins[0] + 1]
    return following if following != "\\." else None


def _restore_dump(address: URL, file: Path) -> None:
    dropping = f"DROP TABLE IF EXISTS {', '.join(_OURS)}"
    with TemporaryDirectory() as folder:
        # First whole on the disk: a script that breaks off would be committed as far as it goes.
        script = Path(folder) / "restore.sql"
        _script_of(file, f"--file={script}")
        once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _postgres("psql", address, *once, f"--command={dropping}", f"--file={script}")


def _script_of(file: Path, *asked: str) -> bytes:
    """Let `pg_restore` turn *file* into SQL, where and of what *asked* says."""
    return _program("pg_restore", ["--no-owner", "--no-privileges", *asked, str(file)])


def _postgres(program: str, address: URL, *arguments: str) -> None:
    """Run *program* on the database at *address*; the password stands in no list of processes."""
    _, asked = address.get_dialect()().create_connect_args(address)
    password = asked.pop("password", None)
    where = {name: str(value) for name, value in asked.items() if isinstance(value, str | int)}
    secret = {"PGPASSWORD": str(password)} if password is not None else {}
    _program(program, [f"--dbname={make_conninfo(**where)}", *arguments], **secret, PGOPTIONS=_LOCK)


def _program(name: str, arguments: Sequence[str], **environment: str) -> bytes:
    """What *name* wrote to its standard output."""
    path = shutil.which(name)
    if path is None:
        raise BackupRefused(Hindrance.NO_PROGRAM, name)
    done = subprocess.run([path, *arguments], env={**os.environ, **environment}, capture_output=True, check=False)  # noqa: S603  # no shell
    if done.returncode != 0:
        raise BackupRefused(Hindrance.PROGRAM_FAILED, name)
    return done.stdout
