"""The emulator as a Starlette application that can be mounted below any prefix."""

import asyncio
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from registratura.emulators.esia import choosing, direct, oidc, rest
from registratura.emulators.esia import faults as on
from registratura.emulators.esia.config import EsiaEmulatorConfig, OidcClient
from registratura.emulators.esia.emulator import Emulator
from registratura.emulators.esia.errors import Refused
from registratura.emulators.esia.faults import Faults
from registratura.emulators.esia.gate import api_route, json_response, page_route
from registratura.emulators.esia.keys import SigningKey
from registratura.emulators.esia.parameters import Fields, form_of
from registratura.emulators.esia.resources import NEEDED

STATIC: Final = Path(__file__).parent / "static"
NUMBERS: Final = frozenset({"status", "delay_ms", "times"})
FLAGS: Final = frozenset({"wrong_state", "wrong_nonce", *on.FORGERIES})


def create_app(config: EsiaEmulatorConfig) -> Starlette:
    """The emulator with both protocols, its REST services and its pages; it keeps everything in memory."""
    app = Starlette(routes=[*_esia_routes(), *_oidc_routes(config.oidc), *_hand_routes()])
    app.state.emulator = Emulator(config)
    return app


def _esia_routes() -> list[BaseRoute]:
    return [
        page_route(on.AUTHORIZE, direct.authorize),
        page_route(on.CHOOSE, choosing.choose),
        api_route(on.TOKEN, direct.token),
        api_route(on.PERSON, rest.person),
        *(api_route(f"{on.PERSON}/{name}", rest.collection(name)) for name in NEEDED),
        *(api_route(f"{on.PERSON}/{name}/{{id}}", rest.element(name)) for name in NEEDED),
        page_route(on.LOGOUT, direct.logout),
    ]


def _oidc_routes(client: OidcClient | None) -> list[BaseRoute]:
    if client is None:
        return []
    return [
        api_route(on.OIDC_CONFIGURATION, oidc.configuration),
        page_route(on.OIDC_AUTHORIZE, oidc.authorize(client)),
        page_route(on.OIDC_CHOOSE, choosing.choose),
        api_route(on.OIDC_TOKEN, oidc.token(client)),
        api_route(on.OIDC_JWKS, oidc.jwks),
        api_route(on.OIDC_USERINFO, oidc.userinfo),
    ]


def _hand_routes() -> list[BaseRoute]:
    return [
        Route("/", home, methods=["GET"]),
        Route("/", switch, methods=["POST"]),
        Route("/_emu/jwks", jwks, methods=["GET"]),
        Route("/_emu/certificate.pem", certificates, methods=["GET"]),
        Route("/_emu/faults", read_faults, methods=["GET"]),
        Route("/_emu/faults", set_faults, methods=["PUT"]),
        Route("/_emu/keys", rotate, methods=["POST"]),
        Mount("/_static", app=StaticFiles(directory=STATIC)),
    ]


def _emulator(request: Request) -> Emulator:
    emulator: Emulator = request.app.state.emulator
    return emulator


async def home(request: Request) -> Response:
    """`GET /`: the page of the emulator."""
    emulator = _emulator(request)
    return emulator.pages.home(emulator.faults.current, emulator.keys.kid)


async def switch(request: Request) -> Response:
    """`POST /`: the switches of that page."""
    emulator = _emulator(request)
    try:
        fields = await form_of(request)
        match fields.get("do"):
            case "off":
                emulator.faults.current = Faults()
            case "keep" | "drop" as old:
                await _rotate(emulator, keep_old=old == "keep")
            case _:
                emulator.faults.current = _faults_of(fields)
    except (Refused, TypeError, ValueError):
        return emulator.pages.bad_faults()
    return RedirectResponse("./", 303)


def _faults_of(fields: Fields) -> Faults:
    given: dict[str, Any] = {name: value for name, value in fields.items() if value and name not in {"do", "route"}}
    for name in given.keys() & NUMBERS:
        given[name] = int(given[name])
    for name in given.keys() & FLAGS:
        given[name] = True
    route = fields.get("route")
    return Faults(**given | ({"routes": [route]} if route else {}))


async def jwks(request: Request) -> Response:
    """`GET /_emu/jwks`."""
    return json_response(_emulator(request).keys.jwks())


async def certificates(request: Request) -> Response:
    """`GET /_emu/certificate.pem`."""
    emulator = _emulator(request)
    return PlainTextResponse(emulator.keys.certificates(emulator.config.clock()), media_type="application/x-pem-file")


async def read_faults(request: Request) -> Response:
    """`GET /_emu/faults`."""
    return json_response(_emulator(request).faults.current.as_json())


async def set_faults(request: Request) -> Response:
    """`PUT /_emu/faults`: what is not named is off."""
    emulator = _emulator(request)
    try:
        emulator.faults.current = Faults(**await _object(request))
    except (TypeError, ValueError):
        return json_response({"error": "unknown or wrong fault"}, 400)
    return json_response(emulator.faults.current.as_json())


async def rotate(request: Request) -> Response:
    """`POST /_emu/keys`: a new key signs; `keep_old` says whether the old ones stay published."""
    emulator = _emulator(request)
    try:
        keep_old = (await _object(request))["keep_old"]
    except (KeyError, ValueError):
        keep_old = None
    if not isinstance(keep_old, bool):
        return json_response({"error": "keep_old: true or false expected"}, 400)
    await _rotate(emulator, keep_old=keep_old)
    return json_response({"kid": emulator.keys.kid})


async def _rotate(emulator: Emulator, *, keep_old: bool) -> None:
    emulator.keys.rotate(await asyncio.to_thread(SigningKey), keep_old=keep_old)


async def _object(request: Request) -> dict[str, Any]:
    """The JSON object of the body. Raises ValueError when it is something else."""
    body = orjson.loads(await request.body())
    if not isinstance(body, dict):
        raise ValueError("a JSON object expected")  # noqa: TRY004 - the body is wrong, not the code
    return body
