"""Reading what was sent: headers and bounded bodies."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Scope

from registratura.entrypoints.http import texts
from registratura.entrypoints.http.exchanges import exchange_in
from registratura.entrypoints.http.problems import Problem

CHUNK_WITHIN = 10.0
"""Seconds in which the next bit of a long body has to come."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this *name*, given in small letters."""
    for given, value in scope["headers"]:
        if given == name:
            return str(value, "latin-1")
    return None


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body; a `Problem` 413 as soon as it is known to be larger than *limit* bytes."""
    exchange = exchange_in(request.scope)
    exchange.is_reading = True
    announced = header(request.scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
    message = await request.receive()
    body = _chunk(message)
    while message.get("more_body") and len(body) <= limit:
        message = await request.receive()
        body += _chunk(message)
    if len(body) > limit:
        raise too_large(limit)
    exchange.is_reading = False
    return body


async def steady_body(request: Request) -> AsyncIterator[bytes]:
    """The body bit by bit, however long it is; a `Problem` 408 when nothing comes for `CHUNK_WITHIN` seconds."""
    exchange = exchange_in(request.scope)
    exchange.is_reading = True
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_WITHIN):
                chunk = await anext(stream)
        except StopAsyncIteration:
            exchange.is_reading = False
            return
        except TimeoutError:
            raise too_slow() from None
        yield chunk


def too_large(limit: int) -> Problem:
    """413: the body is larger than *limit* bytes."""
    return Problem(413, "body.too_large", texts.TOO_LARGE.format(limit=limit))


def too_slow() -> Problem:
    """408: the body did not come in time."""
    return Problem(408, "body.too_slow", texts.TOO_SLOW)


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    return chunk
