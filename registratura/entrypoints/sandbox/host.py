"""Starts the sandbox: database, invented region, MAX emulator, HTTP and worker together."""

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType

import attrs
import uvicorn
from rich.console import Console
from starlette.routing import BaseRoute, Mount

from registratura.emulators import region
from registratura.emulators.max.emulator import Emulator
from registratura.entrypoints import composition
from registratura.entrypoints.composition import MovedClock, Registratura, compose
from registratura.entrypoints.http.app import build
from registratura.entrypoints.listening import require_free
from registratura.entrypoints.sandbox import clock as sandbox_clock
from registratura.entrypoints.sandbox import counterparts, texts
from registratura.entrypoints.setting_sections import Bot
from registratura.entrypoints.settings import Settings, load_settings
from registratura.entrypoints.worker import loops

SEED = 122
TOKEN = "sandbox"  # noqa: S105  # the well-known token of the sandbox
HOST = "127.0.0.1"
STOP_WITHIN = 5

console = Console(highlight=False)


class _Server(uvicorn.Server):
    """A server that lets go of open chats as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, emulator: Emulator) -> None:
        super().__init__(config)
        self._emulator = emulator
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._emulator.release()
        super().handle_exit(sig, frame)


@attrs.frozen(kw_only=True)
class Sandbox:
    """One sandbox on *port*, with everything it remembers in *data*."""

    port: int
    data: Path
    size: region.Size = attrs.field(factory=region.Size)

    @property
    def address(self) -> str:
        """Where to open it."""
        return f"http://{HOST}:{self.port}"

    async def run(self, *, fresh: bool) -> None:
        """Serve until interrupted. Killed at any moment, it goes on from there at the next start."""
        require_free(HOST, self.port)
        if fresh:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        settings = self.settings()
        await asyncio.to_thread(composition.migrate, settings)
        clock = composition.MovedClock(self.data / "clock")
        async with compose(settings, clock=clock) as product:
            await product.ready()
            await self._people(product)
            await self._serve(product, clock)

    def settings(self) -> Settings:
        """The settings of the sandbox: nothing of the outside is read."""
        plain = {
            "REGISTRATURA_DATABASE_URL": f"sqlite:///{self.data.absolute()}/registratura.db",
            "REGISTRATURA_PUBLIC_URL": self.address,
            "REGISTRATURA_API_TOKEN": TOKEN,
            "REGISTRATURA_MAX_URL": f"{self.address}/sandbox/max",
            "REGISTRATURA_MAX_TOKEN": TOKEN,
            "REGISTRATURA_MAX_WEBHOOK_SECRET": "sandbox-webhook",
            "REGISTRATURA_SFERUM_URL": f"{self.address}/sandbox/sferum",
            "REGISTRATURA_SFERUM_TOKEN": TOKEN,
            "REGISTRATURA_ESIA_URL": f"{self.address}/sandbox/esia/oidc",
            "REGISTRATURA_ESIA_CLIENT_ID": TOKEN,
            "REGISTRATURA_ESIA_CLIENT_SECRET": TOKEN,
        }
        settings = load_settings(plain, self.data)
        return attrs.evolve(settings, bot=Bot(allow_cancel=True))

    async def _people(self, product: Registratura) -> None:
        """Load the invented region once a day: its schedule begins today."""
        today = product.clock.now().astimezone(product.settings.region.timezone).date()
        mark = self.data / "region.json"
        wanted = {"seed": SEED, "today": today.isoformat(), "size": attrs.asdict(self.size)}
        with contextlib.suppress(OSError, ValueError):
            if json.loads(mark.read_text(encoding="utf-8")) == wanted:
                return
        zone = str(product.settings.region.timezone)
        with console.status(texts.LOADING) as status:

            def told(records: int) -> None:
                status.update(texts.LOADED_SO_FAR.format(records=records))

            records = region.invent(SEED, today, zone, self.size)
            report = await product.loading.run(_ndjson(records), progress=told)
        console.print(texts.LOADED.format(records=report.total.loaded, refused=report.total.refused))
        mark.write_text(json.dumps(wanted), encoding="utf-8")

    async def _serve(self, product: Registratura, clock: MovedClock) -> None:
        bells = loops.Bells()
        world = counterparts.World(address=self.address, data=self.data, seed=SEED, token=TOKEN, product=product)
        emulated, chats = world.max(), world.sferum()
        emulator: Emulator = emulated.state.emulator
        mounted: list[BaseRoute] = [
            *sandbox_clock.routes(product, clock),
            Mount("/sandbox/max", emulated),
            Mount("/sandbox/sferum", chats),
            Mount("/sandbox/esia", world.esia()),
        ]
        app = build(product, bell=bells.inbox.ring, also=mounted, home=texts.HOME.format(token=TOKEN))
        server = _Server(
            uvicorn.Config(
                app,
                host=HOST,
                port=self.port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_WITHIN,
                server_header=False,
            ),
            emulator,
        )
        async with emulator.running(), chats.state.emulator.running(), _working(server, product, bells):
            console.print(texts.WELCOME.format(address=self.address, data=self.data))
            await server.serve()


@contextlib.asynccontextmanager
async def _working(server: _Server, product: Registratura, bells: loops.Bells) -> AsyncIterator[None]:
    """The worker beside the server, begun when the server listens: the emulator is its first counterpart."""

    async def when_listening() -> None:
        await server.listening.wait()
        await loops.run(product, bells)

    worker = asyncio.create_task(when_listening())
    try:
        yield
    finally:
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


def _ndjson(records: Iterator[dict[str, object]]) -> Iterator[bytes]:
    for record in records:
        yield json.dumps(record, ensure_ascii=False).encode() + b"\n"
