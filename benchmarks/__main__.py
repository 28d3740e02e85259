"""`make bench`: every measurement, or those named on the command line."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import booking, calendar, loading, notices, peer, pipeline, rush, updates
from benchmarks.cluster import cluster, version_of
from benchmarks.report import Row, at_least, machine, told
from benchmarks.world import World
from tests.services.programs import POSTGRES_URL

QUICK_SLOTS = 50_000
UPDATES_SECONDS = 60.0


def _pipeline(world: World) -> list[Row]:
    """POST without the database to Starlette's echo."""
    ratio = pipeline.compare(world.rounds, world.seconds)
    return [told(Row("POST pipeline without the database to Starlette's echo", [ratio], at_least(pipeline.GOAL)))]


def _updates(world: World) -> list[Row]:
    """A minute of updates of MAX; a few seconds of them when the run is a small one."""
    return updates.on_both(world, UPDATES_SECONDS if world.slots > QUICK_SLOTS else UPDATES_SECONDS / 4)


PARTS: Mapping[str, Callable[[World], list[Row]]] = {
    "booking": booking.on_postgres,
    "sqlite": booking.on_sqlite,
    "rush": rush.on_both,
    "availability": calendar.over_http,
    "pipeline": _pipeline,
    "loading": loading.on_both,
    "updates": _updates,
    "notices": notices.on_both,
    "peer": peer.django_appointment,
}


def main() -> int:
    """Run and print; 1 when a part could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, floor and ours in turn (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement (default 4)")
    parser.add_argument("--quick", action="store_true", help="small and short: whether it runs, not how fast")
    parser.add_argument("--ten-million", action="store_true", help="availability at ten million slots too, 8 GB")
    asked = parser.parse_args()
    print(machine())
    rows, broken = [], []
    with TemporaryDirectory(prefix="registratura-bench-") as folder, cluster() as server:
        # Parts that look for a server themselves find this one.
        os.environ[POSTGRES_URL] = server
        print(f"PostgreSQL {version_of(server)}")
        world = World(
            folder=Path(folder),
            server=server,
            rounds=1 if asked.quick else asked.rounds,
            seconds=1 if asked.quick else asked.seconds,
            slots=QUICK_SLOTS if asked.quick else 1_000_000,
            ten_million=asked.ten_million,
        )
        for name in asked.only:
            print(f"\n{name}", flush=True)
            try:
                rows += PARTS[name](world)
            except Exception:  # noqa: BLE001  # one part that breaks must not cost the others
                traceback.print_exc()
                broken.append(name)
    print("\nMedian of the rounds (lowest .. highest), and the goal:")
    for row in rows:
        print(row)
    for name in broken:
        print(f"  {name}: BROKEN, see above")
    return 1 if broken else 0


sys.exit(main())
