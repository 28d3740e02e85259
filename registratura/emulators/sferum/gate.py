"""What every call of a method passes: record, faults, token, limit, refusals."""

import asyncio
import hmac
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from registratura.emulators.sferum import errors, texts
from registratura.emulators.sferum.emulator import Emulator
from registratura.emulators.sferum.errors import ApiError
from registratura.emulators.sferum.faults import Faults
from registratura.emulators.sferum.methods import METHODS, Method, World
from registratura.emulators.trouble import CutResponse, json_response

FORM = "application/x-www-form-urlencoded"


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; a body of another type has none, as the token in it is not seen either."""
    body = (await request.body()).decode("utf-8", "replace")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return dict(parse_qsl(body, keep_blank_values=True)) if kind == FORM else {}


async def call(request: Request) -> Response:
    """``POST <name>`` and ``POST method/<name>``."""
    emulator: Emulator = request.app.state.emulator
    name, fields = request.path_params["name"], await form_of(request)
    entry: dict[str, Any] = {
        "at": emulator.config.clock(),
        "name": name,
        "path": request.scope["path"].removeprefix(request.scope.get("root_path", "")),
        "content_type": request.headers.get("content-type"),
        "fields": fields,
        "answer": None,
    }
    emulator.calls.append(entry)
    faults = emulator.faults.strike(name)
    if faults.status is not None:
        return PlainTextResponse("upstream failed", faults.status)
    answer = await _answer(emulator, name, fields, faults)
    # After the effect, so that who stops waiting has a chat all the same.
    await asyncio.sleep(faults.delay_ms / 1000)
    if faults.cut:
        return CutResponse()
    if faults.page:
        return HTMLResponse(texts.FOREIGN_PAGE)
    entry["answer"] = answer
    return json_response(answer)


async def _answer(emulator: Emulator, name: str, fields: dict[str, str], faults: Faults) -> dict[str, object]:
    try:
        method = _admitted(emulator, name, fields, faults)
        world = World(emulator.config, emulator.faults.current)
        return {"response": await emulator.store.run(lambda tx: method(tx, world, fields))}
    except ApiError as refusal:
        return refusal.body(name, fields)


def _admitted(emulator: Emulator, name: str, fields: dict[str, str], faults: Faults) -> Method:
    """The method that is called, unless the caller may not call it now."""
    if faults.error is not None:
        raise ApiError(faults.error)
    method = METHODS.get(name)
    if method is None:
        raise ApiError(errors.UNKNOWN_METHOD)
    if not hmac.compare_digest(fields.get(errors.SECRET, "").encode(), emulator.config.token.encode()):
        raise ApiError(errors.AUTHORISATION)
    if emulator.config.limits and not emulator.pace.admits():
        raise ApiError(errors.TOO_MANY)
    return method
