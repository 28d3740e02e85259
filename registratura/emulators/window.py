"""A limit of requests: so many within any one second."""

from collections import defaultdict, deque
from collections.abc import Callable

import attrs


@attrs.define
class Window:
    """Counts events by key within the last second; refused events are not counted."""

    allowed: int
    now: Callable[[], float]
    _seen: defaultdict[int, deque[float]] = attrs.field(factory=lambda: defaultdict(deque))

    def admits(self, key: int = 0) -> bool:
        """Count one more event of *key*, or say that it is one too many."""
        now = self.now()
        seen = self._seen[key]
        while seen and seen[0] <= now - 1.0:
            seen.popleft()
        if len(seen) >= self.allowed:
            return False
        seen.append(now)
        return True
