"""What is told about a request that ended: a line in the journal and the counters."""

import attrs

from registratura.application.ports.time import Clock
from registratura.entrypoints.http.exchanges import Exchange
from registratura.entrypoints.logs import Line
from registratura.entrypoints.metrics import meters

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; their lines would hide the others."""
_ELSEWHERE = "other"
"""Paths that are none of ours, and files: one label for all, since anybody can make paths up."""


@attrs.frozen
class Teller:
    """Tells of every exchange; without *line* to the counters only."""

    clock: Clock
    line: Line | None

    def __call__(self, exchange: Exchange, method: str, seconds: float) -> None:
        """Tell of one. Nothing of what was sent is told: templates and words of ours only."""
        route = exchange.route
        if route:
            meters.request(route, method, exchange.status)(seconds)
        else:
            meters.request(_ELSEWHERE, _ELSEWHERE, exchange.status)(seconds)
        if self.line is not None and route not in QUIET:
            self.line(
                {
                    "event": "http.request",
                    "level": "info",
                    "request_id": exchange.request_id,
                    "method": method,
                    "route": route or _ELSEWHERE,
                    "status": exchange.status,
                    "ms": round(seconds * 1000, 1),
                    "outcome": exchange.outcome,
                    "timestamp": self.clock.now(),
                }
            )
