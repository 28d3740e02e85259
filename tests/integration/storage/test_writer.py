"""What stands in line before SQLite's only writer leaves in one commit, and yet each is kept or undone by itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import attrs
import pytest
from returns.result import Failure, Result
from sqlalchemy import event, exc
from sqlalchemy.engine import Engine

from registratura.adapters.sql import SqlStorage, migrate
from registratura.adapters.sql.engines import make_engine
from registratura.application.ports.failures import TransactionLost, Unavailable
from registratura.application.ports.storage import Transaction
from registratura.domain.identifiers import PatientId
from registratura.testing.contracts.storage.region import REGION, SLOTS, STRANGER, booking, is_free, load

pytestmark = pytest.mark.anyio
PEOPLE = [attrs.evolve(STRANGER, id=PatientId(f"person-{number}")) for number in range(4)]


class OutOfOrderError(Exception):
    """What a unit of work raises."""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    url = f"sqlite:///{tmp_path}/registratura.db"
    migrate(url)
    return make_engine(url, pool_size=4)


@pytest.fixture
async def storage(engine: Engine) -> AsyncIterator[SqlStorage]:
    storage = SqlStorage(engine)
    await load(storage, *REGION, PEOPLE)
    yield storage
    await storage.close()


Work = Callable[[Transaction], object]


async def behind_one_another(storage: SqlStorage, *works: Work) -> list[object]:
    """Run *works* that all stand in line while the writer is busy with another."""
    may_end = Event()
    first = asyncio.ensure_future(storage.transact(lambda _: may_end.wait(10)))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(storage.transact(work)) for work in works]
    await asyncio.sleep(0)
    may_end.set()
    async with asyncio.timeout(10):
        return (await asyncio.gather(first, *others, return_exceptions=True))[1:]


def taking(number: int) -> Work:
    return lambda tx: tx.appointments.take(booking(str(number), SLOTS[number], PEOPLE[number]), None)


def taking_and_refusing(tx: Transaction) -> Result[str, str]:
    tx.appointments.take(booking("1", SLOTS[1], PEOPLE[1]), None)
    return Failure("no")


def taking_and_breaking(tx: Transaction) -> Result[str, str]:
    tx.appointments.take(booking("2", SLOTS[2], PEOPLE[2]), None)
    raise OutOfOrderError


async def test_each_is_kept_or_undone_by_itself(storage: SqlStorage) -> None:
    ended = await behind_one_another(storage, taking(0), taking_and_refusing, taking_and_breaking, taking(3))
    assert ended[0] is True
    assert ended[1] == Failure("no")
    assert isinstance(ended[2], OutOfOrderError)
    assert ended[3] is True
    assert [await is_free(storage, at) for at in SLOTS[:4]] == [False, True, True, False]


async def test_those_in_line_leave_in_one_commit(engine: Engine, storage: SqlStorage) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    await behind_one_another(storage, *(taking(number) for number in range(4)))
    # One, where the first had not begun yet when the others came.
    assert len(commits) <= 2
    assert not any([await is_free(storage, at) for at in SLOTS[:4]])


@pytest.mark.parametrize(
    "fault", [OutOfOrderError, sqlite3.DatabaseError, lambda: exc.DatabaseError(None, None, OutOfOrderError())]
)
async def test_whatever_goes_wrong_at_commit_each_hears_of_it(
    engine: Engine, storage: SqlStorage, fault: Callable[[], Exception]
) -> None:
    def fail(_connection: object) -> None:
        raise fault()

    event.listen(engine, "commit", fail)
    lost, refused, lost_too = await behind_one_another(storage, taking(0), taking_and_refusing, taking(2))
    event.remove(engine, "commit", fail)
    assert isinstance(lost, TransactionLost)
    assert isinstance(lost_too, TransactionLost)
    assert lost is not lost_too
    assert refused == Failure("no")
    assert await is_free(storage, SLOTS[0])
    assert await storage.transact(taking(0))


async def test_fault_that_nobody_foresaw_is_told_to_each_and_the_writer_goes_on(
    engine: Engine, storage: SqlStorage
) -> None:
    def fail(*_statement: object) -> None:
        raise OutOfOrderError

    may_end = Event()
    first = asyncio.ensure_future(storage.transact(lambda _: may_end.wait(10)))
    await asyncio.sleep(0)
    event.listen(engine, "before_cursor_execute", fail)
    may_end.set()
    others = [asyncio.ensure_future(storage.transact(taking(number))) for number in (0, 1)]
    ended = await asyncio.gather(first, *others, return_exceptions=True)
    event.remove(engine, "before_cursor_execute", fail)
    assert len({id(one) for one in ended}) == len(ended)
    assert await storage.transact(taking(0))


@pytest.mark.parametrize("raised", [StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
async def test_what_a_future_cannot_carry_is_told_and_hurts_nobody_else(
    storage: SqlStorage, raised: type[BaseException]
) -> None:
    def raising(tx: Transaction) -> None:
        tx.appointments.take(booking("0", SLOTS[0], PEOPLE[0]), None)
        raise raised

    told, taken = await behind_one_another(storage, raising, taking(1))
    assert isinstance(told, RuntimeError)
    assert isinstance(told.__cause__, raised)
    assert taken is True
    assert [await is_free(storage, at) for at in SLOTS[:2]] == [True, False]


async def test_work_not_begun_when_its_caller_gives_up_is_left_undone(storage: SqlStorage) -> None:
    may_end, has_begun = Event(), Event()

    def taking_slowly(tx: Transaction) -> object:
        has_begun.set()
        may_end.wait(10)
        return taking(0)(tx)

    begun = asyncio.ensure_future(storage.transact(taking_slowly))
    assert await asyncio.to_thread(has_begun.wait, 10)
    standing = asyncio.ensure_future(storage.transact(taking(1)))
    await asyncio.sleep(0)
    begun.cancel()
    standing.cancel()
    may_end.set()
    await asyncio.wait([begun, standing])
    assert await storage.transact(taking(2))
    assert [await is_free(storage, at) for at in SLOTS[:3]] == [False, True, False]


async def test_nothing_is_taken_once_closing_began(storage: SqlStorage) -> None:
    may_end = Event()
    begun = asyncio.ensure_future(storage.transact(lambda _: may_end.wait(10)))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(storage.close())
    await asyncio.sleep(0)
    late = asyncio.ensure_future(storage.transact(taking(0)))
    await asyncio.sleep(0)
    may_end.set()
    assert await begun
    await closing
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable):
            await late
        with pytest.raises(Unavailable):
            await storage.transact(taking(1))


@pytest.mark.parametrize("has_written", [False, True])
def test_child_of_a_fork_writes_too(engine: Engine, *, has_written: bool) -> None:
    other = make_engine(engine.url.render_as_string(), pool_size=1)
    storage, beside = SqlStorage(engine), SqlStorage(other)
    asyncio.run(load(storage if has_written else beside, *REGION, PEOPLE))
    child = get_context("fork").Process(target=lambda: asyncio.run(storage.transact(taking(0))))
    child.start()
    child.join(10)
    child.kill()
    child.join()
    assert child.exitcode == 0
    assert not asyncio.run(is_free(storage, SLOTS[0]))
    assert asyncio.run(storage.transact(taking(1)))
    asyncio.run(storage.close())
    asyncio.run(beside.close())


async def test_later_one_sees_what_the_earlier_did(storage: SqlStorage) -> None:
    twice = await behind_one_another(
        storage, taking(0), lambda tx: tx.appointments.take(booking("x", SLOTS[0], PEOPLE[1]), None)
    )
    assert twice == [True, False]
