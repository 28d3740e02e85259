"""Updates of MAX as on a busy morning: each delivered three times, shuffled, whether we keep up or not.

`serve` and `work` run as processes, MAX is a stub that counts. Arrivals are open: a delivery leaves at its time however
slow the answers are, and its wait counts from that time; only a person never presses before the last press was taken.
Worked off is when an update is handled: what is to be said waits for MAX, which takes 30 a second.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy
from sqlalchemy import text

from benchmarks import max_stub
from benchmarks.cluster import new_database
from benchmarks.floors import percentile
from benchmarks.max_stub import MaxStub
from benchmarks.report import Row, at_most, told
from benchmarks.walks import EFFECTS, Size, presses, settle, user_of
from benchmarks.world import World
from registratura.adapters.sql import migrate, open_storage
from registratura.domain.dialogue import Press, Token
from tests.harness.programs import COMMAND, Program, answers, free_port

SECRET = "secret-of-the-benchmarks"  # noqa: S105  # of servers that live for seconds
RATE = 100.0
"""Updates a second."""
DELIVERIES = 3
GAP = 1.5
"""Seconds between a person's presses."""
REPEATS_WITHIN = 2.0
"""Seconds within which the second and the third delivery come, in any order among all others."""
CONNECTIONS = 64
SEED = 122
PATIENCE = 120.0
COUNTS = {
    "waiting": "SELECT count(*) FROM inbox WHERE state = 'new'",
    "parked": "SELECT count(*) FROM inbox WHERE state = 'parked'",
    "kept": "SELECT count(*) FROM inbox",
    "bookings": "SELECT count(*) FROM appointment WHERE outcome IS NULL",
    "patients": "SELECT count(DISTINCT patient_id) FROM appointment",
    "effects": "SELECT count(*) FROM outbox",
    "foreign": "SELECT count(*) FROM audit WHERE event = 'dialogue.foreign_button'",
}


@attrs.frozen(kw_only=True)
class Outcome:
    """One run. Times of answers and of work are in seconds; `wrong` names what must never be."""

    answered: Sequence[float]
    worked_off: float
    """The longest from keeping an update to having handled it, by the clock of the database."""
    updates: int
    wrong: Sequence[str]
    max: MaxStub


@attrs.frozen(kw_only=True)
class Morning:
    """How much comes in, and where."""

    database: str
    folder: Path
    size: Size = attrs.field(factory=Size)
    seconds: float = 60.0
    rate: float = RATE
    gap: float = GAP
    serves: int = 1
    works: int = 1

    @property
    def steps(self) -> int:
        """Updates of one walk."""
        return len(presses(0, self.size))

    @property
    def together(self) -> int:
        """People who walk at the same time."""
        return max(1, round(self.rate * self.gap))

    @property
    def walks(self) -> int:
        """People in all."""
        waves = max(1, round(self.seconds / (self.steps * self.gap)))
        assert waves * self.together <= self.size.walks, "the region is too small for so many people"
        return waves * self.together

    def starts(self, walk: int) -> float:
        """When a person begins, in seconds from the first."""
        wave, place = divmod(walk, self.together)
        return wave * self.steps * self.gap + place * self.gap / self.together


def on_both(world: World, seconds: float = 60.0) -> list[Row]:
    """SQLite with one process of each kind, PostgreSQL with two."""
    small = Morning(database=f"sqlite:///{world.file('updates.db')}", folder=world.folder, seconds=seconds)
    large = attrs.evolve(small, database=new_database(world.server, "updates"), serves=2, works=2)
    return [row for name, one in (("SQLite", small), ("PostgreSQL", large)) for row in measured(name, one)]


def measured(name: str, morning: Morning) -> list[Row]:
    """Run it and tell."""
    done = asyncio.run(run(morning))
    waits = sorted(wait * 1000 for wait in done.answered)
    took = f"MAX took {len(done.max.calls)}, at most {done.max.busiest_second} a second"
    print(f"    {name}: {done.updates} updates, {len(waits)} deliveries, p50 {percentile(waits, 0.5):.1f} ms; {took}")
    for wrong in done.wrong:
        print(f"    WRONG: {wrong}")
    title = f"MAX updates, {morning.rate:g} a second x {DELIVERIES}, {name}"
    return [
        told(Row(f"{title}: answered p99", [percentile(waits, 0.99)], at_most(500, " ms"))),
        told(Row("  worked off", [done.worked_off], at_most(5, " s"))),
        told(Row("  lost, doubled or out of order", [len(done.wrong)], at_most(0))),
    ]


async def run(morning: Morning) -> Outcome:
    """Everybody walks once; gives what was measured and what was found wrong."""
    migrate(morning.database)
    async with open_storage(morning.database) as storage:
        await settle(storage, morning.size, morning.walks)
    async with _product(morning) as (addresses, stub):
        deliveries = _Deliveries(addresses)
        await deliveries.open()
        people = range(morning.walks)
        await asyncio.gather(*(deliveries.deliver(_started(walk)) for walk in people))
        await _until_worked_off(morning.database)
        deliveries.waits.clear()
        dialogues = await asyncio.to_thread(_dialogues, morning.database)
        chance = random.Random(SEED)
        began = time.monotonic()
        await asyncio.gather(
            *(_walk(walk, morning, *dialogues[str(user_of(walk))], began, deliveries, chance) for walk in people)
        )
        await deliveries.all_repeated()
        await _until_worked_off(morning.database)
        deliveries.close()
    return await asyncio.to_thread(_outcome, morning, deliveries.waits, dialogues, stub)


@contextlib.asynccontextmanager
async def _product(morning: Morning) -> AsyncIterator[tuple[Sequence[str], MaxStub]]:
    ports, max_port = [free_port() for _ in range(morning.serves)], free_port()
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    settings = {
        "REGISTRATURA_DATABASE_URL": morning.database,
        "REGISTRATURA_PUBLIC_URL": addresses[0],
        "REGISTRATURA_MAX_URL": f"http://127.0.0.1:{max_port}",
        "REGISTRATURA_MAX_TOKEN": "token",
        "REGISTRATURA_MAX_WEBHOOK_SECRET": SECRET,
    }
    folder = morning.folder
    programs = [
        Program(f"serve-{port}", [COMMAND, "serve", "--port", str(port)], folder, settings, _answering(address))
        for port, address in zip(ports, addresses, strict=True)
    ]
    programs += [Program(f"work-{number}", [COMMAND, "work"], folder, settings) for number in range(morning.works)]
    async with max_stub.serving(max_port) as stub:
        try:
            for program in programs:
                program.start()
            for program in programs:
                await asyncio.to_thread(program.await_ready)
            yield addresses, stub
        finally:
            for program in programs:
                await asyncio.to_thread(program.stop)


def _answering(address: str) -> Any:  # noqa: ANN401  # a closure for each server
    return lambda: answers(f"{address}/readyz")


class _Deliveries:
    """Connections that are never closed between two calls, as MAX's are; `waits` is how long each answer took."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._repeats: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self.waits: list[float] = []

    async def open(self) -> None:
        """Connect to all servers in turn."""
        for number in range(CONNECTIONS):
            host, port = self._addresses[number % len(self._addresses)].removeprefix("http://").split(":")
            self._free.put_nowait(await asyncio.open_connection(host, int(port)))

    def close(self) -> None:
        """Close what is free, which is all."""
        while not self._free.empty():
            self._free.get_nowait()[1].close()

    async def deliver(self, update: dict[str, Any], due: float | None = None) -> None:
        """Deliver at *due*, a moment of the monotonic clock, and wait for the answer."""
        due = time.monotonic() if due is None else due
        await asyncio.sleep(due - time.monotonic())
        body = json.dumps(update).encode()
        reader, writer = await self._free.get()
        writer.write(
            f"POST /max/webhook HTTP/1.1\r\nHost: localhost\r\nX-Max-Bot-Api-Secret: {SECRET}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self.waits.append(time.monotonic() - due)
        self._free.put_nowait((reader, writer))
        assert head.startswith(b"HTTP/1.1 200"), head.split(b"\r\n")[0]

    def repeat(self, update: dict[str, Any], due: float) -> None:
        """Deliver once more, beside everything else."""
        task = self._loop.create_task(self.deliver(update, due))
        self._repeats.add(task)

    async def all_repeated(self) -> None:
        """Return when every repeat was answered."""
        await asyncio.gather(*self._repeats)


async def _walk(
    walk: int,
    morning: Morning,
    session: str,
    revision: int,
    began: float,
    deliveries: _Deliveries,
    chance: random.Random,
) -> None:
    for step, press in enumerate(presses(walk, morning.size)):
        due = began + morning.starts(walk) + step * morning.gap
        update = _update(walk, step, press, session, revision + step)
        for _ in range(DELIVERIES - 1):
            deliveries.repeat(update, due + chance.random() * REPEATS_WITHIN)
        # A repeat may overtake the first delivery, never the press before it.
        await deliveries.deliver(update, due)


def _started(walk: int) -> dict[str, Any]:
    user = user_of(walk)
    return {"update_type": "bot_started", "timestamp": 1, "chat_id": user, "user": {"user_id": user}}


def _update(walk: int, step: int, press: Press | None, session: str, revision: int) -> dict[str, Any]:
    user = user_of(walk)
    message = {"recipient": {"chat_id": user, "chat_type": "dialog"}, "body": {"mid": f"mid-{walk}-{step}"}}
    if press is None:
        written = {**message, "sender": {"user_id": user, "is_bot": False}}
        return {"update_type": "message_created", "timestamp": step, "message": written}
    callback = {
        "callback_id": f"callback-{walk}-{step}",
        "payload": Token(session, revision, press).write(),
        "user": {"user_id": user},
    }
    return {"update_type": "message_callback", "timestamp": step, "callback": callback, "message": message}


async def _until_worked_off(database: str) -> None:
    end = time.monotonic() + PATIENCE
    while await asyncio.to_thread(_scalar, database, COUNTS["waiting"]):
        assert time.monotonic() < end, "the inbox is never worked off"
        await asyncio.sleep(0.1)


def _rows(database: str, statement: str) -> list[tuple[Any, ...]]:
    engine = sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def _scalar(database: str, statement: str) -> Any:  # noqa: ANN401  # whatever was asked
    ((value,),) = _rows(database, statement)
    return value


def _dialogues(database: str) -> dict[str, tuple[str, int]]:
    rows = _rows(database, "SELECT user_id, session, revision FROM dialogue")
    return {user: (session, revision) for user, session, revision in rows}


def _outcome(morning: Morning, waits: Sequence[float], before: dict[str, tuple[str, int]], stub: MaxStub) -> Outcome:
    people = morning.walks
    updates = people * morning.steps
    seen = {name: _scalar(morning.database, statement) for name, statement in COUNTS.items()}
    expected = {
        "waiting": 0,
        "parked": 0,
        "kept": updates + people,
        "bookings": people,
        "patients": people,
        "effects": people * EFFECTS,
        "foreign": 0,
    }
    wrong = [f"{name}: {seen[name]} and not {expected[name]}" for name in COUNTS if seen[name] != expected[name]]
    # Each press counts on the screen of the one before: taken in another order, one of them at least would be stale.
    after = _dialogues(morning.database)
    behind = [user for user, (_, revision) in before.items() if after[user][1] != revision + morning.steps]
    wrong += [f"{len(behind)} walks did not go step by step"] if behind else []
    return Outcome(answered=waits, worked_off=_slowest(morning.database), updates=updates, wrong=wrong, max=stub)


def _slowest(database: str) -> float:
    # The starts came all at once, which is not what is measured.
    ours = "FROM inbox WHERE key NOT LIKE 'max:bot_started:%'"
    if database.startswith("sqlite"):
        return float(_scalar(database, f"SELECT max(julianday(done_at) - julianday(received_at)) * 86400.0 {ours}"))
    return float(_scalar(database, f"SELECT max(extract(epoch FROM done_at - received_at)) {ours}"))
