"""What came in is worked off once and in order; what goes out is sent at least once and recorded."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import Enum
from typing import Protocol

import attrs

from registratura.application.backoff import MESSENGER, delay
from registratura.application.message_limits import DoesNotFit
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import (
    Answer,
    Delivery,
    Incoming,
    Messenger,
    Receipt,
    Send,
    Timely,
    Update,
)
from registratura.application.ports.queues import Leased, Received, SendState
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.domain.appointments import Appointment
from registratura.domain.identifiers import MessengerId

MAX_ATTEMPTS = 4
"""How often an update is tried before it is put aside."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A message that could not be sent for so long is put aside for people to look at."""

ANSWER_IS_STALE_AFTER = 3
"""Attempts after which the note on a pressed button is of no use any more."""


@attrs.frozen(kw_only=True)
class TakeIn:
    """Keep updates before anything else happens to them."""

    storage: Storage

    async def __call__(self, updates: Sequence[Update], marker: tuple[str, str] | None = None) -> int:
        """Keep *updates*, and how far polling came, in one commit; give the number of those not seen before."""
        wanted = [(update.key, update.line, update.incoming) for update in updates if update.incoming is not None]
        if not wanted and marker is None:
            return 0
        if len(wanted) == 1 and marker is None:
            return int(await self.storage.receive(*wanted[0]))
        return await self.storage.transact(lambda tx: self._keep(wanted, marker, tx))

    def _keep(
        self, wanted: Sequence[tuple[str, str, Incoming]], marker: tuple[str, str] | None, tx: Transaction
    ) -> int:
        fresh = sum(tx.inbox.put(key, line, incoming) for key, line, incoming in wanted)
        if marker is not None:
            tx.inbox.move_marker(*marker)
        return fresh


class Progress(Enum):
    """What became of one round of work."""

    IDLE = "idle"
    DONE = "done"
    RETRY = "retry"
    PARKED = "parked"


@attrs.frozen
class Worked:
    """The outcome of one round, with the fault if there was one; `code` is what the person was told."""

    progress: Progress
    fault: Exception | None = None
    code: str | None = None


class Handle(Protocol):
    """What is done with an update: `Converse`."""

    def __call__(self, incoming: Incoming, tx: Transaction, *, lists_failed: bool = False) -> None:
        """Handle one update; *lists_failed* says so instead of reading lists."""
        ...

    def apologise(self, user: MessengerId, chat: str | None, code: str, tx: Transaction) -> None:
        """Tell a person that something broke on our side."""
        ...


@attrs.frozen(kw_only=True)
class WorkOff:
    """Work off the oldest update of a dialogue that nobody works on."""

    storage: Storage
    converse: Handle
    ids: Ids

    async def __call__(self) -> Worked:
        """One update in one transaction; a fault in it never loses the update and never stops other dialogues."""
        seen: list[Received] = []
        try:
            return await self.storage.transact(lambda tx: self._work(seen, tx, lists_failed=False))
        except Exception as fault:  # whatever it is, the update must not be lost with it
            if not seen:
                raise
            return await self._recover(seen[0], fault)

    def _work(self, seen: list[Received], tx: Transaction, *, lists_failed: bool) -> Worked:
        received = tx.inbox.next()
        if received is None:
            return Worked(Progress.IDLE)
        failed_again = lists_failed and any(earlier.number == received.number for earlier in seen)
        seen.append(received)
        self.converse(received.incoming, tx, lists_failed=failed_again)
        tx.inbox.done(received.number)
        return Worked(Progress.DONE)

    async def _recover(self, received: Received, fault: Exception) -> Worked:
        if isinstance(fault, Unavailable):
            # Lists cannot be had: say so, with «Повторить». If not even that can be kept, the update waits.
            with contextlib.suppress(Unavailable):
                return await self.storage.transact(lambda tx: self._work([received], tx, lists_failed=True))
        if received.attempts + 1 < MAX_ATTEMPTS:
            wait = timedelta(seconds=2**received.attempts)
            await self.storage.transact(lambda tx: tx.inbox.put_back(received, wait, type(fault).__name__))
            return Worked(Progress.RETRY, fault)
        code = self.ids.new()[:8]
        reason = f"{type(fault).__name__} {code}"
        if not await self.storage.transact(lambda tx: tx.inbox.park(received, reason)):
            # Between the fault and this somebody else took the update: what becomes of it is theirs to say.
            return Worked(Progress.RETRY, fault)
        # Apart, so that the line goes on even if the person cannot be told.
        user, chat = _who(received.incoming)
        await self.storage.transact(lambda tx: self.converse.apologise(user, chat, code, tx))
        return Worked(Progress.PARKED, fault, code)


def _who(incoming: Incoming) -> tuple[MessengerId, str | None]:
    return incoming.user, getattr(incoming, "chat", None)


def _timely(leased: Leased) -> Timely | None:
    return leased.outgoing.timely if isinstance(leased.outgoing, Send) else None


def _pointless(leased: Leased, tx: Transaction) -> str | None:
    """Why an effect need not be sent any more."""
    if not leased.reachable:
        return "stopped"
    timely = _timely(leased)
    if timely is None:
        return None
    if tx.agenda.now() >= timely.until:
        return "late"
    return None if isinstance(tx.appointments.find(timely.appointment), Appointment) else "withdrawn"


class NotBegun(Unavailable):
    """Nothing was sent: the effect waits as it did before."""


@attrs.frozen(kw_only=True)
class Relay:
    """Send what waits in the outbox: leased, sent outside of any transaction, then recorded."""

    storage: Storage
    messenger: Messenger
    clock: Clock
    chance: Callable[[], float]
    """A random fraction in [0, 1) that keeps several processes from retrying in step."""
    term: timedelta = timedelta(seconds=15)
    """How long an effect is ours; after a crash its person waits as long."""
    patience: timedelta = timedelta(seconds=12)
    """How long sending may take: less than the term, so that nobody else begins meanwhile."""

    async def lease(self, limit: int) -> Sequence[Leased]:
        """Take at most *limit* effects to send; those that nobody can or should get now are recorded as skipped."""
        return await self.storage.transact(lambda tx: self._lease(limit, tx))

    def _lease(self, limit: int, tx: Transaction) -> Sequence[Leased]:
        taken = [(leased, _pointless(leased, tx)) for leased in tx.outbox.lease(limit, self.term)]
        for leased, reason in taken:
            if reason is not None:
                tx.outbox.settle(leased.id, SendState.SKIPPED, reason)
        return [leased for leased, reason in taken if reason is None]

    async def give_back(self, leased: Sequence[Leased]) -> None:
        """Let others send at once what was leased and never begun."""
        if not leased:
            return
        await self.storage.transact(lambda tx: [tx.outbox.give_back(one) for one in leased])

    async def send(self, leased: Leased) -> Receipt:
        """Send one effect and record how it ended. What was begun and never recorded is looked up first.

        Raises `NotBegun` when nothing was sent and the effect was given back, `Unavailable` when it was not recorded.
        """
        try:
            async with asyncio.timeout(self._patience(leased).total_seconds()):
                receipt = await self._once(leased)
        except Unavailable as reason:
            # The limits could not be asked, or the process is to stop.
            with contextlib.suppress(Unavailable):
                await asyncio.shield(self.give_back([leased]))
            raise NotBegun from reason
        except DoesNotFit:
            receipt = Receipt(delivery=Delivery.REFUSED, reason="over the limits of the messenger")
        except Exception as fault:  # noqa: BLE001  # a slip of ours must not hold up the line for ever
            last = leased.attempts + 1 >= MAX_ATTEMPTS
            receipt = Receipt(delivery=Delivery.REFUSED if last else Delivery.UNKNOWN, reason=type(fault).__name__)
        # A cancelled task must still record what it has sent, or the message would be sent again.
        await asyncio.shield(self.storage.transact(lambda tx: self._record(leased, receipt, tx)))
        return receipt

    def _patience(self, leased: Leased) -> timedelta:
        timely = _timely(leased)
        return self.patience if timely is None else min(self.patience, timely.until - self.clock.now())

    async def _once(self, leased: Leased) -> Receipt:
        outgoing = leased.outgoing
        if leased.in_doubt and leased.first_attempt_at is not None and not isinstance(outgoing, Answer):
            # An edit that MAX refuses becomes a new message, so what is in doubt is a new message either way.
            sent = Send(user=outgoing.user, chat=outgoing.chat or leased.chat, message=outgoing.message)
            arrived = await self.messenger.was_sent(sent, leased.first_attempt_at)
            if arrived:
                return Receipt(delivery=Delivery.DONE, reason="found")
            if arrived is None and leased.attempts < MAX_ATTEMPTS:
                return Receipt(delivery=Delivery.UNKNOWN, reason="cannot look")
        return await self.messenger.deliver(outgoing)

    def _record(self, leased: Leased, receipt: Receipt, tx: Transaction) -> None:
        match receipt.delivery:
            case Delivery.DONE:
                tx.outbox.settle(leased.id, SendState.SENT, receipt.reason)
            case Delivery.UNREACHABLE:
                tx.dialogues.set_reachable(leased.outgoing.user, reachable=False)
                tx.outbox.settle(leased.id, SendState.SKIPPED, receipt.reason)
            case Delivery.REFUSED:
                state = SendState.SKIPPED if isinstance(leased.outgoing, Answer) else SendState.PARKED
                tx.outbox.settle(leased.id, state, receipt.reason)
            case Delivery.LATER | Delivery.UNKNOWN | Delivery.FORBIDDEN:
                self._later(leased, receipt, tx)

    def _later(self, leased: Leased, receipt: Receipt, tx: Transaction) -> None:
        if isinstance(leased.outgoing, Answer) and leased.attempts + 1 >= ANSWER_IS_STALE_AFTER:
            tx.outbox.settle(leased.id, SendState.SKIPPED, receipt.reason)
            return
        if leased.first_attempt_at is not None and self.clock.now() - leased.first_attempt_at > GIVE_UP_AFTER:
            tx.outbox.settle(leased.id, SendState.PARKED, receipt.reason)
            return
        wait = delay(MESSENGER, leased.attempts + 1, self.chance(), receipt.retry_after)
        in_doubt = receipt.delivery is Delivery.UNKNOWN
        tx.outbox.postpone(leased, timedelta(seconds=wait), receipt.reason, in_doubt=in_doubt)
