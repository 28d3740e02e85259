"""Chats of consultations: whatever is due is asked for, a few at once."""

import asyncio
import logging

from registratura.application.chats import Errand, OpenChats
from registratura.application.ports.failures import Unavailable

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Errands under way in one process; how often the messenger is called, all processes decide together."""


async def open_due(open_chats: OpenChats) -> int:
    """Run what is due, at most `AT_ONCE` errands; for how many chats there was something."""
    due = await open_chats.due(AT_ONCE)
    await asyncio.gather(*(_run(open_chats, errand) for errand in due if errand is not None))
    return len(due)


async def _run(open_chats: OpenChats, errand: Errand) -> None:
    booking, before = errand.held.appointment, errand.held.state
    try:
        after = await open_chats(errand)
    except Unavailable as fault:
        # The term runs out and somebody finds that nobody knows whether the chat is there.
        log.warning("chat.unrecorded", extra={"booking": booking, "fault": type(fault).__name__})
        return
    words = {"booking": booking, "before": before.value, "after": after.state.value, "reason": after.reason}
    log.log(logging.INFO if after.reason is None else logging.WARNING, "chat.asked", extra=words)
