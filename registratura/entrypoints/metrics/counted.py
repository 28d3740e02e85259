"""Ports with a counter in front: what passes is told, nothing is changed."""

from datetime import datetime

import attrs

from registratura.application.ports.messenger import Messenger, Outgoing, Receipt, Send, Throttle
from registratura.entrypoints.metrics import meters


@attrs.frozen
class CountedMessenger:
    """Tells how each sending ended; implements `Messenger`."""

    messenger: Messenger

    async def deliver(self, outgoing: Outgoing) -> Receipt:
        """Deliver; see the port."""
        receipt = await self.messenger.deliver(outgoing)
        meters.sent(type(outgoing).__name__.lower(), receipt.delivery.value)
        return receipt

    async def was_sent(self, sent: Send, since: datetime) -> bool | None:
        """Ask; see the port."""
        return await self.messenger.was_sent(sent, since)


@attrs.frozen
class CountedThrottle:
    """Tells how long calls wait for their turn; implements `Throttle`."""

    throttle: Throttle

    async def reserve(self, lines: dict[str, float]) -> float:
        """Reserve; see the port."""
        seconds = await self.throttle.reserve(lines)
        meters.waited(seconds)
        return seconds
