"""No caller waits for ever: an answer that does not begin in time is cut."""

import asyncio
from time import monotonic

import attrs

from registratura.entrypoints.http.exchanges import Exchange

ANSWER_WITHIN = 10.0
"""Seconds from the end of a request's head to the beginning of its answer, the reading of its body included."""
LOOK_EVERY = 0.5


@attrs.define
class Deadlines:
    """All exchanges under way, the oldest first. One look at all of them costs less than a timer for each."""

    within: float = ANSWER_WITHIN - LOOK_EVERY
    _open: dict[Exchange, None] = attrs.field(factory=dict, init=False)
    _looks: bool = attrs.field(default=False, init=False)

    def begin(self, exchange: Exchange) -> None:
        """Watch *exchange*: its task is cancelled when it takes too long."""
        self._open[exchange] = None
        if not self._looks:
            self._look_later()

    def end(self, exchange: Exchange) -> None:
        """It ended."""
        self._open.pop(exchange, None)

    def _look_later(self) -> None:
        self._looks = True
        asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        before = monotonic() - self.within
        for exchange in [late for late in self._open if late.begun <= before]:
            if exchange.has_deadline and exchange.task is not None:
                self._open.pop(exchange)
                exchange.is_late = True
                exchange.task.cancel()
        self._looks = False
        if self._open:
            self._look_later()
