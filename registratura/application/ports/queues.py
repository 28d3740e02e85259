"""What came in and what goes out, as it waits in the storage."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

import attrs

from registratura.application.ports.messenger import Incoming, Outgoing


@attrs.frozen(kw_only=True)
class Received:
    """An update as it waits for its work."""

    number: int
    incoming: Incoming
    attempts: int


class Inbox(Protocol):
    """What came in passes once: a repeated key has no effect.

    Moments are those of the storage's own clock, so that machines whose clocks differ agree.
    """

    def put(self, key: str, line: str, incoming: Incoming) -> bool:
        """Keep an update, due at once; False when its *key* was seen before. *line* is what must stay in order."""
        ...

    def next(self) -> Received | None:
        """The oldest due update of a line that nobody works on, locked until the transaction ends."""
        ...

    def done(self, number: int) -> None:
        """Its work is in this very transaction."""
        ...

    def put_back(self, received: Received, wait: timedelta, reason: str) -> bool:
        """The work failed: try again after *wait*; the line waits. False when somebody else has looked at it since."""
        ...

    def park(self, received: Received, reason: str) -> bool:
        """The work cannot be done: keep the update aside for people to look at and let the line go on.

        False when somebody else has looked at it since.
        """
        ...

    def forget(self, age: timedelta, limit: int) -> int:
        """Delete at most *limit* updates that were done at least *age* ago, and their keys; give how many.

        Those parked stay.
        """
        ...

    def marker(self, source: str) -> str | None:
        """How far *source* was read by polling."""
        ...

    def move_marker(self, source: str, marker: str) -> None:
        """What was read up to *marker* is kept by this very transaction."""
        ...


@attrs.frozen(kw_only=True)
class Leased:
    """An effect that this process sends now."""

    id: str
    line: str
    outgoing: Outgoing
    attempts: int
    """How often sending was begun before."""
    first_attempt_at: datetime | None
    """By the clock of the storage."""
    in_doubt: bool
    """An earlier attempt began and nobody knows how it ended."""
    reachable: bool = True
    """False after the person stopped the bot, until it is started again (AUTH-46)."""
    chat: str | None = None
    """Id of the person's dialogue in the messenger, where it is known."""


class SendState(Enum):
    """The life of an effect in the outbox."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    PARKED = "parked"


class Outbox(Protocol):
    """Effects leave in the commit that caused them and are sent afterwards, at least once, in order by line.

    What is due and what a lease is worth is decided by the storage's own clock, so that machines whose clocks differ
    agree.
    """

    def put(self, line: str, outgoing: Outgoing, *, id: str, due: datetime | None = None) -> None:
        """Keep an effect, due at once or at *due*; those of one line leave in the order they were put."""
        ...

    def put_once(self, line: str, outgoing: Outgoing, *, id: str) -> bool:
        """Keep an effect, due at once; False, and nothing changed, when one with this *id* was kept before."""
        ...

    def leave_out(self, line: str, *, id: str, reason: str) -> bool:
        """Note as SKIPPED what is not sent to anybody, and why; False when an effect with this *id* was kept before."""
        ...

    def lease(self, limit: int, term: timedelta) -> Sequence[Leased]:
        """Take the due heads of lines, at most *limit*, for *term*: nobody else gets them or their followers.

        A lease that ran out is given again with `in_doubt`.
        """
        ...

    def settle(self, id: str, state: SendState, reason: str | None) -> None:
        """Record how sending ended: SENT, SKIPPED (not wanted any more) or PARKED (never accepted)."""
        ...

    def postpone(self, leased: Leased, wait: timedelta, reason: str | None, *, in_doubt: bool) -> bool:
        """Give the lease back: try again after *wait*; the line waits. False when somebody else took it meanwhile."""
        ...

    def give_back(self, leased: Leased) -> bool:
        """Sending was never begun: the effect waits as it did before the lease. False when somebody else took it."""
        ...

    def forget(self, age: timedelta, limit: int) -> int:
        """Delete at most *limit* effects that were sent or skipped at least *age* ago; give how many.

        Those parked stay.
        """
        ...
