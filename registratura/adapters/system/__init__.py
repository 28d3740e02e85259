"""The machine's own clock and randomness."""

import contextlib
import secrets
from datetime import UTC, datetime, timedelta
from os import urandom
from pathlib import Path

import attrs


@attrs.frozen
class SystemClock:
    """The clock of this machine, in UTC."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


class MovedClock:
    """The clock of this machine, moved by what is kept in a file: for a sandbox. Safe in several threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._shift = timedelta(0)
        with contextlib.suppress(OSError, ValueError):
            self._shift = timedelta(seconds=float(file.read_text(encoding="ascii")))

    def now(self) -> datetime:
        """Now, as the sandbox counts."""
        return datetime.now(UTC) + self._shift

    @property
    def is_moved(self) -> bool:
        """Whether it differs from the machine's."""
        return bool(self._shift)

    def move(self, by: timedelta) -> None:
        """Let *by* pass at once, also after a restart."""
        self._set(self._shift + by)

    def reset(self) -> None:
        """Go by the machine's clock again."""
        self._set(timedelta(0))

    def _set(self, shift: timedelta) -> None:
        self._file.write_text(str(shift.total_seconds()), encoding="ascii")
        self._shift = shift


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
