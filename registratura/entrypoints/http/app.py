"""The application that `serve` serves."""

import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from registratura.application.ports.backlog import Backlog
from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.composition import LOGIN_PATH, MAX_SECRET_HEADER, WEBHOOK_PATH, Registratura
from registratura.entrypoints.http import api, docs, openapi, texts
from registratura.entrypoints.http.bodies import bounded_body
from registratura.entrypoints.http.draining import Draining
from registratura.entrypoints.http.guards import Guard
from registratura.entrypoints.http.pages import routes as pages
from registratura.entrypoints.http.problems import Json, Problem
from registratura.entrypoints.http.routing import Routes, route
from registratura.entrypoints.http.telling import Teller
from registratura.entrypoints.logs import request_lines
from registratura.entrypoints.metrics import exposition, meters

STATIC = Path(__file__).parent / "static"
WEBHOOK_LIMIT = 1024 * 1024
GARBAGE_AT = 10_000
"""New objects after which garbage is looked for; a request makes some hundreds and nearly none in circles."""
Bell = Callable[[], None]


def build(
    product: Registratura,
    draining: Draining | None = None,
    *,
    bell: Bell = lambda: None,
    also: Sequence[BaseRoute] = (),
    home: str = "",
) -> Guard:
    """The application over *product*; *also* are routes of the host, for the rest see `routes`."""
    ready = draining or Draining()
    return Guard(
        Routes([*routes(product, ready, bell=bell, home=home), *also]),
        new_id=product.ids.new,
        tell=Teller(product.clock, request_lines() if product.settings.http.log_requests else None),
        draining=ready,
    )


def routes(product: Registratura, draining: Draining, *, bell: Bell = lambda: None, home: str = "") -> list[BaseRoute]:
    """Everything that is answered over *product*. *bell* rings when work came in; *home* are links of the host."""

    async def webhook(request: Request) -> Response:
        return await _webhook(request, product, bell)

    async def ready(_: Request) -> Response:
        return await _ready(product, draining)

    async def metrics(_: Request) -> Response:
        return await _metrics(product)

    return [
        route("/healthz", {"GET": _healthy}),
        route("/readyz", {"GET": ready}),
        route("/metrics", {"GET": metrics}),
        route("/openapi.json", {"GET": _openapi}),
        route("/docs", {"GET": _docs}),
        route(WEBHOOK_PATH, {"POST": webhook}),
        route(LOGIN_PATH, {"GET": _login}),
        *api.routes(product),
        *pages.routes(product, home),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _ready(product: Registratura, draining: Draining) -> Response:
    if draining.begun:
        return PlainTextResponse(f"{texts.DRAINING}\n", status_code=503)
    try:
        await product.storage.ping()
    except Unavailable as reason:
        return PlainTextResponse(f"{reason}\n", status_code=503)
    return PlainTextResponse("ready\n")


async def _metrics(product: Registratura) -> Response:
    backlogs: Mapping[str, Backlog] = {}
    try:
        backlogs = await product.inspection.backlogs()
    except Unavailable as fault:
        meters.storage_error(type(fault).__name__)
    return Response(exposition.page(backlogs), media_type=exposition.CONTENT_TYPE)


async def _openapi(_: Request) -> Response:
    return Json(openapi.DOCUMENT)


async def _docs(_: Request) -> Response:
    return HTMLResponse(docs.page(openapi.DOCUMENT))


async def _login(_: Request) -> Response:
    return HTMLResponse(texts.LOGIN_PAGE)


async def _webhook(request: Request, product: Registratura, bell: Bell) -> Response:
    """Kept, then 200; the work follows (TMK-08 to TMK-10)."""
    if not product.max_door.lets_in(request.headers.get(MAX_SECRET_HEADER)):
        raise Problem(401, "max.secret", texts.FOREIGN_CALL)
    body = await bounded_body(request, WEBHOOK_LIMIT)
    try:
        fresh = await product.max_door.accept(body)
    except ValueError as malformed:
        raise Problem(400, "max.update", texts.BAD_UPDATE.format(place=malformed)) from None
    if fresh:
        bell()
    return Json({"success": True})


class Deferred:
    """An application whose product is composed when serving begins, in the loop that serves."""

    def __init__(self, composing: Callable[[], AbstractAsyncContextManager[Registratura]]) -> None:
        self.draining = Draining()
        self._composing = composing
        self._lifespan = Router(lifespan=self._composed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or live from the beginning of serving to its end."""
        await (self._lifespan if scope["type"] == "lifespan" else self._app)(scope, receive, send)

    @asynccontextmanager
    async def _composed(self, _: object) -> AsyncIterator[None]:
        async with self._composing() as product:
            await product.ready()
            self._app: ASGIApp = build(product, self.draining)
            _keep_what_is_there()
            yield


def _keep_what_is_there() -> None:
    """Modules and the product live as long as the process: the garbage collector need not look at them each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
