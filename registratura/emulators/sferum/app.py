"""The emulator as a Starlette application that can be mounted below any prefix."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from registratura.emulators.sferum import gate, pages
from registratura.emulators.sferum.config import SferumEmulatorConfig
from registratura.emulators.sferum.emulator import Emulator

STATIC = Path(__file__).parent / "static"


def create_app(config: SferumEmulatorConfig) -> Starlette:
    """The emulator with its methods and its pages.

    Served alone it runs by its own lifespan. A host that mounts it enters ``app.state.emulator.running()`` instead.
    """
    emulator = Emulator(config)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with emulator.running():
            yield

    routes = [
        Route("/", pages.overview, methods=["GET"]),
        Route("/join/{code}", pages.chat, methods=["GET"]),
        Route("/join/{code}", pages.write, methods=["POST"]),
        Route("/_emu/chats", pages.chats_as_json, methods=["GET"]),
        Route("/_emu/calls", pages.calls_as_json, methods=["GET"]),
        Route("/_emu/faults", pages.faults_as_json, methods=["GET"]),
        Route("/_emu/faults", pages.put_faults, methods=["PUT"]),
        Route("/_emu/faults", pages.post_faults, methods=["POST"]),
        Mount("/_static", app=StaticFiles(directory=STATIC)),
        Route("/method/{name}", gate.call, methods=["POST"]),
        Route("/{name}", gate.call, methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.emulator = emulator
    return app
