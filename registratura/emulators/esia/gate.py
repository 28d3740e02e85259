"""What every request passes: the faults, and the form in which a refused or broken one is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registratura.emulators.esia import errors
from registratura.emulators.esia.emulator import Emulator
from registratura.emulators.esia.errors import Refused, RestRefused
from registratura.emulators.esia.faults import Faults

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@attrs.frozen
class Call:
    """One request, with the troubles that strike it."""

    emulator: Emulator
    request: Request
    faults: Faults


Handler = Callable[[Call], Awaitable[Response]]


def json_response(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that nobody keeps."""
    return Response(orjson.dumps(content), status, {**NO_STORE, **(headers or {})}, media_type="application/json")


def page_route(route: str, handler: Handler) -> Route:
    """A route people visit: what goes wrong is told on a page."""

    async def visit(call: Call) -> Response:
        try:
            return await handler(call)
        except Refused as refused:
            return call.emulator.pages.refused(refused.refusal, 400)

    return _guarded(route, visit, lambda call, status: call.emulator.pages.refused(errors.UNEXPECTED, status))


def api_route(route: str, handler: Handler) -> Route:
    """A route programs call: what goes wrong is told in JSON, as the REST services do."""

    async def answer(call: Call) -> Response:
        try:
            return await handler(call)
        except RestRefused as refused:
            return json_response({"code": refused.code, "message": refused.message}, refused.status)

    def broken(_: Call, status: int) -> Response:
        told = errors.UNEXPECTED
        return json_response({"error": told.error, "error_description": told.description}, status)

    return _guarded(route, answer, broken)


def _guarded(route: str, handler: Handler, broken: Callable[[Call, int], Response]) -> Route:
    method, path = route.split(" ")

    async def endpoint(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        call = Call(emulator, request, emulator.faults.strike(route))
        await asyncio.sleep(call.faults.delay_ms / 1000)
        return await handler(call) if call.faults.status is None else broken(call, call.faults.status)

    return Route(path, endpoint, methods=[method])
