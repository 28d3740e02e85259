"""A process of its own that writes to people: `python -m tests.integration.max.sender MAX DATABASE NAME USER…`."""

import asyncio
import json
import sys

from registratura.adapters.max.client import MaxMessenger, MaxSettings, connect
from registratura.adapters.sql import open_storage
from registratura.application.ports.messenger import Delivery, Message, Send
from registratura.domain.identifiers import MessengerId
from tests.integration.max.emulated import TOKEN

TRIES = 5


async def main(max_url: str, database: str, name: str, *users: str) -> None:
    """Say that we are ready, wait for the word, write one message to everybody, tell how it ended at last."""
    settings = MaxSettings(url=max_url, token=TOKEN)
    async with open_storage(database) as storage, connect(settings, storage) as messenger:
        await storage.ping()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sends = [Send(user=MessengerId(user), message=Message(f"Напоминание {name}")) for user in users]
        ends = await asyncio.gather(*(delivered(messenger, send) for send in sends))
    sys.stdout.write(json.dumps([end.value for end in ends]) + "\n")


async def delivered(messenger: MaxMessenger, send: Send) -> Delivery:
    """As the outbox does: whatever MAX wants later is offered again, a few times."""
    end = Delivery.LATER
    for _ in range(TRIES):
        if end is Delivery.LATER:
            end = (await messenger.deliver(send)).delivery
    return end


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
