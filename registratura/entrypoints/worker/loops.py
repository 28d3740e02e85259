"""The loops of a worker. Any number of processes may run them on one database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import attrs

from registratura.application.mailroom import Progress, Relay, WorkOff
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import Delivery
from registratura.application.ports.storage import Leased
from registratura.entrypoints.composition import Registratura

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.25
"""Seconds after which a worker looks for work that another process brought in."""
AFTER_FAULT = 2.0
"""Seconds to wait when the storage does not answer."""
HANDLERS = 2
SENDERS = 8


@attrs.define
class Bell:
    """Rings when work came in within this process, so that nobody waits for the next look."""

    _event: asyncio.Event = attrs.field(factory=asyncio.Event)

    def ring(self) -> None:
        """There is work."""
        self._event.set()

    async def wait(self) -> None:
        """Until it rings, or until it is time to look anyway."""
        try:
            await asyncio.wait_for(self._event.wait(), LOOK_AGAIN)
        except TimeoutError:
            return
        self._event.clear()


@attrs.define
class Bells:
    """One bell for those who work off and one for those who send."""

    inbox: Bell = attrs.field(factory=Bell)
    outbox: Bell = attrs.field(factory=Bell)


async def run(product: Registratura, bells: Bells | None = None) -> None:
    """Work until cancelled; what is under way then is recorded before this returns."""
    ringing = bells or Bells()
    async with asyncio.TaskGroup() as group:
        for _ in range(HANDLERS):
            group.create_task(_for_ever(lambda: _handle(product.work_off, ringing)))
        line = product.max_line
        if line is None:
            log.warning("max.off", extra={"hint": "max.token is not set: nothing is sent"})
            return
        group.create_task(_for_ever(lambda: _send_all(line.relay, ringing)))
        if line.polling is not None:
            group.create_task(_for_ever(line.polling.run))
        if line.watchdog is not None:
            group.create_task(_for_ever(line.watchdog.run))


async def _for_ever(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await step()
        except Unavailable as fault:
            log.warning("storage.unavailable", extra={"fault": type(fault).__name__})
            await asyncio.sleep(AFTER_FAULT)
        except Exception:
            log.exception("worker.fault")
            await asyncio.sleep(AFTER_FAULT)


async def _handle(work_off: WorkOff, bells: Bells) -> None:
    worked = await work_off()
    match worked.progress:
        case Progress.IDLE:
            await bells.inbox.wait()
        case Progress.DONE:
            bells.outbox.ring()
        case Progress.RETRY | Progress.PARKED:
            bells.outbox.ring()
            log.error(
                "inbox.fault", extra={"progress": worked.progress.value, "code": worked.code}, exc_info=worked.fault
            )


async def _send_all(relay: Relay, bells: Bells) -> None:
    """Keep up to `SENDERS` messages under way; a slow dialogue holds up nobody else."""
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            free = SENDERS - len(under_way)
            for leased in await _leased(relay, free):
                task = asyncio.create_task(_send(relay, leased, bells))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            if free == SENDERS - len(under_way) or len(under_way) == SENDERS:
                await bells.outbox.wait()
    finally:
        if under_way:
            await asyncio.wait(under_way)


async def _leased(relay: Relay, free: int) -> Sequence[Leased]:
    return await relay.lease(free) if free else ()


async def _send(relay: Relay, leased: Leased, bells: Bells) -> None:
    try:
        receipt = await relay.send(leased)
    except Unavailable as fault:
        # The lease runs out and the effect is looked up before it is sent again.
        log.warning("outbox.unrecorded", extra={"effect": leased.id, "fault": type(fault).__name__})
        return
    except Exception:
        log.exception("outbox.fault", extra={"effect": leased.id})
        return
    if receipt.delivery is not Delivery.DONE:
        level = logging.ERROR if receipt.delivery in {Delivery.FORBIDDEN, Delivery.REFUSED} else logging.WARNING
        kind = type(leased.outgoing).__name__
        words = {"effect": leased.id, "kind": kind, "delivery": receipt.delivery.value, "reason": receipt.reason}
        log.log(level, "outbox.not_sent", extra=words)
    bells.outbox.ring()
