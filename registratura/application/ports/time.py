"""The clock and the source of identities: both come from outside, so that rules stay pure."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Now, with a time zone."""
        ...


class Ids(Protocol):
    """Gives identities."""

    def new(self) -> str:
        """A fresh lower-case UUID (version 4), never given before."""
        ...

    def secret(self) -> str:
        """At least 96 random bits in letters, digits, «-» and «_»: for sessions and one-time links."""
        ...
