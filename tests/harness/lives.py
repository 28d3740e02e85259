"""Lives of the product that end at a numbered point: processes forked from one that has imported everything already.

A life is the real product over a real database, composed as always, with `registratura.testing.crashes` between its
use cases and its ports. At the point it is to die at, it kills itself with SIGKILL: nothing is closed or rolled back.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import attrs
import uvicorn

from registratura.adapters.max.polling import Keep
from registratura.application.ports.messenger import Throttle
from registratura.entrypoints.composition import MaxLine, Registratura, compose
from registratura.entrypoints.http.app import build
from registratura.entrypoints.settings import load_settings
from registratura.entrypoints.worker import loops
from registratura.testing.crashes import Points, WatchedChats, WatchedMessenger, WatchedStorage, WatchedThrottle

NEVER = 0
"""A number that no point has."""
KILLED = -signal.SIGKILL
END_SECONDS = 20.0


@attrs.frozen(kw_only=True)
class Orders:
    """How a life is to be led: with which settings, where to write the points it passes, and at which one to die."""

    settings: Mapping[str, str] = attrs.field(repr=False)
    trail: Path
    die_at: int = NEVER
    lease: timedelta = timedelta(seconds=15)
    """How long what was taken to be sent is nobody else's."""


@attrs.define
class Life:
    """One process at a time; another may begin when the last one has ended."""

    task: Callable[[Orders], None]
    orders: Orders
    _process: ForkServerProcess | None = None

    def begin(self, *, die_at: int = NEVER) -> None:
        """Start a life without waiting for it."""
        orders = attrs.evolve(self.orders, die_at=die_at)
        self._process = _forking().Process(target=self.task, args=(orders,), daemon=True)
        self._process.start()

    @property
    def runs(self) -> bool:
        """Whether it was begun and has not ended."""
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """As the system gives it: `KILLED` for one that died at its point."""
        return self._process.exitcode if self._process else None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.join(END_SECONDS)

    def passed(self) -> list[str]:
        """The names of the points that all its lives have passed, in order."""
        return self.orders.trail.read_text(encoding="utf-8").splitlines() if self.orders.trail.exists() else []


@cache
def _forking() -> ForkServerContext:
    """Importing the product takes longer than most lives last, so it is done once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def work(orders: Orders) -> None:
    """A life of `work`."""
    asyncio.run(_work(orders))


async def _work(orders: Orders) -> None:
    bells = loops.Bells()
    loop = asyncio.get_running_loop()

    def ring() -> None:
        # What this process has committed is worked off at once, so that a life need not last long.
        bells.inbox.ring()
        bells.outbox.ring()

    async with _composed(orders, lambda: loop.call_soon_threadsafe(ring)) as product:
        await loops.run(product, bells)


def serve(orders: Orders, port: int) -> None:
    """A life of `serve` on *port*."""
    asyncio.run(_serve(orders, port))


async def _serve(orders: Orders, port: int) -> None:
    async with _composed(orders, lambda: None) as product:
        config = uvicorn.Config(build(product), host="127.0.0.1", port=port, log_config=None, lifespan="off")
        await uvicorn.Server(config).serve()


@contextlib.asynccontextmanager
async def _composed(orders: Orders, committed: Callable[[], object]) -> AsyncIterator[Registratura]:
    """The product that dies when its time has come; *committed* is called at every point in whatever thread."""
    trail = os.open(orders.trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def on_point(number: int, name: str) -> None:
        os.write(trail, f"{name}\n".encode())
        if number == orders.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        committed()

    async with compose(load_settings(orders.settings, orders.trail.parent)) as product:
        await product.ready()
        yield watched(product, Points(on_point), orders.lease)


@attrs.frozen
class AtOnce:
    """Takes places from a throttle and never makes anybody wait for them."""

    throttle: Throttle

    async def reserve(self, lines: dict[str, float]) -> float:
        await self.throttle.reserve(lines)
        return 0.0


def watched(product: Registratura, points: Points, lease: timedelta) -> Registratura:
    """The same product with points around everything it keeps and sends, and without waiting for limits."""
    storage = WatchedStorage(product.storage, points)
    parts = {field.name: getattr(product, field.name) for field in attrs.fields(Registratura)}
    use_cases = {name: attrs.evolve(part, storage=storage) for name, part in parts.items() if hasattr(part, "storage")}
    door = attrs.evolve(product.max_door, take_in=attrs.evolve(product.max_door.take_in, storage=storage))
    if product.open_chats is not None:
        chats = WatchedChats(product.open_chats.chats, points)
        use_cases["open_chats"] = attrs.evolve(product.open_chats, storage=storage, chats=chats)
    line = product.max_line and _watched_line(product.max_line, storage, door.keep, lease)
    return attrs.evolve(product, storage=storage, max_door=door, max_line=line, **use_cases)


def _watched_line(line: MaxLine, storage: WatchedStorage, keep: Keep, lease: timedelta) -> MaxLine:
    throttle, points = AtOnce(line.messenger.throttle), storage.points
    # Polling takes places whenever it likes; counted, they would make the numbers of the others a matter of luck.
    poller = attrs.evolve(line.messenger, throttle=throttle)
    sender = attrs.evolve(line.messenger, throttle=WatchedThrottle(throttle, points))
    return attrs.evolve(
        line,
        polling=line.polling and attrs.evolve(line.polling, messenger=poller, keep=keep),
        relay=attrs.evolve(line.relay, storage=storage, messenger=WatchedMessenger(sender, points), term=lease),
    )
