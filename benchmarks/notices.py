"""A million planned reminders: what looking for the due ones costs, and how fast two thousand of one minute leave.

Looking is measured beside the bare statement over the same rows. The reminders leave through `registratura work` for
the emulator of MAX with its limits on, which refuses what comes too fast.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import httpx
import sqlalchemy
from sqlalchemy import text

from benchmarks.cluster import new_database
from benchmarks.report import Row, at_most, told
from benchmarks.world import World
from registratura.adapters.sql import migrate, open_storage
from registratura.application.ports.storage import Transaction
from tests.harness.programs import COMMAND, Program, answers, free_port

RUSH = 2_000
FIRST_USER = 100_000
LOOKS = 200
BATCH = 100
PATIENCE = 300.0
POLL_PACE = 0.7
"""Seconds: MAX allows two polls a second."""

_PEOPLE = """
INSERT INTO patient (id, last_name, first_name, born, sex, united, messenger, digest)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rush} - 1)
SELECT 'p' || n, 'Жителев', 'Лад', '1985-03-04', '1', '[]', CAST({first} + n AS TEXT), '' FROM numbers
"""
_PLACES = (
    """
INSERT INTO organisation (id, name, trimmed_name, address, zone, accepts, age, checks, digest)
VALUES ('o', 'Поликлиника', 'Поликлиника', 'Луговая, 1', 'Europe/Moscow', 'ALL', 'ALL', '{}', '')
""",
    """
INSERT INTO resource (id, organisation_id, kind, accepts, last_name, first_name, areas, internet_booking, digest)
VALUES ('d', 'o', 'SPECIALIST', 'ALL', 'Облаков', 'Лад', '[]', true, '')
""",
)
_BOOKED = """
INSERT INTO appointment (id, patient_id, slot_id, organisation_id, resource_id, starts, ends, kind, channel, author_id,
  platform, booked_at, agenda)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {planned} - 1)
SELECT 'a' || n, 'p' || (n % {rush}), 's' || n, 'o', 'd', {starts}, {ends}, 'ONLINE_CONSULTING', 'max',
  'p' || (n % {rush}), 'max', {booked}, {agenda} FROM numbers
"""


@attrs.frozen
class Words:
    """How a database says that something is so many minutes from now; `n` is the number of the booking."""

    minutes: str

    def at(self, minutes: str) -> str:
        """The moment so many minutes from now."""
        return self.minutes.replace("?", f"({minutes})")


_WORDS = {
    "postgresql": Words("now() + ? * interval '1 minute'"),
    "sqlite": Words("strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ? || ' minutes')"),
}


def on_both(world: World) -> list[Row]:
    """SQLite and PostgreSQL, one worker each."""
    databases = {"SQLite": f"sqlite:///{world.file('notices.db')}", "PostgreSQL": new_database(world.server, "notices")}
    rows = []
    for name, url in databases.items():
        fill(url, world.slots)
        rows.append(told(_looking(name, url)))
        rows += _leaving(name, url, world.folder)
    return rows


def fill(url: str, planned: int) -> None:
    """*planned* consultations from tomorrow on, whose reminders are planned over a month."""
    migrate(url)
    engine = sqlalchemy.create_engine(url)
    words = _WORDS[engine.dialect.name]
    spread = f"1440 + n * 43200.0 / {planned}"
    with engine.begin() as connection:
        for statement in _PLACES:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(_PEOPLE.format(rush=RUSH, first=FIRST_USER))
        booked = _BOOKED.format(
            planned=planned,
            rush=RUSH,
            starts=words.at(f"{spread} + 1440"),
            ends=words.at(f"{spread} + 1455"),
            booked=words.at("-60"),
            agenda=words.at(spread),
        )
        connection.execute(text(booked))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    engine.dispose()


def rush(url: str) -> None:
    """Two thousand people are to be reminded at this very moment: their visits begin in 15 minutes."""
    engine = sqlalchemy.create_engine(url)
    words = _WORDS[engine.dialect.name]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE appointment SET agenda = {words.at('0')}, starts = {words.at('15')}, ends = {words.at('30')}"
            f" WHERE id IN ({', '.join(repr(f'a{number}') for number in range(RUSH))})"
        )
    engine.dispose()


def _looking(name: str, url: str) -> Row:
    """What a look costs that finds nothing, as most do, to the bare statement."""
    engine = sqlalchemy.create_engine(url)
    now = _WORDS[engine.dialect.name].at("0")
    bare = text(f"SELECT id FROM appointment WHERE agenda <= {now} ORDER BY agenda LIMIT {BATCH}")

    async def ours() -> list[float]:
        async with open_storage(url) as storage:
            return [await _timed(storage.transact) for _ in range(LOOKS)]

    with engine.connect() as connection:
        floor = []
        for _ in range(LOOKS):
            began = time.perf_counter()
            connection.execute(bare).all()
            connection.rollback()
            floor.append(time.perf_counter() - began)
    engine.dispose()
    took = asyncio.run(ours())
    print(f"    {name}: a look {median(took) * 1000:.2f} ms, the bare statement {median(floor) * 1000:.2f} ms")
    return Row(
        f"a look for due reminders among a million, {name}, to the bare statement", [median(took) / median(floor)]
    )


async def _timed(transact: Any) -> float:  # noqa: ANN401  # the method of a storage
    def look(tx: Transaction) -> int:
        return len(tx.agenda.due(BATCH))

    began = time.perf_counter()
    await transact(look)
    return time.perf_counter() - began


def _leaving(name: str, url: str, folder: Path) -> list[Row]:
    """How long until all two thousand are with MAX, and how many it did not take the first time."""
    with _emulator(folder, name) as (address, client):
        _start_everybody(client)
        rush(url)
        settings = {
            "REGISTRATURA_DATABASE_URL": url,
            "REGISTRATURA_MAX_URL": f"{address}/max",
            "REGISTRATURA_MAX_TOKEN": "sandbox",
            "REGISTRATURA_MAX_MODE": "polling",
        }
        worker = Program(f"work-{name}", [COMMAND, "work"], folder, settings)
        began = time.monotonic()
        worker.start()
        try:
            took = _until_all_left(url, began)
        finally:
            worker.stop()
            worker.kill()
        refused = _repeated(url)
    print(f"    {name}: {RUSH} reminders left in {took:.0f} s, {RUSH / took:.1f} a second; MAX refused {refused}")
    return [
        told(Row(f"{RUSH} reminders of one minute, {name}: all left", [took], at_most(90, " s"))),
        told(Row("  refused by MAX for haste", [refused], at_most(0))),
    ]


@contextlib.contextmanager
def _emulator(folder: Path, name: str) -> Iterator[tuple[str, httpx.Client]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [sys.executable, "-m", "tests.harness.outside", str(port), folder / f"{name}-max.db"]
    command.append("http://127.0.0.1:9")
    program = Program(f"max-{name}", command, folder, ready=lambda: answers(f"{address}/max/_people"))
    program.start()
    try:
        program.await_ready()
        with httpx.Client(base_url=f"{address}/max/", trust_env=False, timeout=60) as client:
            yield address, client
    finally:
        program.kill()


def _start_everybody(client: httpx.Client) -> None:
    def start(number: int) -> None:
        user = FIRST_USER + number
        client.post("_people", json={"user_id": user, "first_name": "Лад"}).raise_for_status()
        client.post(f"_people/{user}/start", json={}).raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(RUSH)))
    _take_updates(client)


def _take_updates(client: httpx.Client) -> None:
    """Nobody is to be greeted: greetings would leave among the reminders."""
    asked: dict[str, int] = {"limit": 100, "timeout": 0}
    for _ in range(RUSH // 100 + 1):
        answer = client.get("updates", params=asked, headers={"Authorization": "sandbox"})
        asked["marker"] = answer.raise_for_status().json()["marker"]
        time.sleep(POLL_PACE)


def _repeated(url: str) -> int:
    """Reminders that MAX did not take the first time."""
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        again = text("SELECT count(*) FROM outbox WHERE id LIKE 'notice:%' AND attempts > 1")
        count: int = connection.execute(again).scalar_one()
    engine.dispose()
    return count


def _until_all_left(url: str, began: float) -> float:
    engine = sqlalchemy.create_engine(url)
    left = text("SELECT count(*) FROM outbox WHERE id LIKE 'notice:%' AND state = 'sent'")
    try:
        while time.monotonic() - began < PATIENCE:
            with engine.connect() as connection:
                if connection.execute(left).scalar_one() >= RUSH:
                    return time.monotonic() - began
            time.sleep(0.5)
    finally:
        engine.dispose()
    raise TimeoutError("the reminders did not leave")
