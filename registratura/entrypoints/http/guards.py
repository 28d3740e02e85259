"""What stands before every route: a request id, bounds, security headers, and no fault without an answer."""

import logging
from collections.abc import Callable

import attrs
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.problems import Problem, is_request_id, problem_response

log = logging.getLogger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
RETRY_SECONDS = 2


@attrs.define
class Guard:
    """Middleware around everything that is not an emulator."""

    app: ASGIApp
    new_id: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever breaks is answered and told to the journal by type only."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if is_request_id(given) else self.new_id()
        scope["registratura.request_id"] = request_id
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as fault:  # the last wall: nobody above would answer
            if begun:
                raise
            problem = _problem_of(fault, request_id)
            log.exception("http.fault", extra={"status": problem.status, "request_id": request_id})
            await problem_response(Request(scope), problem)(scope, receive, sending)


def _problem_of(fault: Exception, request_id: str) -> Problem:
    if isinstance(fault, Unavailable):
        detail = texts.UNAVAILABLE.format(seconds=RETRY_SECONDS)
        return Problem(503, "unavailable", detail, headers={"Retry-After": str(RETRY_SECONDS)})
    return Problem(500, "fault", texts.FAULT.format(code=request_id[:8]))


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body; a `Problem` 413 as soon as it is known to be larger than *limit* bytes."""
    announced = request.headers.get("content-length", "")
    too_large = Problem(413, "body.too_large", texts.TOO_LARGE.format(limit=limit))
    if announced.isdigit() and int(announced) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)
