"""Processes that write to one SQLite file take turns.

SQLite lets in whoever comes at the right moment: a process that writes without a pause keeps another one, which looks
again every so often, out for seconds. Here the next one stands at the door while one is inside, and nobody passes by.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from registratura.application.ports.failures import Unavailable

try:
    import fcntl
except ImportError:  # pragma: no cover - where files cannot be locked so, SQLite's own lock has to do
    fcntl = None  # type: ignore[assignment]

LOOK_AGAIN = 0.001
"""Seconds between two looks at a door that is shut."""
PATIENCE = 5.0
"""Seconds, as long as SQLite itself waits."""


class Turns:
    """The turns at the database in *file*, kept by locks on two files beside it, which are never removed."""

    def __init__(self, file: Path, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._paths = [file.with_name(f"{file.name}-{place}") for place in ("next", "turn")]
        self._places: list[int] = []

    @contextlib.contextmanager
    def mine(self) -> Iterator[None]:
        """Have a turn. Raises `Unavailable` when none comes in time."""
        end = time.monotonic() + self._patience
        with contextlib.ExitStack() as held:
            with contextlib.ExitStack() as at_the_door:
                for place, holding in zip(self._opened(), (at_the_door, held), strict=False):
                    _lock(place, end)
                    holding.callback(fcntl.flock, place, fcntl.LOCK_UN)
            yield

    def close(self) -> None:
        """Stand in line no more."""
        while self._places:
            os.close(self._places.pop())

    def _opened(self) -> list[int]:
        # Where the files cannot be had the database cannot either, and says better why.
        if not self._places and fcntl is not None:
            with contextlib.suppress(OSError):
                self._places = [os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600) for path in self._paths]
        return self._places


def _lock(place: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Unavailable("база занята другим процессом") from None
            time.sleep(LOOK_AGAIN)
        else:
            return
