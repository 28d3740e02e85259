"""Processes that write to one SQLite file take turns.

SQLite lets in whoever comes at the right moment: a process that writes without a pause keeps another one, which looks
again every so often, out for seconds. Here the next one stands at the door while one is inside, and nobody passes by.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from errno import ENOTSUP
from pathlib import Path

from registratura.adapters.sql.engines import unavailable

try:
    import fcntl
except ImportError:  # pragma: no cover - where files cannot be locked so, SQLite's own lock has to do
    fcntl = None  # type: ignore[assignment]

LOOK_AGAIN = 0.001
"""Seconds between two looks at a door that is shut."""
PATIENCE = 5.0
"""Seconds, as long as SQLite itself waits."""


class _Busy(sqlite3.OperationalError):
    """What SQLite says when another process writes."""

    sqlite_errorname = "SQLITE_BUSY"


def lock_at_once(place: int) -> None:
    """Lock an open file. Raises BlockingIOError when another has, another OSError where files cannot be locked."""
    if fcntl is None:
        raise OSError(ENOTSUP, os.strerror(ENOTSUP))
    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Turns:
    """The turns at the database in *file*, kept by locks on two files beside it, which are never removed.

    Where files cannot be opened or locked, as in some folders of the network, there are no turns: all go in at once.
    """

    def __init__(self, file: Path, patience: float = PATIENCE, lock: Callable[[int], None] = lock_at_once) -> None:
        self._patience = patience
        self._lock = lock
        self._paths = [file.with_name(f"{file.name}-{place}") for place in ("next", "turn")]
        self._places: list[int] = []

    @contextlib.contextmanager
    def mine(self) -> Iterator[None]:
        """Have a turn. Raises `Unavailable` when none comes in time."""
        end = time.monotonic() + self._patience
        with contextlib.ExitStack() as held:
            with contextlib.ExitStack() as at_the_door:
                for place, holding in zip(self._opened(), (at_the_door, held), strict=False):
                    if self._wait(place, end):
                        holding.callback(_unlock, place)
            yield

    def close(self) -> None:
        """Stand in line no more."""
        while self._places:
            os.close(self._places.pop())

    def _opened(self) -> list[int]:
        # Where the files cannot be had the database cannot either, and says better why.
        with contextlib.suppress(OSError):
            for path in self._paths[len(self._places) :]:
                self._places.append(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return self._places

    def _wait(self, place: int, end: float) -> bool:
        """Lock *place*; false where that cannot be, and SQLite's own lock has to do."""
        while True:
            try:
                self._lock(place)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise unavailable(_Busy()) from None
                time.sleep(LOOK_AGAIN)
            except OSError:
                return False
            else:
                return True


def _unlock(place: int) -> None:
    # What was done within the turn stays done, and must not be told as failed.
    with contextlib.suppress(OSError):
        fcntl.flock(place, fcntl.LOCK_UN)
