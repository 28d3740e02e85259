"""What stands before every route: a request id, security headers, and no fault without an answer."""

import logging
from collections.abc import Callable

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.bodies import header
from registratura.entrypoints.http.problems import Problem, is_request_id, problem_response

log = logging.getLogger(__name__)

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
"""Sent with every answer that does not name them itself."""
_USUAL = list(HEADERS.items())
RETRY_SECONDS = 2
FAULTS = 500
"""From this status on it is our fault, and the journal is told."""


@attrs.define(eq=False)
class Exchange:
    """One request and what has been answered so far."""

    request_id: str
    _send: Send
    status: int = 0
    """Of the answer, from the moment it begins; 0 before."""

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on; its beginning gets the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            named = {name for name, _ in given}
            usual = _USUAL if named.isdisjoint(HEADERS) else [pair for pair in _USUAL if pair[0] not in named]
            message["headers"] = [*given, *usual, (b"x-request-id", self.request_id.encode())]
        await self._send(message)


@attrs.define
class Guard:
    """Middleware around everything."""

    app: ASGIApp
    new_id: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever breaks is answered and told to the journal by type only."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        request_id = given if given is not None and is_request_id(given) else self.new_id()
        exchange = Exchange(request_id, send)
        try:
            await self.app(scope, receive, exchange.send)
        except Exception as fault:  # the last wall: nobody above would answer
            if exchange.status:
                raise
            if isinstance(fault, ClientDisconnect):
                return
            problem = _problem_of(fault, request_id)
            if problem.status >= FAULTS:
                log.exception("http.fault", extra={"status": problem.status, "request_id": request_id})
            await problem_response(problem, request_id)(scope, receive, exchange.send)


def _problem_of(fault: Exception, request_id: str) -> Problem:
    match fault:
        case Problem():
            return fault
        case HTTPException():
            return _http_problem(fault)
        case Unavailable():
            detail = texts.UNAVAILABLE.format(seconds=RETRY_SECONDS)
            return Problem(503, "unavailable", detail, headers={"Retry-After": str(RETRY_SECONDS)})
        case _:
            return Problem(500, "fault", texts.FAULT.format(code=request_id[:8]))


def _http_problem(fault: HTTPException) -> Problem:
    headers = dict(fault.headers or {})
    details = {404: texts.PATH, 405: texts.METHOD.format(allowed=headers.get("Allow", ""))}
    detail = details.get(fault.status_code, texts.TITLES.get(fault.status_code, texts.TITLES[500]))
    return Problem(fault.status_code, f"http.{fault.status_code}", detail, headers=headers)
