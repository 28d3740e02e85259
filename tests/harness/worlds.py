"""Many emulators of MAX, and of Sferum, in one process, each made when it is first called.

`python -m tests.harness.worlds PORT FOLDER`: the first part of a path names the emulator; its memory is
FOLDER/<name>.db, which may have been put there before.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from registratura.emulators import sferum
from registratura.emulators.max import MaxEmulatorConfig, create_app

ROOMS = "rooms-"
"""Names that begin so are emulators of Sferum."""


@attrs.define
class Worlds:
    """An application of all emulators; their limits are off, because nobody here waits for the next second."""

    port: int
    folder: Path
    running: contextlib.AsyncExitStack = attrs.field(factory=contextlib.AsyncExitStack)
    _apps: dict[str, Starlette] = attrs.field(factory=dict)
    _making: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the emulator it names."""
        name = scope["path"].removeprefix(scope.get("root_path", "")).split("/")[1]
        async with self._making:
            if name not in self._apps:
                self._apps[name] = await self._make(name)
        await self._apps[name](scope, receive, send)

    async def _make(self, name: str) -> Starlette:
        if name.startswith(ROOMS):
            rooms = sferum.create_app(
                sferum.SferumEmulatorConfig(
                    database=self.folder / f"{name}.db",
                    public_url=f"http://127.0.0.1:{self.port}/{name}",
                    limits=False,
                )
            )
            await self.running.enter_async_context(rooms.state.emulator.running())
            return Starlette(routes=[Mount(f"/{name}", rooms)])
        emulated = create_app(
            MaxEmulatorConfig(
                database=self.folder / f"{name}.db",
                public_url=f"http://127.0.0.1:{self.port}/{name}",
                limits=False,
            )
        )
        await self.running.enter_async_context(emulated.state.emulator.running())
        return Starlette(routes=[Mount(f"/{name}", emulated)])


def main(port: str, folder: str) -> None:
    """Serve until stopped."""
    worlds = Worlds(int(port), Path(folder))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with worlds.running:
            yield

    app = Starlette(routes=[Mount("/", worlds)], lifespan=lifespan)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
