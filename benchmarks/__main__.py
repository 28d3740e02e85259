"""`make bench`: every measurement, or those named on the command line."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import booking, calendar, peer, pipeline, rush, updates
from benchmarks.cluster import cluster, version_of
from benchmarks.report import Row, at_least, machine
from benchmarks.world import World
from tests.services.programs import POSTGRES_URL


def _pipeline(world: World) -> list[Row]:
    """POST without the database to Starlette's echo."""
    ratio = pipeline.compare(world.rounds, world.seconds)
    return [Row("POST pipeline without the database to Starlette's echo", [ratio], at_least(pipeline.GOAL))]


def _updates(world: World) -> list[Row]:
    """A busy morning: a minute, or a few seconds where it is only to run."""
    return updates.on_both(world, 60.0 if world.seconds > 1 else 15.0)


PARTS: Mapping[str, Callable[[World], list[Row]]] = {
    "booking": booking.on_postgres,
    "sqlite": booking.on_sqlite,
    "rush": rush.on_both,
    "availability": calendar.over_http,
    "peer": peer.django_appointment,
    "pipeline": _pipeline,
    "updates": _updates,
}
QUICK_SLOTS = 50_000


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, floor and ours in turn (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement (default 4)")
    parser.add_argument("--quick", action="store_true", help="small and short: whether it runs, not how fast")
    parser.add_argument("--ten-million", action="store_true", help="availability at ten million slots too, 8 GB")
    asked = parser.parse_args()
    print(machine())
    with TemporaryDirectory(prefix="registratura-bench-") as folder, cluster() as server:
        # Parts that look for a server themselves find this one.
        os.environ[POSTGRES_URL] = server
        print(f"PostgreSQL {version_of(server)}\n")
        world = World(
            folder=Path(folder),
            server=server,
            rounds=1 if asked.quick else asked.rounds,
            seconds=1 if asked.quick else asked.seconds,
            slots=QUICK_SLOTS if asked.quick else 1_000_000,
            ten_million=asked.ten_million,
        )
        rows = [row for name in asked.only for row in PARTS[name](world)]
    print("\nMedian of the rounds (lowest .. highest), and the goal:")
    for row in rows:
        print(row)


main()
