"""The application that `serve` serves."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.composition import LOGIN_PATH, MAX_SECRET_HEADER, WEBHOOK_PATH, Registratura, compose
from registratura.entrypoints.http import api, texts
from registratura.entrypoints.http.guards import Guard, bounded_body
from registratura.entrypoints.http.problems import Json, Problem, problem_response
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.settings import load_settings

STATIC = Path(__file__).parent / "static"
WEBHOOK_LIMIT = 1024 * 1024
Bell = Callable[[], None]


def build(
    product: Registratura, *, bell: Bell = lambda: None, also: Sequence[BaseRoute] = (), home: str = ""
) -> Starlette:
    """The application over *product*. *bell* rings when work came in; *also* are routes of a host, *home* its links."""

    async def webhook(request: Request) -> Response:
        return await _webhook(request, product, bell)

    async def ready(_: Request) -> Response:
        return await _ready(product)

    async def start(_: Request) -> Response:
        return HTMLResponse(texts.HOME_PAGE.format(links=home))

    return Starlette(
        routes=[
            Route("/", start),
            Route("/healthz", _healthy),
            Route("/readyz", ready),
            Route(WEBHOOK_PATH, webhook, methods=["POST"]),
            Route(LOGIN_PATH, _login),
            *api.routes(product),
            Mount("/static", StaticFiles(directory=STATIC)),
            *also,
        ],
        middleware=[Middleware(Guard, new_id=product.ids.new)],
        exception_handlers={Problem: _problem, HTTPException: _http_problem},
    )


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _ready(product: Registratura) -> Response:
    try:
        await product.storage.ping()
    except Unavailable as reason:
        return PlainTextResponse(f"{reason}\n", status_code=503)
    return PlainTextResponse("ready\n")


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


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101  # registered for this type alone
    return problem_response(request, problem)


async def _http_problem(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)  # noqa: S101  # registered for this type alone
    allowed = (fault.headers or {}).get("Allow", "")
    details = {404: texts.PATH, 405: texts.METHOD.format(allowed=allowed)}
    detail = details.get(fault.status_code, texts.TITLES.get(fault.status_code, texts.TITLES[500]))
    problem = Problem(fault.status_code, f"http.{fault.status_code}", detail, headers=dict(fault.headers or {}))
    return problem_response(request, problem)


def from_environment() -> Starlette:
    """What each worker process of `serve` builds for itself."""
    set_up_logging()
    settings = load_settings(os.environ, Path.cwd())
    return deferred(lambda: compose(settings))


def deferred(composing: Callable[[], AbstractAsyncContextManager[Registratura]]) -> Starlette:
    """An application whose product is composed when serving begins, in the loop that serves."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with composing() as product:
            await product.ready()
            app.mount("/", build(product))
            yield

    return Starlette(lifespan=lifespan)
