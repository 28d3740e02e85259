"""The machine's own clock and randomness."""

import secrets
from datetime import UTC, datetime
from uuid import uuid4

import attrs


@attrs.frozen
class SystemClock:
    """The clock of this machine, in UTC."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


@attrs.frozen
class SystemIds:
    """Identities from the operating system's randomness."""

    def new(self) -> str:
        """A fresh UUID, version 4."""
        return str(uuid4())

    def secret(self) -> str:
        """128 random bits in letters, digits, «-» and «_»."""
        return secrets.token_urlsafe(16)


def chance() -> float:
    """A random fraction in [0, 1)."""
    return secrets.randbelow(1_000_000) / 1_000_000
