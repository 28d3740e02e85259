"""Floors: the three statements of a booking and nothing else, over tables of their own with as many slots as ours."""

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from time import monotonic, perf_counter

import attrs

from benchmarks.cluster import binaries, connect, new_database, plain
from benchmarks.region import PATIENT, SLOT, id_of
from benchmarks.wrk import STEP

CLIENTS = 32
_PAYLOAD = '{"slot_id":"b10902d0-e331-11ed-8d9e-60123c4747d1","status":"RECORDED","visit_time":"2026-11-23T08:00:00Z"}'
_POSTGRES_TABLES = """
CREATE TABLE slot (id uuid PRIMARY KEY, organisation integer NOT NULL, speciality integer NOT NULL,
  resource integer NOT NULL, starts timestamptz NOT NULL, minutes integer NOT NULL, age text NOT NULL,
  status text NOT NULL) WITH (fillfactor = 90);
CREATE TABLE book (id uuid PRIMARY KEY, slot_id uuid NOT NULL, patient_id uuid NOT NULL, status text NOT NULL,
  booked_at timestamptz NOT NULL);
CREATE INDEX ix_book_slot ON book (slot_id);
CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL,
  made_at timestamptz NOT NULL, sent_at timestamptz);
"""
_POSTGRES_SLOTS = """
INSERT INTO slot SELECT md5(n::text)::uuid, n %% 200, n %% 40, n %% 5000, now() + n %% 28 * interval '1 day', 20, 'ALL',
  'AVAILABLE' FROM generate_series(0, %s) AS numbers(n)
"""
_PGBENCH = """
\\set i :i + 1
\\set n ((:first + :i * {clients} + :client_id) * {step}) % {slots}
BEGIN;
UPDATE slot SET status = 'RECORDED' WHERE id = md5(:n::text)::uuid AND status = 'AVAILABLE';
INSERT INTO book VALUES (gen_random_uuid(), md5(:n::text)::uuid, '953f8666-21ce-478f-8351-389f27ce8cde', 'RECORDED',
  now());
INSERT INTO outbox (payload, made_at) VALUES ('{payload}', now());
COMMIT;
"""


@attrs.frozen
class Floor:
    """Transactions a second; milliseconds; none where they were not taken."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0


@attrs.define
class PgBench:
    """pgbench with 32 clients over prepared statements; every transaction takes a slot that nobody had."""

    server: str
    folder: Path
    slots: int
    _url: str = attrs.field(init=False)
    _first: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._url = new_database(self.server, "floor")
        with connect(self._url) as connection:
            connection.execute(_POSTGRES_TABLES)
            connection.execute(_POSTGRES_SLOTS, [self.slots - 1])
            connection.execute("VACUUM ANALYZE")

    def run(self, seconds: int) -> Floor:
        """Three statements a transaction for *seconds*."""
        script = self.folder / "three.sql"
        script.write_text(_PGBENCH.format(clients=CLIENTS, step=STEP, slots=self.slots, payload=_PAYLOAD))
        logs = self.folder / f"pgbench-{self._first}"
        clients = ["--client", str(CLIENTS), "--jobs", "2", "--time", str(seconds), "--protocol", "prepared"]
        values = ["--define", "i=0", "--define", f"first={self._first}"]
        # A third of the transactions is enough for percentiles and costs pgbench little.
        logging = ["--log", f"--log-prefix={logs}", "--sampling-rate", "0.3"]
        command = [str(binaries() / "pgbench"), "--no-vacuum", *clients, *values, *logging, "--file", str(script)]
        done = subprocess.run([*command, plain(self._url)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        rate, made = _found(r"tps = ([\d.]+)", done.stdout), _found(r"actually processed: (\d+)", done.stdout)
        taken = self._first + int(made) + CLIENTS * 200
        assert taken < self.slots, "the slots ran out: fewer seconds, or more slots"
        self._first = taken
        times = sorted(
            int(line.split()[2]) / 1000
            for log in self.folder.glob(f"{logs.name}.*")
            for line in log.read_text().splitlines()
        )
        return Floor(rate, percentile(times, 0.5), percentile(times, 0.99))


def _found(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


@attrs.define
class RawSqlite:
    """`sqlite3` in one thread, WAL, `synchronous = FULL`."""

    file: Path
    slots: int
    _numbers: Iterator[int] = attrs.field(factory=count, init=False)

    def __attrs_post_init__(self) -> None:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                "CREATE TABLE slot (id TEXT PRIMARY KEY, organisation INTEGER NOT NULL, speciality INTEGER NOT NULL,"
                " resource INTEGER NOT NULL, starts INTEGER NOT NULL, age TEXT NOT NULL, status TEXT NOT NULL);"
                "CREATE TABLE book (id TEXT PRIMARY KEY, slot_id TEXT NOT NULL, patient_id TEXT NOT NULL,"
                " status TEXT NOT NULL, booked_at INTEGER NOT NULL);"
                "CREATE INDEX ix_book_slot ON book (slot_id);"
                "CREATE TABLE outbox (id INTEGER PRIMARY KEY, payload TEXT NOT NULL, made_at INTEGER NOT NULL);"
            )
            rows = ((id_of(SLOT, n), n % 200, n % 40, n % 5000, n % 28, "ALL", "AVAILABLE") for n in range(self.slots))
            with connection:
                connection.executemany("INSERT INTO slot VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def run(self, seconds: int) -> Floor:
        """Three statements a transaction for *seconds*, each taking a slot that nobody had."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            for pragma in ("synchronous = FULL", "cache_size = -65536", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
            times: list[float] = []
            began = perf_counter()
            ends = began + seconds
            while (now := perf_counter()) < ends:
                self._book(connection, next(self._numbers))
                times.append((perf_counter() - now) * 1000)
            rate = len(times) / (perf_counter() - began)
        times.sort()
        return Floor(rate, percentile(times, 0.5), percentile(times, 0.99))

    def _book(self, connection: sqlite3.Connection, number: int) -> None:
        slot, patient = id_of(SLOT, number * STEP % self.slots), id_of(PATIENT, number)
        connection.execute("BEGIN IMMEDIATE")
        taken = connection.execute(
            "UPDATE slot SET status = 'RECORDED' WHERE id = ? AND status = 'AVAILABLE'", (slot,)
        ).rowcount
        assert taken == 1
        now = int(monotonic())
        connection.execute("INSERT INTO book VALUES (?, ?, ?, 'RECORDED', ?)", (patient, slot, patient, now))
        connection.execute("INSERT INTO outbox (payload, made_at) VALUES (?, ?)", (_PAYLOAD, now))
        connection.execute("COMMIT")


def percentile(ordered: list[float], part: float) -> float:
    """The value below which *part* of the *ordered* ones lie."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
