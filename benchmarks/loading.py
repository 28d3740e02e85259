"""Loading a schedule from a packed stream, with every check and verdict, to the raw bulk insert of the same rows.

Ours runs in a process of its own, `python -m benchmarks.loading DATABASE FILE`, so that its memory can be told.
"""

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter, process_time
from typing import IO, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import psycopg
import sqlalchemy

from benchmarks.cluster import connect, new_database, plain
from benchmarks.report import Row, at_least, told
from benchmarks.world import World
from registratura.adapters.load import RussianWording, open_source, read_records, temporary_spool
from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.adapters.sql.engines import make_engine
from registratura.application.load import LoadRecords, LoadReport
from registratura.application.ports.spool import Line
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.identifiers import OrganisationId, ResourceId
from registratura.domain.organisations import Organisation, Resource
from tests.harness.memory import peak

T = TypeVar("T")

GOAL = 0.5
ZONE = ZoneInfo("Europe/Moscow")
CLINICS = 50
DOCTORS = 3000
A_DAY = 24
"""Slots of one doctor on one day."""
FIRST_DAY = datetime(2026, 11, 23, 8, 0)  # noqa: DTZ001  # local time of each clinic
TAGS = ("EPGU,ONLINE", "EPGU,ORDINARY", "REGISTRY")
ROWS = 10_000
BATCH = 5000
PROFILED = 50_000
CHUNK = 1 << 20


@attrs.frozen(kw_only=True)
class Measured:
    """What one process says of two loads of the same file: seconds, and its peak of memory in MB."""

    first: float
    again: float
    longest: float
    """The longest transaction."""
    peak: float


def on_both(world: World) -> list[Row]:
    """Ours and floor in turn, each round on empty schedules of the same clinics and doctors.

    The floor inserts all rows in one transaction: `executemany` on SQLite, `COPY` on PostgreSQL.
    """
    file = world.file("slots.ndjson.gz")
    write_schedule(file, world.slots)
    return [_compare(world, file, "PostgreSQL", _on_postgres), _compare(world, file, "SQLite", _on_sqlite)]


def _compare(world: World, file: Path, name: str, empty: Callable[[World], str]) -> Row:
    ratios = []
    for number in world.numbers():
        ours, floor = empty(world), empty(world)
        measured = _loaded_by_ours(ours, file)
        raw = _inserted_raw(ours, floor)
        for url in (ours, floor):
            _drop(url, world.server)
        ratios.append(raw / measured.first)
        print(
            f"    {number}: {name}, raw {world.slots / raw:.0f}/s, ours {world.slots / measured.first:.0f}/s,"
            f" again {world.slots / measured.again:.0f}/s, peak {measured.peak:.0f} MB,"
            f" longest transaction {measured.longest:.2f} s",
            flush=True,
        )
    row = told(Row(f"load of {world.slots} slots to the raw bulk insert, {name}", ratios, at_least(GOAL)))
    if row.is_missed:
        _profile(empty(world), file)
    return row


def _profile(url: str, file: Path) -> None:
    """Print what the first slots of *file* cost this process, step after step in one thread."""
    spent = dict.fromkeys(("unpacking and reading", "checks, verdicts and insert", "commit"), 0.0)
    number = 0
    with open_source(str(file)) as source, make_engine(url, pool_size=1).connect() as connection:
        lines = read_records(source, ZONE)
        while number < PROFILED:
            begun = process_time()
            records = [line.record for line in islice(lines, BATCH) if isinstance(line, Line)]
            read = process_time()
            if not records:
                break
            if url.startswith("sqlite"):
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            SqlStorage.borrow(connection).register.store(records)
            stored = process_time()
            connection.commit()
            for step, seconds in zip(spent, (read - begun, stored - read, process_time() - stored), strict=True):
                spent[step] += seconds
            number += len(records)
    told_steps = ", ".join(f"{step} {seconds / number * 1e6:.0f}" for step, seconds in spent.items())
    print(f"    where the time goes, microseconds of CPU a slot in this process: {told_steps}", flush=True)


def _on_postgres(world: World) -> str:
    return _settled(new_database(world.server, world.file("loading").name))


def _on_sqlite(world: World) -> str:
    return _settled(f"sqlite:///{world.file('loading.db')}")


def _settled(url: str) -> str:
    """Migrate the new database at *url* and bring in clinics and doctors."""

    async def settle() -> None:
        async with open_storage(url) as storage:
            await storage.transact(_settle_region)

    migrate(url)
    asyncio.run(settle())
    return url


def _settle_region(tx: Transaction) -> None:
    tx.register.store(
        [
            Organisation(
                id=OrganisationId(_guid("clinic", number)), name=f"Поликлиника {number}", address="-", zone=ZONE
            )
            for number in range(CLINICS)
        ]
    )
    tx.register.store(
        [
            Resource(
                id=ResourceId(_guid("doctor", number)), organisation=OrganisationId(_guid("clinic", number % CLINICS))
            )
            for number in range(DOCTORS)
        ]
    )


def write_schedule(file: Path, slots: int) -> None:
    """Write *slots* lines of the load format, doctor after doctor, packed."""
    with gzip.open(file, "wb", compresslevel=6) as packed:
        for number in range(slots):
            packed.write(json.dumps(_slot(number, -(-slots // DOCTORS))).encode() + b"\n")


def _slot(number: int, each: int) -> dict[str, object]:
    doctor, place = divmod(number, each)
    day, hour = divmod(place, A_DAY)
    return {
        "kind": "slot",
        "id": _guid("slot", number),
        "mo_id": _guid("clinic", doctor % CLINICS),
        "resource_id": _guid("doctor", doctor),
        "tag_type": TAGS[place % len(TAGS)],
        "tag_age": "ADULT",
        "visit_time": (FIRST_DAY + timedelta(days=day, minutes=20 * hour)).isoformat(),
        "duration": 20,
        "status": "AVAILABLE",
        "create_ts": "2026-11-01T09:00:00",
    }


def _guid(kind: str, number: int) -> str:
    return str(UUID(bytes=blake2b(f"{kind} {number}".encode(), digest_size=16).digest()))


def _loaded_by_ours(url: str, file: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.loading", url, str(file)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(said.stdout))


@attrs.define
class _Timed(Storage):
    """Notes how long the longest transaction took."""

    storage: Storage
    longest: float = 0.0

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        begun = perf_counter()
        try:
            return await self.storage.transact(work)
        finally:
            self.longest = max(self.longest, perf_counter() - begun)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.storage.read(work)

    async def ping(self) -> None:
        await self.storage.ping()


async def _load_twice(url: str, file: str) -> Measured:
    async with open_storage(url) as storage:
        timed = _Timed(storage)
        load = LoadRecords(storage=timed, open_spool=partial(temporary_spool, ZONE), wording=RussianWording())

        async def seconds() -> tuple[float, LoadReport]:
            begun = perf_counter()
            with open_source(file) as source:
                report = await load(read_records(source, ZONE))
            return perf_counter() - begun, report

        first, loaded = await seconds()
        again, unchanged = await seconds()
    assert loaded.total.created == unchanged.total.same == unchanged.total.loaded, "the second load changed something"
    return Measured(first=first, again=again, longest=timed.longest, peak=peak())


def _inserted_raw(source: str, target: str) -> float:
    """Copy the rows of *source* into *target*; the seconds that inserting took."""
    if source.startswith("sqlite"):
        return _insert_many(source, target)
    return _copy(plain(source), plain(target))


def _insert_many(source: str, target: str) -> float:
    # Opened as the product opens them.
    reading, writing = (make_engine(url, pool_size=1).raw_connection() for url in (source, target))
    read, write = reading.cursor(), writing.cursor()
    read.execute("SELECT * FROM slot ORDER BY rowid")
    marks = ", ".join("?" * len(read.description))
    seconds = _timed(partial(write.execute, "BEGIN IMMEDIATE"))
    while rows := read.fetchmany(ROWS):
        seconds += _timed(partial(write.executemany, f"INSERT INTO slot VALUES ({marks})", rows))
    return seconds + _timed(partial(write.execute, "COMMIT"))


def _copy(source: str, target: str) -> float:
    with TemporaryFile() as rows:
        with psycopg.connect(source) as reading, reading.cursor().copy("COPY slot TO STDOUT") as taken:
            for block in taken:
                rows.write(block)
        rows.seek(0)
        with psycopg.connect(target) as writing:
            return _timed(lambda: _copy_in(writing, rows))


def _copy_in(writing: psycopg.Connection, rows: IO[bytes]) -> None:
    with writing.cursor().copy("COPY slot FROM STDIN") as copy:
        while block := rows.read(CHUNK):
            copy.write(block)
    writing.commit()


def _timed(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def _drop(url: str, server: str) -> None:
    """Remove a database: a million slots weigh half a gigabyte."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
        return
    with connect(server) as connection:
        connection.execute(f'DROP DATABASE "{sqlalchemy.make_url(url).database}" WITH (FORCE)')


if __name__ == "__main__":
    print(json.dumps(attrs.asdict(asyncio.run(_load_twice(*sys.argv[1:])))))
