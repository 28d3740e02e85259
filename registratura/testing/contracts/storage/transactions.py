"""All or nothing, and nobody in between."""

import asyncio
import threading
from contextlib import suppress
from functools import partial

import pytest
from returns.result import Failure, Result, Success

from registratura.application.ports.storage import Storage, Transaction
from registratura.testing.contracts.storage.region import NOW, REGION, SLOTS, booking, consent, is_free, load, taking

_SECONDS = 5.0
_MANY = 30


class Broken(Exception):
    """Something went wrong in the middle of work."""


@pytest.mark.anyio
class TransactionPromises:
    """What `transact` and `read` promise."""

    async def test_storage_with_the_newest_schema_answers(self, storage: Storage) -> None:
        await storage.ping()

    async def test_what_work_returns_comes_back(self, storage: Storage) -> None:
        assert await storage.transact(lambda _tx: "done") == "done"
        assert await storage.read(lambda _tx: "seen") == "seen"

    async def test_success_is_committed(self, storage: Storage) -> None:
        await load(storage, *REGION)

        def work(tx: Transaction) -> Result[str, str]:
            tx.appointments.take(booking("1", SLOTS[0]), None)
            return Success("booked")

        assert await storage.transact(work) == Success("booked")
        assert not await is_free(storage, SLOTS[0])

    async def test_failure_leaves_nothing(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])

        def work(tx: Transaction) -> Result[str, str]:
            assert tx.appointments.take(held, consent(held))
            return Failure("refused after all")

        assert await storage.transact(work) == Failure("refused after all")
        assert await is_free(storage, SLOTS[0])
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) is None

    async def test_exception_leaves_nothing_and_reaches_the_caller(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])

        def work(tx: Transaction) -> None:
            assert tx.appointments.take(held, consent(held))
            raise Broken

        with pytest.raises(Broken):
            await storage.transact(work)
        assert await is_free(storage, SLOTS[0])
        assert await storage.transact(taking(held))

    async def test_later_work_sees_what_earlier_work_committed(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await storage.transact(taking(booking("1", SLOTS[0])))
        assert not await storage.transact(taking(booking("2", SLOTS[0])))

    async def test_reading_commits_nothing(self, storage: Storage) -> None:
        await load(storage, *REGION)
        # Refusing the attempt is as good as forgetting it.
        with suppress(Exception):
            await storage.read(taking(booking("1", SLOTS[0])))
        assert await is_free(storage, SLOTS[0])

    async def test_reading_sees_one_moment_and_holds_up_nobody(self, storage: Storage) -> None:
        await load(storage, *REGION)
        begun, written = threading.Event(), threading.Event()

        def look_twice(tx: Transaction) -> tuple[int, int]:
            before = len(tx.schedule.openings(SLOTS[0].resource, NOW, SLOTS[-1].visit))
            begun.set()
            # Where reading and writing take turns nobody comes, and the view is one moment all the same.
            written.wait(0.5)
            return before, len(tx.schedule.openings(SLOTS[0].resource, NOW, SLOTS[-1].visit))

        async def write() -> None:
            await asyncio.to_thread(begun.wait, _SECONDS)
            await storage.transact(taking(booking("1", SLOTS[0])))
            written.set()

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(storage.read(look_twice))
            group.create_task(write())
        before, after = looking.result()
        assert before == after

    async def test_cancelled_caller_leaves_all_or_nothing(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])
        task = asyncio.create_task(storage.transact(taking(held)))
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        # The next work waits for the one that was begun, so it sees how that ended.
        free = await storage.transact(
            lambda tx: any(one.id == held.slot for one in tx.schedule.openings(held.resource, NOW, held.ends))
        )
        booked = await storage.read(lambda tx: tx.appointments.find(held.id))
        assert free is (booked is None)

    async def test_thirty_units_of_work_at_once_all_end(self, storage: Storage) -> None:
        await load(storage, *REGION)
        done = await asyncio.gather(
            *(storage.transact(partial(_mark, number=number)) for number in range(_MANY)),
            *(storage.read(lambda tx: tx.schedule.purposes()) for _ in range(_MANY)),
        )
        assert len(done) == 2 * _MANY
        markers = await storage.read(lambda tx: [tx.inbox.marker(f"source-{n}") for n in range(_MANY)])
        assert markers == [str(n) for n in range(_MANY)]


def _mark(tx: Transaction, number: int) -> None:
    tx.inbox.move_marker(f"source-{number}", str(number))
