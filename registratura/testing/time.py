"""Clocks and identities that a test holds in its hand."""

from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import attrs

from registratura.domain.moments import aware


@attrs.frozen
class FixedClock:
    """Time stands still at `moment`."""

    moment: datetime = attrs.field(validator=aware)

    def now(self) -> datetime:
        return self.moment


@attrs.define
class MovableClock:
    """Time passes when the test says so."""

    moment: datetime = attrs.field(validator=aware)

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        """Let *by* pass; negative to go back."""
        self.moment += by


@attrs.frozen
class SequentialIds:
    """UUIDs of version 4 in form, in an order one can foresee; several threads never get the same."""

    _numbers: "count[int]" = attrs.field(factory=lambda: count(1), init=False, repr=False)

    def new(self) -> str:
        """The next identity."""
        return str(UUID(int=next(self._numbers), version=4))

    def secret(self) -> str:
        """The next secret, of the length of a real one."""
        return f"secret-{next(self._numbers):017}"
