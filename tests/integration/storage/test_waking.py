"""On PostgreSQL whatever is put in wakes those who listen, with the commit and not before."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlalchemy import create_engine, text

from registratura.adapters.sql import SqlStorage, open_storage, waking_at
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Transaction
from registratura.application.ports.waking import Queue
from registratura.testing.contracts.storage.inbox import typed
from registratura.testing.contracts.storage.outbox import SEND

pytestmark = pytest.mark.anyio
_numbers = count()


class Heard:
    """What rang so far."""

    def __init__(self) -> None:
        self._rings: asyncio.Queue[Queue] = asyncio.Queue()

    def ring(self, queue: Queue) -> None:
        self._rings.put_nowait(queue)

    async def first(self, number: int) -> list[Queue]:
        """The next rings, so many of them."""
        async with asyncio.timeout(10):
            return [await self._rings.get() for _ in range(number)]

    @property
    def more(self) -> bool:
        return not self._rings.empty()


@pytest.fixture
async def storage(migrated_postgres: str) -> AsyncIterator[SqlStorage]:
    async with open_storage(migrated_postgres) as storage:
        yield storage


@pytest.fixture
async def heard(migrated_postgres: str) -> AsyncIterator[Heard]:
    heard, waking = Heard(), waking_at(migrated_postgres)
    assert waking is not None
    listening = asyncio.create_task(waking.run(heard.ring))
    # Whoever begins to listen looks at both once.
    assert set(await heard.first(2)) == set(Queue)
    yield heard
    listening.cancel()


def receive(tx: Transaction, key: str = "key") -> None:
    tx.inbox.put(key, "anna", typed("anna"))


def send(tx: Transaction) -> None:
    tx.outbox.put("anna", SEND, id=f"effect-{next(_numbers)}")


def send_two(tx: Transaction) -> None:
    send(tx)
    send(tx)


async def test_what_is_put_in_rings_once_with_its_commit(storage: SqlStorage, heard: Heard) -> None:
    await storage.transact(receive)
    assert await heard.first(1) == [Queue.INBOX]
    await storage.transact(send_two)
    assert await heard.first(1) == [Queue.OUTBOX]
    await storage.transact(lambda tx: receive(tx, "another"))
    assert await heard.first(1) == [Queue.INBOX], "two effects of one commit rang once"


async def test_what_was_known_or_rolled_back_does_not_ring(storage: SqlStorage, heard: Heard) -> None:
    def fail(tx: Transaction) -> None:
        send(tx)
        raise RuntimeError

    await storage.transact(receive)
    assert await heard.first(1) == [Queue.INBOX]
    await storage.transact(receive)
    with pytest.raises(RuntimeError):
        await storage.transact(fail)
    await storage.transact(lambda tx: receive(tx, "the last"))
    assert await heard.first(1) == [Queue.INBOX]
    assert not heard.more


async def test_a_line_that_is_cut_is_told(migrated_postgres: str) -> None:
    heard, waking = Heard(), waking_at(migrated_postgres)
    assert waking is not None
    listening = asyncio.create_task(waking.run(heard.ring))
    await heard.first(2)
    engine = create_engine(migrated_postgres)
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
        connection.execute(text(others), {"name": "registratura waking"})
    engine.dispose()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(listening, 10)


def test_nothing_wakes_on_sqlite(sqlite_url: str) -> None:
    assert waking_at(sqlite_url) is None
