"""The bot's methods: webhooks and long polling."""

import asyncio

from registratura.emulators.max import updates
from registratura.emulators.max.api_messages import DONE
from registratura.emulators.max.deliveries import unsubscribe as end_subscription
from registratura.emulators.max.errors import SoftRefusal, too_many
from registratura.emulators.max.gate import Call, Reply, gone
from registratura.emulators.max.store import Json

MOST_EVENTS = 100
LONGEST_WAIT = 30


async def subscriptions(call: Call) -> Reply:
    """``GET /subscriptions``."""
    return await call.emulator.store.run(updates.subscriptions)


async def subscribe(call: Call) -> Reply:
    """``POST /subscriptions``."""
    emulator, body = call.emulator, await call.json()
    await emulator.store.run(lambda tx: updates.subscribe(tx, emulator.config, body))
    emulator.news.ring()
    return DONE


async def unsubscribe(call: Call) -> Reply:
    """``DELETE /subscriptions``."""
    url = call.text("url")
    if not await call.emulator.store.run(lambda tx: end_subscription(tx, url)):
        raise SoftRefusal("Subscription not found")
    return DONE


async def poll(call: Call) -> Reply:
    """``GET /updates``; longer waits and lists than the limits of May 2026 are cut down to them."""
    emulator = call.emulator
    if emulator.config.limits and not emulator.polls.admits():
        raise too_many()
    marker, types = call.number("marker"), call.words("types")
    limit = min(call.number("limit", 1, 1000) or 100, MOST_EVENTS)
    asked = call.number("timeout", 0, 90)
    wait = min(30 if asked is None else asked, LONGEST_WAIT)
    left = asyncio.ensure_future(gone(call.request))
    try:
        found, after = await _wait_for_updates(call, left, marker, limit, types, wait)
    finally:
        left.cancel()
    faults = emulator.faults.current
    repeated = [update for update in found for _ in range(faults.duplicates)]
    return {"updates": repeated[::-1] if faults.shuffle else repeated, "marker": after}


async def _wait_for_updates(
    call: Call, left: asyncio.Future[None], marker: int | None, limit: int, types: list[str], wait: float
) -> tuple[list[Json], int]:
    emulator, loop = call.emulator, asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        ring = emulator.news.next()
        found, after = await emulator.store.run(lambda tx: updates.polled(tx, marker, limit, types))
        rest = until - loop.time()
        if found or rest <= 0 or left.done() or emulator.released.is_set():
            return found, after
        rung = asyncio.ensure_future(_rung(ring))
        await asyncio.wait({rung, left}, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        rung.cancel()


async def _rung(ring: asyncio.Event) -> None:
    await ring.wait()
