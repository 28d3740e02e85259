"""What stands in line before SQLite's only writer leaves in one commit, and yet each is kept or undone by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event

import attrs
import pytest
from returns.result import Failure, Result
from sqlalchemy import event
from sqlalchemy.engine import Engine

from registratura.adapters.sql import SqlStorage, migrate
from registratura.adapters.sql.engines import make_engine
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


async def test_fault_that_nobody_foresaw_is_told_and_the_writer_goes_on(engine: Engine, storage: SqlStorage) -> None:
    def fail(_connection: object) -> None:
        raise OutOfOrderError

    event.listen(engine, "commit", fail)
    ended = await behind_one_another(storage, taking(0), taking(1))
    event.remove(engine, "commit", fail)
    assert [type(one) for one in ended] == [OutOfOrderError, OutOfOrderError]
    assert await is_free(storage, SLOTS[0])
    assert await storage.transact(lambda tx: tx.appointments.take(booking("0", SLOTS[0], PEOPLE[0]), None))


async def test_later_one_sees_what_the_earlier_did(storage: SqlStorage) -> None:
    twice = await behind_one_another(
        storage, taking(0), lambda tx: tx.appointments.take(booking("x", SLOTS[0], PEOPLE[1]), None)
    )
    assert twice == [True, False]
