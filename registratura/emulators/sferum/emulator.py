"""The running emulator: its memory, its limit, its faults and what it was asked."""

import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import attrs

from registratura.emulators.sferum.config import SferumEmulatorConfig
from registratura.emulators.sferum.faults import Faults
from registratura.emulators.sferum.store import Store, Tx, open_store
from registratura.emulators.trouble import Switchboard
from registratura.emulators.window import Window

PER_SECOND = 3
CALLS_KEPT = 500


@attrs.define(eq=False)
class Emulator:
    """What the HTTP endpoints share."""

    config: SferumEmulatorConfig
    calls: deque[dict[str, Any]] = attrs.field(init=False, factory=lambda: deque(maxlen=CALLS_KEPT))
    faults: Switchboard[Faults] = attrs.field(init=False, factory=lambda: Switchboard(Faults()))
    pace: Window = attrs.field(init=False)
    store: Store[Tx] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pace = Window(PER_SECOND, self.config.clock)
        self.store = open_store(self.config.database, self.config.clock)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the memory; a host enters this around its own life."""
        await self.store.open()
        try:
            yield
        finally:
            await self.store.close()
