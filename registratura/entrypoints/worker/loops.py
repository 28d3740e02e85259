"""The loops of a worker. Any number of processes may run them on one database."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import attrs

from registratura.application.chats import OpenChats
from registratura.application.confirmation import AskMis
from registratura.application.mailroom import NotBegun, Progress, Relay
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import Delivery
from registratura.application.ports.queues import Leased
from registratura.application.ports.waking import Queue
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.worker.asking import ask_all
from registratura.entrypoints.worker.chatting import open_due

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.25
"""Seconds after which a worker looks for work that nobody rang for."""
LOOK_AT_AGENDA = 1.0
"""Seconds after which a worker looks again whether somebody is to be reminded."""
AFTER_FAULT = 2.0
"""Seconds to wait when the storage does not answer."""
END_WITHIN = 15.0
"""Seconds that what is under way may take once the worker is to stop; sending takes no more than 12."""
TIDY_EVERY = 3600.0
"""Seconds between one tidying and the next."""
BETWEEN_BATCHES = 0.2
"""Seconds that tidying leaves to others after each batch."""
HANDLERS = 3
SENDERS = 8


@attrs.define
class Bell:
    """Rings when work came in, so that nobody waits for the next look."""

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
    """One bell for those who work off, one for those who send, and one for those who ask the clinic."""

    inbox: Bell = attrs.field(factory=Bell)
    outbox: Bell = attrs.field(factory=Bell)
    asking: Bell = attrs.field(factory=Bell)

    def ring(self, queue: Queue) -> None:
        """There is work in *queue*."""
        (self.inbox if queue is Queue.INBOX else self.outbox).ring()


async def run(product: Registratura, bells: Bells | None = None, stopping: asyncio.Event | None = None) -> None:
    """Work until cancelled, or until *stopping*: then nothing new is begun and what is under way ends first."""
    await _Worker(product, bells or Bells(), stopping or asyncio.Event()).run()


@attrs.frozen
class _Worker:
    product: Registratura
    bells: Bells
    stopping: asyncio.Event

    async def run(self) -> None:
        product, line = self.product, self.product.max_line
        async with asyncio.TaskGroup() as group:

            def begin(step: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
                return group.create_task(self._repeat(step))

            under_way = [begin(self._handle) for _ in range(HANDLERS)]
            under_way.append(begin(self._remind))
            if product.open_chats is not None:
                under_way.append(begin(self._chatting(product.open_chats)))
            if product.ask_mis is not None:
                under_way.append(begin(self._asking(product.ask_mis)))
            beside = [begin(self._tidy)]
            if product.waking is not None:
                waking = product.waking
                beside.append(begin(lambda: waking.run(self.bells.ring)))
            if line is None:
                log.warning("max.off", extra={"hint": "max.token is not set: nothing is sent"})
            else:
                under_way.append(begin(lambda: self._send_all(line.relay)))
                beside += [begin(one.run) for one in (line.polling, line.watchdog) if one is not None]
            await self.stopping.wait()
            log.info("worker.stopping")
            for task in beside:
                task.cancel()
            if line is not None:
                line.brake.pull()
            await asyncio.wait(under_way, timeout=END_WITHIN)
            for task in under_way:
                task.cancel()

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while not self.stopping.is_set():
            try:
                await step()
            except Unavailable as fault:
                log.warning("storage.unavailable", extra={"fault": type(fault).__name__})
                await self._pause(AFTER_FAULT)
            except Exception:
                log.exception("worker.fault")
                await self._pause(AFTER_FAULT)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    async def _tidy(self) -> None:
        more = await self.product.tidy()
        await self._pause(BETWEEN_BATCHES if more else TIDY_EVERY)

    async def _handle(self) -> None:
        worked = await self.product.work_off()
        match worked.progress:
            case Progress.IDLE:
                await self.bells.inbox.wait()
            case Progress.DONE:
                self.bells.outbox.ring()
                self.bells.asking.ring()
            case Progress.RETRY | Progress.PARKED:
                self.bells.outbox.ring()
                log.error(
                    "inbox.fault", extra={"progress": worked.progress.value, "code": worked.code}, exc_info=worked.fault
                )

    async def _remind(self) -> None:
        if await self.product.remind():
            self.bells.outbox.ring()
        else:
            await self._pause(LOOK_AT_AGENDA)

    def _chatting(self, open_chats: OpenChats) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            if await open_due(open_chats):
                self.bells.outbox.ring()
            else:
                await self._pause(LOOK_AT_AGENDA)

        return step

    def _asking(self, ask: AskMis) -> Callable[[], Awaitable[None]]:
        bells = self.bells
        return lambda: ask_all(ask, stopping=self.stopping, wait=bells.asking.wait, ring=bells.outbox.ring)

    async def _send_all(self, relay: Relay) -> None:
        """Keep up to `SENDERS` messages under way; a slow dialogue holds up nobody else."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while not self.stopping.is_set():
                free = SENDERS - len(under_way)
                taken = await relay.lease(free) if free else ()
                if self.stopping.is_set():
                    await relay.give_back(taken)
                    break
                for leased in taken:
                    task = asyncio.create_task(self._send(relay, leased))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                if not taken or len(under_way) == SENDERS:
                    await self.bells.outbox.wait()
        finally:
            if under_way:
                await asyncio.wait(under_way)

    async def _send(self, relay: Relay, leased: Leased) -> None:
        try:
            receipt = await relay.send(leased)
        except NotBegun as fault:
            if not self.stopping.is_set():
                log.warning("outbox.not_begun", extra={"effect": leased.id, "fault": type(fault.__cause__).__name__})
            return
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
        self.bells.outbox.ring()
