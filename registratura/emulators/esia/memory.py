"""What the emulator remembers between requests; a restart forgets it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.define
class Shelf(Generic[T]):
    """Values under keys, each for its time."""

    now: Callable[[], datetime]
    _kept: dict[str, tuple[datetime, T]] = attrs.field(init=False, factory=dict)

    def keep(self, key: str, value: T, lifetime: timedelta) -> None:
        """Keep *value*; what has had its time goes."""
        now = self.now()
        self._kept = {kept: (until, one) for kept, (until, one) in self._kept.items() if now < until}
        self._kept[key] = (now + lifetime, value)

    def get(self, key: str) -> T | None:
        """The value, if its time is not over."""
        until, value = self._kept.get(key, (None, None))
        return value if until is not None and self.now() < until else None

    def take(self, key: str) -> T | None:
        """As `get`, and nobody gets it again."""
        value = self.get(key)
        self._kept.pop(key, None)
        return value
