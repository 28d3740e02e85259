"""A load of any size passes in the memory of a small one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from registratura.adapters.sql import migrate
from tests.harness.programs import ROOT, environment
from tests.integration.load.schedule import schedule, write_packed

FEW_MB = 8
"""What a spool and caches of a fixed size take until they are full."""


@pytest.fixture(scope="module")
def migrated(make_postgres_database: Callable[..., str]) -> str:
    url = make_postgres_database()
    migrate(url)
    return url


def peak(url: str, file: Path) -> float:
    """The most memory, in MB, of a process that loads *file* into the empty database at *url*."""
    command = [sys.executable, str(Path(__file__).with_name("peak.py")), url, str(file)]
    done = subprocess.run(command, cwd=ROOT, env=environment({}), capture_output=True, text=True, check=True)
    return float(done.stdout)


# PostgreSQL keeps its cache to itself; SQLite would fill its own up to 64 MB within our process.
@pytest.mark.parametrize(("few", "many", "step"), [(20_000, 60_000, 1), (10_000, 30_000, -1)], ids=["order", "reverse"])
def test_memory_of_the_process_does_not_grow_with_the_load(  # reversed, every record waits in the spool
    migrated: str, make_postgres_database: Callable[..., str], tmp_path: Path, few: int, many: int, step: int
) -> None:
    small, large = (
        peak(make_postgres_database(template=migrated), write_packed(tmp_path / f"{size}.gz", schedule(size)[::step]))
        for size in (few, many)
    )
    assert large < small + FEW_MB
