"""A process that waits to be killed: `python victim.py URL WHERE`, where WHERE is `inside` or `after`.

It says `ready` on its standard output when it stands there.
"""

import asyncio
import sys
import time

from registratura.adapters.sql import open_storage
from registratura.application.ports.storage import Transaction
from registratura.testing.contracts.storage.outbox import SEND
from registratura.testing.contracts.storage.region import SLOTS, booking, consent, slot


def wait_for_the_end() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(60)


def everything(tx: Transaction) -> None:
    held = booking("1", SLOTS[0])
    tx.appointments.take(held, consent(held))
    tx.outbox.put("anna", SEND, id="effect")
    tx.inbox.move_marker("max", "17")
    tx.register.store([slot(number) for number in range(100, 600)])


def everything_and_wait(tx: Transaction) -> None:
    everything(tx)
    wait_for_the_end()


async def main(url: str, where: str) -> None:
    async with open_storage(url) as storage:
        if where == "inside":
            await storage.transact(everything_and_wait)
        await storage.transact(everything)
        wait_for_the_end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
