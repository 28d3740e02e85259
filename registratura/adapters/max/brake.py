"""Stopping those who wait for their place at MAX: nothing of theirs has left yet."""

import asyncio
import contextlib

import attrs

from registratura.application.ports.failures import Unavailable


@attrs.frozen
class Brake:
    """Once pulled, nobody waits and nobody begins."""

    _pulled: asyncio.Event = attrs.field(factory=asyncio.Event)

    def pull(self) -> None:
        """Let everybody who waits give up."""
        self._pulled.set()

    async def wait(self, seconds: float) -> None:
        """Return after so many seconds; raises `Unavailable` as soon as the brake is pulled."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._pulled.wait(), seconds)
        if self._pulled.is_set():
            raise Unavailable("the process is to stop")
