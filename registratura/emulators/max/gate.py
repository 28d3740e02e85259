"""What every request to the API passes: log, faults, token, limits, errors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import orjson
from starlette.requests import Request
from starlette.responses import Response

from registratura.emulators.max.emulator import Emulator
from registratura.emulators.max.errors import ApiError, NotReady, SoftRefusal, malformed, too_many, unauthorised
from registratura.emulators.max.faults import REFUSALS, Faults
from registratura.emulators.max.store import Json
from registratura.emulators.max.validation import whole_number
from registratura.emulators.trouble import CutResponse, json_response

Reply = Mapping[str, Any]
LONGEST_SILENCE = 600.0


@attrs.frozen
class Call:
    """One request to the API, read."""

    emulator: Emulator
    request: Request
    query: Mapping[str, str]

    async def json(self) -> object:
        """The body; malformed JSON is refused."""
        try:
            return orjson.loads(await self.request.body())
        except orjson.JSONDecodeError as fault:
            raise malformed("Malformed JSON") from fault

    def text(self, name: str) -> str:
        """A required query parameter."""
        value = self.query.get(name, "")
        if not value.strip():
            raise malformed(f"{name}: must not be blank")
        return value

    def number(self, name: str, least: int | None = None, most: int | None = None) -> int | None:
        """A whole number of the query, within bounds; ``null`` and nothing mean absent."""
        text = self.query.get(name, "")
        if text in {"", "null"}:
            return None
        try:
            value = whole_number(int(text), name)
        except ValueError as fault:
            raise malformed(f"{name}: int64 expected") from fault
        if (least is not None and value < least) or (most is not None and value > most):
            raise malformed(f"{name}: must be between {least} and {most}")
        return value

    def words(self, name: str) -> list[str]:
        """A list of the query: comma-separated, or the name repeated."""
        values = [value for key, value in parse_qsl(self.request.url.query) if key == name]
        return [word for value in values for word in value.split(",") if word]


Handler = Callable[[Call], Awaitable[Reply]]
Endpoint = Callable[[Request], Awaitable[Response]]


def api(handler: Handler) -> Endpoint:
    """Make an endpoint of a handler that gives the JSON of success."""

    async def endpoint(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        body = await request.body()
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        entry: Json = {
            "at": emulator.config.clock(),
            "method": request.method,
            "path": path,
            "query": dict(request.query_params),
            "body": _shown(body),
            "status": None,
        }
        emulator.requests.append(entry)
        faults = emulator.faults.strike(f"{request.method} /{path.split('/')[1]}")
        response = await _passed(emulator, request, handler, faults)
        entry["status"] = None if isinstance(response, CutResponse) else response.status_code
        return response

    return endpoint


async def _passed(emulator: Emulator, request: Request, handler: Handler, faults: Faults) -> Response:
    try:
        await _trouble(emulator, request, faults)
        if request.headers.get("authorization") != emulator.config.token:
            raise unauthorised()
        if emulator.config.limits and not emulator.host.admits():
            raise too_many()
        reply = await handler(Call(emulator, request, dict(request.query_params)))
    except ApiError as refusal:
        return json_response(refusal.body(), refusal.status)
    except NotReady as refusal:
        return json_response({"code": "attachment.not.ready", "message": refusal.message}, 400)
    except SoftRefusal as refusal:
        return json_response({"success": False, "message": refusal.message})
    return CutResponse() if faults.cut else json_response(reply)


async def _trouble(emulator: Emulator, request: Request, faults: Faults) -> None:
    if faults.silence:
        await silence(emulator, request)
    await asyncio.sleep(faults.delay_ms / 1000)
    if faults.status is not None:
        raise REFUSALS[faults.status]


async def silence(emulator: Emulator, request: Request) -> None:
    """Say nothing until the switch is turned, the host stops or the caller goes away."""
    waits = [
        asyncio.ensure_future(wait)
        for wait in (emulator.faults.changed.wait(), emulator.released.wait(), gone(request))
    ]
    _, rest = await asyncio.wait(waits, timeout=LONGEST_SILENCE, return_when=asyncio.FIRST_COMPLETED)
    left = waits[2].done()
    for wait in rest:
        wait.cancel()
    if left:
        raise REFUSALS[503]


async def gone(request: Request) -> None:
    """Return when the caller has closed the connection; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _shown(body: bytes) -> object:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
