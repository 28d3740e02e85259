"""The running emulator: its memory, its limits, its faults and everybody who waits for news."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator

import attrs

from registratura.emulators.max import hands
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.deliveries import Deliverer
from registratura.emulators.max.faults import Faults, Switchboard
from registratura.emulators.max.limits import CHAT_PER_SECOND, HOST_PER_SECOND, POLLS_PER_SECOND
from registratura.emulators.max.store import Json, Store, Tx, open_store
from registratura.emulators.window import Window

REQUESTS_KEPT = 500
SCREEN_QUEUE = 1000


@attrs.define
class Signal:
    """Wakes everybody who waits at the moment it rings."""

    _event: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)

    def ring(self) -> None:
        """Wake the waiting ones."""
        self._event.set()
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The event of the next ring; take it before looking whether waiting is needed."""
        return self._event


@attrs.define(eq=False)
class Emulator:
    """What the HTTP endpoints share."""

    config: MaxEmulatorConfig
    requests: deque[Json] = attrs.field(init=False, factory=lambda: deque(maxlen=REQUESTS_KEPT))
    faults: Switchboard = attrs.field(init=False, factory=lambda: Switchboard(Faults()))
    news: Signal = attrs.field(init=False, factory=Signal)
    released: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    host: Window = attrs.field(init=False)
    polls: Window = attrs.field(init=False)
    chats: Window = attrs.field(init=False)
    store: Store[Tx] = attrs.field(init=False)
    deliverer: Deliverer = attrs.field(init=False)
    _screens: dict[int, set[asyncio.Queue[Json]]] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.host, self.polls, self.chats = (
            Window(allowed, self.config.clock) for allowed in (HOST_PER_SECOND, POLLS_PER_SECOND, CHAT_PER_SECOND)
        )
        self.store = open_store(self.config.database, self.config.clock, self._committed)
        self.deliverer = Deliverer(self.config, self.store, self.faults)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the memory, know the invented people, deliver webhooks; a host enters this around its own life."""
        self.released = asyncio.Event()
        await self.store.open()
        await self.store.run(self._seed)
        delivering = asyncio.create_task(self.deliverer.run())
        delivering.add_done_callback(_complain)
        try:
            yield
        finally:
            self.release()
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
            await self.store.close()

    def release(self) -> None:
        """Let everybody who waits go: open screens, long polls, silent requests. Call it when the host shuts down."""
        self.released.set()
        self.news.ring()

    def set_faults(self, faults: Faults) -> None:
        """Switch troubles on and off."""
        self.faults.set(faults)
        self.deliverer.wake()

    @contextlib.contextmanager
    def screen(self, person_id: int) -> Iterator[asyncio.Queue[Json]]:
        """A person's open app: events arrive in the queue while the context lasts."""
        queue: asyncio.Queue[Json] = asyncio.Queue(SCREEN_QUEUE)
        self._screens.setdefault(person_id, set()).add(queue)
        try:
            yield queue
        finally:
            self._screens[person_id].discard(queue)

    def _seed(self, tx: Tx) -> None:
        for person in self.config.people:
            hands.add(tx, person)

    def _committed(self, tx: Tx) -> None:
        for person_id, event in tx.events:
            for queue in self._screens.get(person_id, ()):
                if not queue.full():
                    queue.put_nowait(event)
        if tx.updates:
            self.deliverer.wake()
            self.news.ring()


def _complain(task: asyncio.Task[None]) -> None:
    """Webhooks must not stop in silence when the deliverer breaks."""
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        context = {"message": "the webhook deliverer of the MAX emulator broke", "exception": fault}
        task.get_loop().call_exception_handler(context)
