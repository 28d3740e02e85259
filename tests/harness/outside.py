"""The world outside as one process: the emulator of MAX, and the front that spreads webhooks over the servers.

`python -m tests.harness.outside PORT DATABASE BACKEND…` serves the emulator under /max and the front under /front.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from itertools import cycle
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from registratura.emulators.max import MaxEmulatorConfig, create_app

REPEAT_SCALE = 1 / 120
"""MAX repeats a failed webhook after a minute and gives up after eight hours; here half a second and four minutes."""
TRIES = 20
BETWEEN_TRIES = 0.1
"""A balancer looks for a server that lives before it says there is none."""


def app(port: int, database: Path, backends: Sequence[str]) -> Starlette:
    """Both halves of the world."""
    emulated = create_app(
        MaxEmulatorConfig(
            database=database,
            public_url=f"http://127.0.0.1:{port}/max",
            retry_scale=REPEAT_SCALE,
            delivery_timeout=10.0,
            allow_http_webhooks=True,
        )
    )
    calls: list[str] = []
    turn = cycle(backends)
    client = httpx.AsyncClient(trust_env=False, timeout=5)

    async def front(request: Request) -> Response:
        """Hand the call to the next server, as a balancer without any memory does."""
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        calls.append(f"{path}?{request.url.query}")
        headers = {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}}
        body = await request.body()
        for _ in range(TRIES):
            try:
                answer = await client.request(request.method, f"{next(turn)}{path}", content=body, headers=headers)
            except httpx.ConnectError:
                await asyncio.sleep(BETWEEN_TRIES)
            except httpx.HTTPError:
                break
            else:
                return Response(answer.content, answer.status_code)
        return Response(status_code=502)

    async def seen(_: Request) -> Response:
        return JSONResponse(calls)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with emulated.state.emulator.running(), client:
            yield

    routes = [
        Mount("/max", emulated),
        Route("/calls", seen),
        Mount("/front", routes=[Route("/{path:path}", front, methods=["GET", "POST"])]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main(port: str, database: str, *backends: str) -> None:
    """Serve until stopped."""
    world = app(int(port), Path(database), backends)
    uvicorn.run(world, host="127.0.0.1", port=int(port), log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
