"""How much waits, for people who watch over the product."""

from collections.abc import Mapping
from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class Backlog:
    """What waits in one queue: rows that could be worked on now."""

    depth: int
    oldest_seconds: float
    """How long the oldest of them has been waiting; 0 when there is none."""


class Backlogs(Protocol):
    """A storage that tells what waits in it."""

    async def backlogs(self) -> Mapping[str, Backlog]:
        """What waits, by the name of the queue: `inbox`, `outbox`; raises `Unavailable`."""
        ...
