"""Availability of one organisation and speciality over 14 days: 500 slots read, 50 rows given."""

import random
from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter

import psycopg

from benchmarks.cluster import connect
from benchmarks.floors import percentile
from benchmarks.region import Region
from benchmarks.report import Row, at_most, told
from benchmarks.where import profile_availability
from benchmarks.world import World
from benchmarks.wrk import Load, calendar_script, wrk
from registratura.adapters.sql.availability import STATEMENTS, parameters
from registratura.application.availability import AvailabilityQuery
from registratura.domain.identifiers import OrganisationId, SpecialityId

ASKED = 1500
ROWS = 50
WARM_UP = 100


def over_http(world: World) -> list[Row]:
    """Two workers, one and eight connections, to the same statement on one bare connection."""
    bare, one, eight = [], [], []
    region = world.region

    def load(connections: int, seed: int) -> Load:
        script = calendar_script(region, seed)
        return wrk(address, script, world.file("calendar.lua"), connections=connections, seconds=world.seconds)

    with closing(connect(world.postgres)) as connection, world.serving(world.postgres, workers=2) as address:
        load(8, 0)
        for number in world.numbers():
            bare.append(median_of(connection, region, number))
            one.append(load(1, number).p50)
            eight.append(load(8, number).p99)
            print(
                f"    {number}: bare SQL p50 {bare[-1]:.2f} ms   HTTP p50 at 1 connection {one[-1]:.2f} ms,"
                f" p99 at 8 connections {eight[-1]:.2f} ms",
                flush=True,
            )
    name = f"availability over {region.slots} slots: HTTP p50 to bare SQL p50"
    ratio = told(Row(name, [http / sql for http, sql in zip(one, bare, strict=True)], at_most(1.8)))
    if ratio.is_missed:
        profile_availability(world, world.postgres)
    return [
        ratio,
        told(
            Row(
                "  HTTP p99 at 8 connections to bare SQL p50",
                [http / sql for http, sql in zip(eight, bare, strict=True)],
                at_most(20),
            )
        ),
        *(_ten_times_as_many(world) if world.ten_million else []),
    ]


def _ten_times_as_many(world: World) -> list[Row]:
    larger = Region(10 * world.slots)
    ratios = []
    with closing(connect(world.postgres)) as few, closing(connect(world.postgres_ten)) as many:
        for number in world.numbers():
            small, large = median_of(few, world.region, number), median_of(many, larger, number)
            ratios.append(large / small)
            print(f"    {number}: {world.slots} slots {small:.2f} ms, {larger.slots} slots {large:.2f} ms", flush=True)
    return [told(Row(f"availability at {larger.slots} to {world.slots} slots, p50", ratios, at_most(1.3)))]


def median_of(connection: psycopg.Connection[tuple[object, ...]], region: Region, seed: int) -> float:
    """Milliseconds of our statement, prepared, for pairs by chance."""
    statement = STATEMENTS["postgresql"]
    chance = random.Random(seed)
    cursor = psycopg.RawCursor(connection)
    times = []
    for number in range(WARM_UP + ASKED):
        organisation, speciality = region.pair(chance.randrange(5 * region.organisations))
        asked = AvailabilityQuery(
            organisation=OrganisationId(organisation), speciality=SpecialityId(speciality), now=datetime.now(UTC)
        )
        values = [value.decode() if value is not None else None for value in statement.for_lane(parameters(asked))]
        began = perf_counter()
        rows = cursor.execute(statement.lane_text, values, prepare=True).fetchall()
        took = (perf_counter() - began) * 1000
        assert str(rows[0][1]).count("[") > ROWS or region.slots < 1_000_000
        if number >= WARM_UP:
            times.append(took)
    times.sort()
    return percentile(times, 0.5)
