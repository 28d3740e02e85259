"""What stands before every route: a request id, a deadline, no fault without an answer, and a line in the journal."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.bodies import header, too_slow
from registratura.entrypoints.http.deadlines import Deadlines
from registratura.entrypoints.http.draining import Draining
from registratura.entrypoints.http.exchanges import Exchange, close_in, open_in
from registratura.entrypoints.http.pages.faults import problem_page, wants_page
from registratura.entrypoints.http.problems import Problem, is_request_id, problem_response
from registratura.entrypoints.logs import REQUEST_ID
from registratura.entrypoints.metrics import meters

log = logging.getLogger(__name__)

RETRY_SECONDS = 2
FAULTS = 500
"""From this status on it is our fault, and the journal is told."""
Tell = Callable[[Exchange, str, float], None]


@attrs.define
class Guard:
    """Middleware around everything. *tell* gets each exchange that ended, its method and its seconds."""

    app: ASGIApp
    new_id: Callable[[], str]
    tell: Tell
    draining: Draining = attrs.field(factory=Draining)
    deadlines: Deadlines = attrs.field(factory=Deadlines)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever breaks is answered and told to the journal by type only."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        request_id = given if given is not None and is_request_id(given) else self.new_id()
        exchange = Exchange(request_id, send, asyncio.current_task(), monotonic(), self.draining.begun)
        open_in(scope, exchange)
        REQUEST_ID.set(request_id)
        self.deadlines.begin(exchange)
        try:
            await self.app(scope, receive, exchange.send)
        except (Exception, asyncio.CancelledError) as fault:  # noqa: BLE001  # the last wall
            await self._answer(fault, exchange, scope, receive)
        finally:
            self.deadlines.end(exchange)
            close_in(scope)
            self.tell(exchange, scope["method"], monotonic() - exchange.begun)

    async def _answer(self, fault: BaseException, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        if exchange.is_late and exchange.task is not None:
            exchange.task.uncancel()
        elif isinstance(fault, asyncio.CancelledError):
            raise fault
        if exchange.status:
            raise fault
        if isinstance(fault, ClientDisconnect):
            return
        problem = _problem_of(fault, exchange)
        if problem.status >= FAULTS:
            log.error("http.fault", extra={"status": problem.status}, exc_info=fault)
        render = problem_page if wants_page(scope) else problem_response
        await render(problem, exchange.request_id)(scope, receive, exchange.send)


def _problem_of(fault: BaseException, exchange: Exchange) -> Problem:
    match fault:
        case Problem():
            return fault
        case HTTPException():
            return _http_problem(fault)
        case asyncio.CancelledError() if exchange.is_reading:
            return too_slow()
        case asyncio.CancelledError():
            meters.storage_error("late")
            return _try_again(texts.LATE)
        case Unavailable():
            meters.storage_error(type(fault).__name__)
            return _try_again(texts.UNAVAILABLE)
        case _:
            return Problem(500, "fault", texts.FAULT.format(code=exchange.request_id[:8]))


def _try_again(words: str) -> Problem:
    detail = words.format(seconds=RETRY_SECONDS)
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(RETRY_SECONDS)})


def _http_problem(fault: HTTPException) -> Problem:
    headers = dict(fault.headers or {})
    details = {404: texts.PATH, 405: texts.METHOD.format(allowed=headers.get("Allow", ""))}
    detail = details.get(fault.status_code, texts.TITLES.get(fault.status_code, texts.TITLES[500]))
    return Problem(fault.status_code, f"http.{fault.status_code}", detail, headers=headers)
