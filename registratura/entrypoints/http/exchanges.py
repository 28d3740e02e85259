"""One request from its first byte to the end of its answer, and what is known about it on the way."""

import asyncio
from typing import Any

import attrs
from starlette.types import Message, Scope, Send

_KEY = "registratura.exchange"

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
"""Sent with every answer that does not name them itself."""
_USUAL = list(HEADERS.items())
_CLOSE = (b"connection", b"close")


@attrs.define(eq=False)
class Exchange:
    """A request under way. It stands in the scope, so that whoever answers can add to it."""

    request_id: str
    _send: Send
    task: asyncio.Task[Any] | None
    begun: float
    """By the monotonic clock, seconds."""
    is_last: bool
    """No more requests are wanted on this connection."""
    status: int = 0
    """Of the answer, from the moment it begins; 0 before."""
    route: str = ""
    """The template of our route that answers; empty while none of them does."""
    outcome: str = ""
    """What a use case decided, in a word of ours."""
    has_deadline: bool = False
    """Whether the answer must begin in time."""
    is_late: bool = False
    """It did not, and was cut."""
    is_reading: bool = False
    """The body is being waited for."""

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on; its beginning gets the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.has_deadline = False
            given = message.get("headers", ())
            named = {name for name, _ in given}
            usual = _USUAL if named.isdisjoint(HEADERS) else [pair for pair in _USUAL if pair[0] not in named]
            headers = [*given, *usual, (b"x-request-id", self.request_id.encode())]
            if self.is_last or self.is_reading:
                headers.append(_CLOSE)
            message["headers"] = headers
        await self._send(message)


def open_in(scope: Scope, exchange: Exchange) -> None:
    """Put *exchange* where `exchange_in` finds it."""
    scope[_KEY] = exchange


def close_in(scope: Scope) -> None:
    """Take it out again: the two hold each other, and only the garbage collector could part them."""
    del scope[_KEY]


def exchange_in(scope: Scope) -> Exchange:
    """The exchange to which *scope* belongs."""
    exchange: Exchange = scope[_KEY]
    return exchange
