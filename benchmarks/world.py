"""What measurements share: databases that were filled once, servers of ours, and how large a run is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from shutil import copyfile

import attrs

from benchmarks.cluster import new_database
from benchmarks.region import PATIENTS, Region, file_of, fill_postgres, fill_sqlite
from tests.harness.programs import COMMAND, Program, answers, free_port

TOKEN = "token-of-the-benchmarks"  # noqa: S105  # of servers that live for seconds
HORIZON_DAYS = "60"
"""All slots of the region are open for booking."""


@attrs.define(slots=False)
class World:
    """One run: *server* is PostgreSQL, *folder* goes when the run ends."""

    folder: Path
    server: str
    rounds: int = 5
    seconds: int = 4
    slots: int = 1_000_000
    ten_million: bool = False
    booked: Counter[str] = attrs.field(factory=Counter, init=False)
    """How many slots and patients were used in each database."""
    _numbers: Iterator[int] = attrs.field(factory=count, init=False)

    @property
    def region(self) -> Region:
        """The region of this run."""
        return Region(self.slots, min(PATIENTS, self.slots))

    def numbers(self) -> range:
        """The rounds, counted from one."""
        return range(1, self.rounds + 1)

    def file(self, name: str) -> Path:
        """A new file for *name*."""
        return self.folder / f"{next(self._numbers)}-{name}"

    @cached_property
    def postgres(self) -> str:
        """The region on PostgreSQL."""
        url = new_database(self.server, "region")
        fill_postgres(url, self.region)
        return url

    @cached_property
    def postgres_ten(self) -> str:
        """A region ten times as large."""
        url = new_database(self.server, "region_ten")
        fill_postgres(url, Region(10 * self.slots, 1000))
        return url

    @cached_property
    def _prepared(self) -> str:
        url = f"sqlite:///{self.file('region.db')}"
        fill_sqlite(url, self.region)
        return url

    def sqlite(self) -> str:
        """The region on SQLite, a copy of its own."""
        copied = self.file("copy.db")
        copyfile(file_of(self._prepared), copied)
        return f"sqlite:///{copied}"

    @contextmanager
    def serving(self, database: str, workers: int) -> Iterator[str]:
        """`registratura serve` over *database*, as its operator starts it; gives its address."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        settings = {
            "REGISTRATURA_DATABASE_URL": database,
            "REGISTRATURA_API_TOKEN": TOKEN,
            "REGISTRATURA_TMK_HORIZON_DAYS": HORIZON_DAYS,
        }
        command: list[str | Path] = [COMMAND, "serve", "--port", str(port), "--workers", str(workers)]
        name = f"serve-{next(self._numbers)}"
        program = Program(name, command, self.folder, settings, lambda: answers(f"{address}/readyz"))
        program.start()
        try:
            program.await_ready()
            yield address
        finally:
            program.stop()
            program.kill()
