"""Stopping without losing a request: first no longer ready, then no longer listening."""

import attrs


@attrs.define
class Draining:
    """Whether this process is about to stop listening; `/readyz` tells the balancer."""

    begun: bool = False
