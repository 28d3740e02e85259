"""The messenger as the dialogue sees it: messages with buttons go out, presses and words come in."""

from datetime import datetime
from enum import Enum
from typing import Protocol

import attrs

from registratura.domain.identifiers import AppointmentId, MessengerId


@attrs.frozen
class Button:
    """A button that comes back to us with `payload`."""

    text: str
    payload: str


@attrs.frozen
class LinkButton:
    """A button that opens `url`; the messenger tells nobody that it was pressed."""

    text: str
    url: str


Row = tuple[Button | LinkButton, ...]


@attrs.frozen(repr=False)
class Message:
    """Text for a person, at most 4000 signs of plain text, and rows of buttons below it."""

    text: str
    keyboard: tuple[Row, ...] = ()


@attrs.frozen
class Timely:
    """A message about something to come: it is not sent from *until* on, nor when the booking was closed."""

    appointment: AppointmentId
    until: datetime


@attrs.frozen(kw_only=True)
class Send:
    """A new message in the person's dialogue."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None = None
    """Id of the dialogue where it is known: needed to look whether the message arrived."""
    message: Message = attrs.field(repr=False)
    timely: Timely | None = None
    """None for what is worth sending at any time."""


@attrs.frozen(kw_only=True)
class Edit:
    """The message *mid* of the dialogue changed in place; sent anew when it can no longer be edited."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None = None
    mid: str
    message: Message = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Answer:
    """The short note that stops the spinner of a pressed button."""

    user: MessengerId = attrs.field(repr=False)
    callback: str
    note: str


Outgoing = Send | Edit | Answer


@attrs.frozen(kw_only=True)
class Started:
    """The person started the bot or came back to it."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None
    payload: str | None = None


@attrs.frozen(kw_only=True)
class Pressed:
    """The person pressed a button; `mid` is the message that carries it, unless it was deleted."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None
    callback: str
    payload: str | None
    mid: str | None


@attrs.frozen(kw_only=True)
class Typed:
    """The person wrote something; what it was is nobody's business and is not kept."""

    user: MessengerId = attrs.field(repr=False)
    chat: str | None


@attrs.frozen(kw_only=True)
class Stopped:
    """The person stopped the bot or removed the dialogue."""

    user: MessengerId = attrs.field(repr=False)


Incoming = Started | Pressed | Typed | Stopped


@attrs.frozen(kw_only=True)
class Update:
    """What the messenger told us, with the key by which repeats are known.

    `line` is what must stay in order: one person. `incoming` is None for what is accepted and needs no work; such an
    update may name nobody, and its line is then empty.
    """

    key: str
    line: str = attrs.field(repr=False)
    incoming: Incoming | None


def line_of(user: MessengerId) -> str:
    """The line in which everything from and for one person stays in order."""
    return f"max:{user}"


class Delivery(Enum):
    """How sending ended."""

    DONE = "done"
    LATER = "later"
    """Refused for now (too many requests, the messenger is down): the same call may be repeated."""
    UNKNOWN = "unknown"
    """The connection broke after the request left: it may have had its effect."""
    UNREACHABLE = "unreachable"
    """The person stopped the bot or never started it."""
    REFUSED = "refused"
    """The messenger will never accept this call."""
    FORBIDDEN = "forbidden"
    """Our token is wrong: nothing will be accepted until somebody mends it."""


@attrs.frozen(kw_only=True)
class Receipt:
    """How sending ended, with the messenger's machine-readable reason, never its text."""

    delivery: Delivery
    reason: str | None = None
    retry_after: float | None = None
    """Seconds the messenger asked us to wait."""


class Messenger(Protocol):
    """Sends to people. Never raises for what the counterpart does: the receipt tells."""

    async def deliver(self, outgoing: Outgoing) -> Receipt:
        """Send, edit or answer once. Nothing is repeated inside, except what was certainly not accepted."""
        ...

    async def was_sent(self, sent: Send, since: datetime) -> bool | None:
        """Whether a message like *sent* stands in the dialogue since *since*; None when that cannot be found out."""
        ...


class Throttle(Protocol):
    """Limits that hold across all processes."""

    async def reserve(self, lines: dict[str, float]) -> float:
        """Take the next place in each line and give the seconds to wait until the latest of them.

        *lines* maps the name of a line to the least distance, in seconds, between two places in it.
        """
        ...
