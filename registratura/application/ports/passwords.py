"""Passwords: kept as hashes that are slow to guess."""

from typing import Protocol


class Passwords(Protocol):
    """Hashes and checks; both take a noticeable time and are done outside of transactions."""

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        ...

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """Whether *password* is the one that *hashed* was made of; for None it takes as long and is not."""
        ...
