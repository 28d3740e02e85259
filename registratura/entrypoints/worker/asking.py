"""The sweeper: a clinic that decides about bookings itself is asked whatever is due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from registratura.application.confirmation import AskMis, Inquiry
from registratura.application.ports.failures import Unavailable

log = logging.getLogger(__name__)

ASKERS = 8


async def ask_all(
    ask: AskMis, *, stopping: asyncio.Event, wait: Callable[[], Awaitable[None]], ring: Callable[[], None]
) -> None:
    """Keep up to `ASKERS` questions under way until *stopping*; a slow clinic holds up no other.

    *wait* returns when there may be more to ask, *ring* tells that somebody is to be told an answer. A question that is
    cut off is asked again by another process when its term is over.
    """
    under_way: set[asyncio.Task[None]] = set()
    try:
        while not stopping.is_set():
            free = ASKERS - len(under_way)
            due = await ask.due(free) if free else ()
            for inquiry in due:
                task = asyncio.create_task(_ask(ask, inquiry, ring))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            if not due or len(under_way) == ASKERS:
                await wait()
    finally:
        if under_way:
            await asyncio.wait(under_way)


async def _ask(ask: AskMis, inquiry: Inquiry, ring: Callable[[], None]) -> None:
    booking, before = inquiry.held.appointment, inquiry.held.state
    try:
        after = await ask(inquiry)
    except Unavailable as fault:
        # The term runs out and the question is asked again.
        log.warning("mis.unrecorded", extra={"booking": booking, "fault": type(fault).__name__})
        return
    except Exception:
        log.exception("mis.fault", extra={"booking": booking})
        return
    level = logging.INFO if after.due is None else logging.WARNING
    words = {"booking": booking, "before": before.value, "after": after.state.value, "attempts": inquiry.held.attempts}
    log.log(level, "mis.asked", extra=words)
    ring()
