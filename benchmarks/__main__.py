"""`make bench`: every measurement, or those named on the command line."""

import argparse
import asyncio
import os
import platform
import sqlite3
from importlib.metadata import version
from tempfile import TemporaryDirectory

import sqlalchemy

from benchmarks import booking
from benchmarks.databases import postgres_bench, sqlite_bench


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--bookings", type=int, default=2000, help="bookings a round (default 2000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one database alone")
    asked = parser.parse_args()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    print(", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "psycopg", "attrs", "returns")))
    with TemporaryDirectory() as folder:
        if asked.only != "postgresql":
            asyncio.run(booking.compare(sqlite_bench(folder), asked.bookings, asked.rounds))
        url = os.environ.get("REGISTRATURA_TEST_POSTGRES_URL")
        if url and asked.only != "sqlite":
            asyncio.run(booking.compare(postgres_bench(sqlalchemy.make_url(url)), asked.bookings, asked.rounds))


main()
