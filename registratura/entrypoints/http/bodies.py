"""Reading what was sent: headers and bounded bodies."""

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Scope

from registratura.entrypoints.http import texts
from registratura.entrypoints.http.problems import Problem


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this *name*, given in small letters."""
    for given, value in scope["headers"]:
        if given == name:
            return str(value, "latin-1")
    return None


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body; a `Problem` 413 as soon as it is known to be larger than *limit* bytes."""
    announced = header(request.scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    message = await request.receive()
    body = _chunk(message)
    while message.get("more_body") and len(body) <= limit:
        message = await request.receive()
        body += _chunk(message)
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    return chunk


def _too_large(limit: int) -> Problem:
    return Problem(413, "body.too_large", texts.TOO_LARGE.format(limit=limit))
