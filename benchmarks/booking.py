"""A whole booking over HTTP, every rule and check in place, to the three statements it cannot do without."""

import attrs

from benchmarks.floors import CLIENTS, Floor, PgBench, RawSqlite
from benchmarks.report import Row, at_least, at_most, told
from benchmarks.where import profile_bookings
from benchmarks.world import World
from benchmarks.wrk import Load, booking_script, wrk
from tests.harness.product import query


@attrs.frozen
class Client:
    """Books over HTTP at *address*, which serves *database*; every request is for another patient and slot."""

    world: World
    database: str
    address: str

    def run(self, seconds: int, *, key: bool = True) -> Load:
        """32 connections for *seconds*, with an idempotency key or without."""
        booked, region = self.world.booked, self.world.region
        script = booking_script(region, booked[self.database], key=key)
        load = wrk(self.address, script, self.world.file("book.lua"), connections=CLIENTS, seconds=seconds)
        # Those under way when wrk stopped may be booked although nobody read the answer.
        booked[self.database] += load.requests + 2 * CLIENTS
        assert booked[self.database] <= region.patients, "the patients ran out: fewer seconds, or more patients"
        return load

    def warm_up(self) -> None:
        """As long as a round and one more: statements are prepared, and most doctors were booked before."""
        for _ in range(2):
            self.run(self.world.seconds)


def on_postgres(world: World) -> list[Row]:
    """`serve --workers 2`, 32 connections, to pgbench with 32 clients on the same server."""
    floor, before = PgBench(world.server, world.folder, world.slots), count(world.postgres)
    floors, keyed, plain = [], [], []
    with world.serving(world.postgres, workers=2) as address:
        client = Client(world, world.postgres, address)
        client.warm_up()
        for number in world.numbers():
            floors.append(floor.run(world.seconds))
            keyed.append(client.run(world.seconds))
            plain.append(client.run(world.seconds, key=False))
            tell(number, "pgbench", floors[-1], keyed[-1])
    assert count(world.postgres) - before >= sum(load.requests for load in (*keyed, *plain))
    pairs = list(zip(keyed, floors, strict=True))
    without = [ours.rate / least.rate for ours, least in zip(plain, floors, strict=True)]
    name = "booking over HTTP, PostgreSQL, 2 workers, to pgbench's 3 statements"
    ratio = told(Row(name, [ours.rate / least.rate for ours, least in pairs], at_least(0.45)))
    if ratio.is_missed:
        profile_bookings(world, world.postgres)
    return [
        ratio,
        told(Row("  its p99 to its own p50", [ours.p99 / ours.p50 for ours in keyed], at_most(2.5))),
        told(Row("  its p99 to pgbench's p99", [ours.p99 / least.p99 for ours, least in pairs], at_most(3))),
        told(Row("  the same without an idempotency key", without)),
    ]


def on_sqlite(world: World) -> list[Row]:
    """`serve` in one process, 32 connections, to `sqlite3` in one thread."""
    floor, database = RawSqlite(world.file("floor.db"), world.slots), world.sqlite()
    floors, ours = [], []
    with world.serving(database, workers=1) as address:
        client = Client(world, database, address)
        client.warm_up()
        for number in world.numbers():
            floors.append(floor.run(world.seconds))
            ours.append(client.run(world.seconds))
            tell(number, "sqlite3", floors[-1], ours[-1])
    assert count(database) >= sum(load.requests for load in ours)
    ratios = [load.rate / least.rate for load, least in zip(ours, floors, strict=True)]
    ratio = told(Row("booking over HTTP, SQLite FULL, one process, to raw sqlite3 FULL", ratios, at_least(0.40)))
    if ratio.is_missed:
        profile_bookings(world, database)
    return [
        ratio,
        told(Row("  its p99 to its own p50", [load.p99 / load.p50 for load in ours])),
    ]


def count(database: str) -> int:
    """Bookings in force; raises AssertionError when a slot has two."""
    bookings, slots = query(database, "SELECT count(*), count(DISTINCT slot_id) FROM appointment")[0]
    assert bookings == slots, "a slot is booked twice"
    return int(bookings)


def tell(number: int, name: str, floor: Floor, ours: Load) -> None:
    """One round."""
    print(
        f"    {number}: {name} {floor.rate:7.0f}/s, p99 {floor.p99:5.1f} ms"
        f"   ours {ours.rate:7.0f}/s, p50 {ours.p50:5.1f}, p99 {ours.p99:5.1f} ms   ratio {ours.rate / floor.rate:.2f}",
        flush=True,
    )
