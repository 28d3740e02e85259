"""The machine's own clock and randomness."""

import secrets
from datetime import UTC, datetime
from os import urandom

import attrs


@attrs.frozen
class SystemClock:
    """The clock of this machine, in UTC."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""The first two bits of the fourth group are those of the variant, the other two are drawn."""


@attrs.frozen
class SystemIds:
    """Identities from the operating system's randomness."""

    def new(self) -> str:
        """A fresh UUID, version 4 (RFC 9562); written here because `uuid.uuid4` costs three times as much."""
        drawn = urandom(16).hex()
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{_VARIANT[drawn[16]]}{drawn[17:20]}-{drawn[20:]}"

    def secret(self) -> str:
        """128 random bits in letters, digits, «-» and «_»."""
        return secrets.token_urlsafe(16)


def chance() -> float:
    """A random fraction in [0, 1)."""
    return secrets.randbelow(1_000_000) / 1_000_000
