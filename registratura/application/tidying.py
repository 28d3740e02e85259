"""What nobody needs any more is deleted little by little, so that the queues' tables do not grow for ever."""

from datetime import timedelta

import attrs

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock

MISSED = timedelta(days=1)
"""A booking that nobody looked at in time is looked at no more: no clock is set back by so much."""


@attrs.frozen(kw_only=True)
class Retention:
    """How long what is done with is kept."""

    inbox: timedelta = timedelta(days=3)
    """Updates worked off. MAX repeats a delivery for up to eight hours: its key must be known as long."""
    outbox: timedelta = timedelta(days=30)
    """Messages sent; their words are blanked as soon as they left."""
    requests: timedelta = timedelta(hours=72)
    """Answers under idempotency keys."""
    sessions: timedelta = timedelta(days=8)
    """Sessions not used, links and sign-ins that ended: longer than any of them is good for."""


@attrs.frozen(kw_only=True)
class Tidy:
    """Deletes one batch of everything that is old. What was parked, and the audit, stay."""

    storage: Storage
    clock: Clock
    retention: Retention
    batch: int = 1000

    async def __call__(self) -> bool:
        """Whether there is more to delete."""
        forgotten = [
            await self.storage.transact(self._inbox),
            await self.storage.transact(self._outbox),
            await self.storage.transact(self._requests),
            await self.storage.transact(self._accounts),
            await self.storage.transact(lambda tx: tx.agenda.forget(MISSED, self.batch)),
        ]
        # Accounts count three kinds together, each up to a batch.
        return any(count >= self.batch for count in forgotten)

    def _accounts(self, tx: Transaction) -> int:
        return tx.accounts.forget(self.clock.now() - self.retention.sessions, self.batch)

    def _inbox(self, tx: Transaction) -> int:
        return tx.inbox.forget(self.retention.inbox, self.batch)

    def _outbox(self, tx: Transaction) -> int:
        return tx.outbox.forget(self.retention.outbox, self.batch)

    def _requests(self, tx: Transaction) -> int:
        return tx.requests.forget(self.clock.now() - self.retention.requests, self.batch)
