"""A storage of another team: everything in memory, and in one file that each commit replaces as a whole.

What is their own is the unit of work: taking turns, rolling back, surviving a crash, saying when the disk gave up.
What the collections answer is borrowed from the published double; a team with tables of its own writes that too.
"""
# ruff: noqa: INP001  # a folder to copy, not a package

import asyncio
import fcntl
import os
import pickle
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from returns.result import Failure

from registratura.application.ports.failures import TransactionLost, Unavailable
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock
from registratura.testing.memory import MemoryTransaction, State

T = TypeVar("T")


class OwnStorage(Storage):
    """Implements `Storage` and `Throttle` over one file; `book` and `cancel` come with the port."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._turn = Lock()
        # The file is this program's own: nobody else writes it, so nothing foreign is unpickled.
        self._state: State = pickle.loads(file.read_bytes()) if file.exists() else State()  # noqa: S301

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* on a copy, one after the other; the copy is kept unless *work* raises or returns a `Failure`."""
        return await asyncio.to_thread(self._transact, work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* on a copy that is thrown away, without waiting for anybody."""
        return await asyncio.to_thread(lambda: work(MemoryTransaction(self._state.copy(), self._clock)))

    async def ping(self) -> None:
        """Return when the folder of the file can be written to."""
        if not os.access(self._file.parent, os.W_OK):
            raise Unavailable("the folder of the storage cannot be written to")

    async def reserve(self, lines: dict[str, float]) -> float:
        """Take the next place in each line; see the port `Throttle`. Places need not survive a restart."""
        with self._turn:
            now = self._clock.now().timestamp()
            places = {name: max(now, self._state.throttle.get(name, now)) for name in lines}
            self._state.throttle |= {name: place + lines[name] for name, place in places.items()}
        return max(places.values(), default=now) - now

    def _transact(self, work: Callable[[Transaction], T]) -> T:
        with self._turn:
            changed = self._state.copy()
            value = work(MemoryTransaction(changed, self._clock))
            if not isinstance(value, Failure):
                self._keep(changed)
            return value

    def _keep(self, changed: State) -> None:
        """The new file is whole on the disk before it takes the place of the old one."""
        fresh = self._file.with_suffix(".new")
        try:
            with fresh.open("wb") as out:
                pickle.dump(changed, out)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._file)
        except OSError as broken:
            raise Unavailable("the disk does not take the file") from broken
        self._state = changed
        try:
            _sync_folder(self._file.parent)
        except OSError as broken:
            # The new file is in its place, and may be gone after a power cut: nobody can say yes or no.
            raise TransactionLost("the disk does not say that the file has its name") from broken


@asynccontextmanager
async def open_storage(file: Path, clock: Clock) -> AsyncGenerator[OwnStorage]:
    """Open the storage in *file*, which need not be there yet. Raises `Unavailable` when another process has it."""
    with file.with_suffix(".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Unavailable("another process has the storage open") from taken
        yield OwnStorage(file, clock)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
