"""Long polling of updates: for development, where MAX cannot reach us (the vendor calls it unfit for production)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import attrs

from registratura.adapters.max.client import CallFailed, MaxMessenger
from registratura.adapters.max.wire import NEEDED_TYPES, MalformedUpdate, read_update
from registratura.application.backoff import MESSENGER, Backoff, delay
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import Update

log = logging.getLogger(__name__)

Keep = Callable[[Sequence[Update], str | None], Awaitable[object]]


@attrs.frozen(kw_only=True)
class Polling:
    """Asks for updates, has them kept, and only then confirms them by asking on.

    `marker` tells how far updates were kept before; `keep` keeps updates and the new marker in one commit. `chance`
    gives fractions in [0, 1) that spread the waits after faults.
    """

    messenger: MaxMessenger
    marker: Callable[[], Awaitable[str | None]]
    keep: Keep
    chance: Callable[[], float]
    backoff: Backoff = MESSENGER
    wait: int = 30

    async def run(self) -> None:
        """Poll until cancelled; faults of MAX and of the storage are waited out."""
        faults = 0
        while True:
            try:
                await self.step()
            except Unavailable as fault:
                faults += 1
                reason = fault.receipt.reason if isinstance(fault, CallFailed) else type(fault).__name__
                log.warning("max.polling.fault reason=%s faults=%d", reason, faults)
                asked = fault.receipt.retry_after if isinstance(fault, CallFailed) else None
                await asyncio.sleep(delay(self.backoff, faults, self.chance(), asked))
            else:
                faults = 0

    async def step(self) -> None:
        """One poll: what it brought is kept together with its marker. Raises `Unavailable`."""
        confirmed = await self.marker()
        batch = await self.messenger.updates(confirmed, wait=self.wait, types=NEEDED_TYPES)
        updates = [update for raw in batch.updates if (update := _readable(raw)) and update.incoming is not None]
        if updates or batch.marker not in {None, confirmed}:
            await self.keep(updates, batch.marker)


def _readable(raw: object) -> Update | None:
    """The update, or None: one that can never be read must not stop all that come after it."""
    try:
        return read_update(raw)
    except MalformedUpdate as fault:
        log.warning("max.polling.malformed path=%s expected=%s", fault.path, fault.expected)
        return None
