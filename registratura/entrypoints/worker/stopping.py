"""How a worker ends when the system asks it to."""

import asyncio
import signal

from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.worker import loops

SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def until_stopped(product: Registratura) -> int:
    """Work until the first SIGTERM or SIGINT and end what is under way; the exit code.

    The second signal ends the process at once.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for name in SIGNALS:
            loop.remove_signal_handler(name)
            # Left to the system, so that even a process that hangs obeys.
            signal.signal(name, signal.SIG_DFL)

    for name in SIGNALS:
        loop.add_signal_handler(name, stop)
    await loops.run(product, stopping=stopping)
    return 0
