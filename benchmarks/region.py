"""An invented region of any size, written into the product's tables by the databases themselves.

One organisation has 25 doctors, five of each of five specialities; one doctor has 200 times of 20 minutes: ten on each
of 20 working days, from tomorrow on. Neighbours in the table belong to different doctors: of all orders in which slots
may have been loaded, the one in which a doctor's slots lie furthest apart.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import sqlalchemy

from benchmarks.cluster import connect
from registratura.adapters.sql import migrate

SLOTS_OF_DOCTOR = 200
DOCTORS_OF_ORGANISATION = 25
SPECIALITIES = 40
PATIENTS = 1_000_000
ZONE = ZoneInfo("Europe/Moscow")
SCRAMBLE = 2_654_435_761
"""Knuth's multiplier: numbers that follow each other get ids that lie apart."""
ORGANISATION, DOCTOR, SLOT, PATIENT = 1, 2, 3, 4


@attrs.frozen
class Region:
    """How much of everything there is."""

    slots: int
    patients: int = PATIENTS

    @property
    def doctors(self) -> int:
        """Doctors in all."""
        return self.slots // SLOTS_OF_DOCTOR

    @property
    def organisations(self) -> int:
        """Organisations in all."""
        return max(1, self.doctors // DOCTORS_OF_ORGANISATION)

    def pair(self, number: int) -> tuple[str, str]:
        """Ids of an organisation and of a speciality that five of its doctors have."""
        organisation = number % self.organisations
        speciality = (organisation + number // self.organisations % 5 * 8) % SPECIALITIES
        return id_of(ORGANISATION, organisation), str(speciality)


def id_of(kind: int, number: int) -> str:
    """The id of the thing with this number, as the databases and the scripts of wrk compute it too."""
    return f"{number * SCRAMBLE % 2**32:08x}-000{kind}-4000-8000-{number:012x}"


def fill_postgres(url: str, region: Region) -> None:
    """Migrate the empty database at *url* and fill it. Indexes of slots are made at the end: it takes half the time."""
    migrate(url)
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        keys = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'slot'::regclass AND contype IN ('p', 'u')"
        ).fetchall()
        foreign = connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE confrelid = 'slot'::regclass"
        ).fetchall()
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'slot' AND indexname LIKE 'ix%'"
        ).fetchall()
        for table, name, _ in foreign:
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in keys:
            connection.execute(f'ALTER TABLE slot DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        for statement in _statements(region, _POSTGRES):
            connection.execute(statement.encode())
        for name, definition in keys:
            connection.execute(f'ALTER TABLE slot ADD CONSTRAINT "{name}" {definition}')
        for _, definition in indexes:
            connection.execute(definition)
        for table, name, definition in foreign:
            connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        # Those that are still empty are left alone, as in a new installation.
        connection.execute("VACUUM ANALYZE organisation, resource, speciality, purpose, patient, slot")
        connection.execute("CHECKPOINT")


def fill_sqlite(url: str, region: Region) -> None:
    """Migrate the new file at *url* and fill it."""
    migrate(url)
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -524288")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'slot' AND type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute("BEGIN")
        for statement in _statements(region, _SQLITE):
            connection.execute(statement)
        connection.execute("COMMIT")
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def file_of(url: str) -> Path:
    """The file of a SQLite URL."""
    database = sqlalchemy.make_url(url).database
    assert database
    return Path(database)


@attrs.frozen
class _Dialect:
    """What the databases spell differently."""

    id: str
    numbers: str
    starts: str
    day: str
    true: str


_POSTGRES = _Dialect(
    id="lpad(to_hex(({n})::bigint * {scramble} % 4294967296), 8, '0') || '-000{kind}-4000-8000-'"
    " || lpad(to_hex({n}), 12, '0')",
    numbers="generate_series(0, {last}) AS numbers(n)",
    starts="timestamptz '{first}T06:00:00Z' + ({days}) * interval '1 day' + ({minutes}) * interval '1 minute'",
    day="date '{first}' + ({days})::int",
    true="true",
)
_SQLITE = _Dialect(
    id="printf('%08x-000{kind}-4000-8000-%012x', ({n}) * {scramble} % 4294967296, {n})",
    numbers="(WITH RECURSIVE more(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM more WHERE n < {last})"
    " SELECT n FROM more) AS numbers",
    starts="strftime('%Y-%m-%dT%H:%M:%S.000000Z', '{first}T06:00:00', ({days}) || ' days', ({minutes}) || ' minutes')",
    day="date('{first}', ({days}) || ' days')",
    true="1",
)


def _statements(region: Region, speak: _Dialect) -> Iterator[str]:
    def named(kind: int, n: str) -> str:
        return speak.id.format(kind=kind, n=n, scramble=SCRAMBLE)

    def numbers(count: int) -> str:
        return speak.numbers.format(last=count - 1)

    first = datetime.now(ZONE).date() + timedelta(days=1)
    doctor, place = f"(n % {region.doctors})", f"(n / {region.doctors})"
    day, minutes = f"({place} / 10 / 5 * 7 + {place} / 10 % 5)", f"({place} % 10 * 20)"
    works_at = f"({{}} % {region.organisations})"
    speciality = f"(({works_at} + n / {region.organisations} % 5 * 8) % {SPECIALITIES})".format("n")
    yield (
        "INSERT INTO organisation (id, name, trimmed_name, address, zone, accepts, age, checks, digest)"
        f" SELECT {named(ORGANISATION, 'n')}, 'МО ' || n, 'МО ' || n, '-', 'Europe/Moscow', 'ALL', 'ALL', '{{}}', ''"
        f" FROM {numbers(region.organisations)}"
    )
    yield (
        "INSERT INTO speciality (id, name, digest)"
        f" SELECT CAST(n AS TEXT), 'Специальность ' || n, '' FROM {numbers(SPECIALITIES)}"
    )
    yield (
        "INSERT INTO purpose (id, name, active, position, specialities, organisations, digest)"
        f" VALUES ('first', 'Первичная', {speak.true}, 1, '[]', '[]', '')"
    )
    yield (
        "INSERT INTO resource (id, organisation_id, kind, accepts, speciality_id, last_name, first_name, areas,"
        " internet_booking, messenger, digest)"
        f" SELECT {named(DOCTOR, 'n')}, {named(ORGANISATION, works_at.format('n'))}, 'SPECIALIST', 'ALL',"
        f" CAST({speciality} AS TEXT), 'Врачев', 'Врач', '[]', {speak.true}, CAST(n AS TEXT), ''"
        f" FROM {numbers(region.doctors)}"
    )
    yield (
        "INSERT INTO patient (id, last_name, first_name, born, sex, united, digest)"
        f" SELECT {named(PATIENT, 'n')}, 'Пациентов', 'Пациент', '1990-01-01', '2', '[]', ''"
        f" FROM {numbers(region.patients)}"
    )
    yield (
        "INSERT INTO slot (id, organisation_id, resource_id, starts, minutes, local_day, status, channels, online,"
        " age, digest)"
        f" SELECT {named(SLOT, 'n')}, {named(ORGANISATION, works_at.format(doctor))}, {named(DOCTOR, doctor)},"
        f" {speak.starts.format(first=first, days=day, minutes=minutes)}, 20,"
        f" {speak.day.format(first=first, days=day)}, 'AVAILABLE', 'EPGU,ONLINE', {speak.true},"
        f" CASE {doctor} % 2 WHEN 0 THEN 'ADULT' ELSE 'ALL' END, {named(SLOT, 'n')}"
        f" FROM {numbers(region.slots)}"
    )
