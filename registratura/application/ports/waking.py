"""Work that another process brought in is begun at once instead of at the next look."""

from collections.abc import Callable
from enum import Enum
from typing import Protocol


class Queue(Enum):
    """What one waits for."""

    INBOX = "inbox"
    OUTBOX = "outbox"


class Waking(Protocol):
    """Tells when something was put into a queue by whatever process. It may miss some: looking goes on beside it."""

    async def run(self, ring: Callable[[Queue], None]) -> None:
        """Call *ring* for whatever is put in, until cancelled. Raises `Unavailable` when nothing can be heard."""
        ...
