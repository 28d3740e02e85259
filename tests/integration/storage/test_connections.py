"""What happens when the database goes away, is held up, or is shared with a host."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from threading import Event

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from registratura.adapters.sql import SqlStorage, open_storage
from registratura.application.ports.failures import TransactionLost, Unavailable
from registratura.application.ports.storage import Transaction
from registratura.domain.identifiers import AppointmentId
from registratura.testing.contracts.storage.inbox import typed, work_off
from registratura.testing.contracts.storage.region import MOTHER, NOW, REGION, SLOTS, booking, is_free, load, take

_OURS = "FROM pg_stat_activity WHERE application_name = 'registratura' AND datname = current_database()"
COUNT_OURS = text(f"SELECT count(*) {_OURS}")
END_OURS = text(f"SELECT pg_terminate_backend(pid) {_OURS}")


@pytest.fixture
async def storage(migrated_postgres: str) -> AsyncIterator[SqlStorage]:
    async with open_storage(migrated_postgres, pool_size=4) as storage:
        await load(storage, *REGION)
        yield storage


@pytest.fixture
def outsider(migrated_postgres: str) -> Iterator[Engine]:
    engine = create_engine(migrated_postgres)
    yield engine
    engine.dispose()


def cut(outsider: Engine) -> None:
    """End every connection of ours, as a restart of the server does."""
    with outsider.begin() as connection:
        connection.execute(END_OURS)


@pytest.mark.anyio
async def test_connection_lost_in_the_middle_is_unavailable_and_then_well_again(
    storage: SqlStorage, outsider: Engine
) -> None:
    def work(tx: Transaction) -> None:
        tx.appointments.take(booking("1", SLOTS[0]), None)
        cut(outsider)
        tx.appointments.find(AppointmentId("1"))

    with pytest.raises(Unavailable) as raised:
        await storage.transact(work)
    assert not isinstance(raised.value, TransactionLost)
    assert await is_free(storage, SLOTS[0])
    assert await take(storage, booking("1", SLOTS[0]))


@pytest.mark.anyio
async def test_connection_lost_while_committing_is_told_as_such(storage: SqlStorage, outsider: Engine) -> None:
    def work(tx: Transaction) -> None:
        tx.appointments.take(booking("1", SLOTS[0]), None)
        cut(outsider)

    with pytest.raises(TransactionLost):
        await storage.transact(work)


@pytest.mark.anyio
async def test_idle_connections_lost_overnight_are_not_noticed(storage: SqlStorage, outsider: Engine) -> None:
    cut(outsider)
    await asyncio.sleep(1.1)  # longer than a connection is trusted without asking
    assert await take(storage, booking("1", SLOTS[0]))


@pytest.mark.anyio
async def test_server_that_is_not_there_is_unavailable() -> None:
    async with open_storage("postgresql://nobody@127.0.0.1:1/nothing") as storage:
        with pytest.raises(Unavailable):
            await storage.ping()
        with pytest.raises(Unavailable):
            await storage.transact(lambda tx: tx.schedule.purposes())


@pytest.mark.anyio
async def test_row_held_by_another_is_given_up_within_three_seconds(storage: SqlStorage, outsider: Engine) -> None:
    with outsider.begin() as connection:
        # It is their turn to decide, and they never come to an end.
        connection.execute(text("INSERT INTO booking_turn (patient_id, turn) VALUES (:id, 1)"), {"id": MOTHER.id})
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            await storage.transact(lambda tx: tx.appointments.facts(MOTHER.id, SLOTS[0].id, now=NOW))
        assert time.monotonic() - begun < 3.5


@pytest.mark.anyio
async def test_error_says_nothing_about_people(storage: SqlStorage) -> None:
    secret = typed("anna")
    with pytest.raises(Exception, match="hidden") as raised:
        await storage.transact(lambda tx: tx.inbox.put("key", "Летняя\0", secret))
    assert "Летняя" not in str(raised.value)


@pytest.mark.anyio
async def test_late_commit_does_not_let_two_workers_into_one_line(storage: SqlStorage, outsider: Engine) -> None:
    slow = outsider.connect()
    storage.borrow(slow).inbox.put("early", "anna", typed("anna", 1))
    await storage.transact(lambda tx: tx.inbox.put("late", "anna", typed("anna", 2)))
    holding, done = Event(), Event()

    def work(tx: Transaction) -> object:
        worked = work_off(tx)
        holding.set()
        done.wait(5)
        return worked

    working = asyncio.create_task(storage.transact(work))
    await asyncio.to_thread(holding.wait, 5)
    slow.commit()
    slow.close()
    assert await storage.transact(work_off) is None
    done.set()
    assert await working == typed("anna", 2)
    assert await storage.transact(work_off) == typed("anna", 1)


async def lend(storage: SqlStorage, connection: Connection, *, commit: bool) -> bool:
    """A host writes its own row and ours over one connection; whether ours is there afterwards."""
    connection.execute(text("INSERT INTO visits_of_the_host VALUES (1)"))
    assert storage.borrow(connection).appointments.take(booking("1", SLOTS[0]), None)
    if commit:
        connection.commit()
    else:
        connection.rollback()
    return not await is_free(storage, SLOTS[0])


@pytest.mark.anyio
@pytest.mark.parametrize("commit", [True, False])
async def test_rows_of_the_host_and_ours_commit_together_on_postgres(
    storage: SqlStorage, outsider: Engine, commit: bool
) -> None:
    with outsider.begin() as connection:
        connection.execute(text("CREATE TABLE visits_of_the_host (id integer)"))
    with outsider.connect() as connection:
        assert await lend(storage, connection, commit=commit) is commit
    with outsider.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visits_of_the_host")).scalar_one() == commit


@pytest.mark.anyio
@pytest.mark.parametrize("commit", [True, False])
async def test_rows_of_the_host_and_ours_commit_together_on_sqlite(migrated_sqlite: str, commit: bool) -> None:
    host = create_engine(migrated_sqlite)
    storage = SqlStorage(host)
    await load(storage, *REGION)
    with host.begin() as connection:
        connection.execute(text("CREATE TABLE visits_of_the_host (id integer)"))
    with host.connect() as connection:
        assert await lend(storage, connection, commit=commit) is commit
    await storage.close()


@pytest.mark.anyio
async def test_two_processes_take_turns_writing_to_sqlite(migrated_sqlite: str) -> None:
    async with open_storage(migrated_sqlite) as one, open_storage(migrated_sqlite) as other:
        await load(one, *REGION)
        racing = [booking(f"{n}", SLOTS[0]) for n in range(10)]
        taken = await asyncio.gather(*(take((one, other)[n % 2], held) for n, held in enumerate(racing)))
        assert sum(taken) == 1


@pytest.mark.anyio
async def test_cancelled_caller_does_not_cut_work_short(migrated_sqlite: str) -> None:
    begun = Event()
    async with open_storage(migrated_sqlite) as storage:
        await load(storage, *REGION)
        held = booking("1", SLOTS[0])

        def work(tx: Transaction) -> bool:
            begun.set()
            return tx.appointments.take(held, None)

        task = asyncio.create_task(storage.transact(work))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await storage.transact(lambda tx: tx.appointments.find(held.id)) == held


@pytest.mark.anyio
async def test_pool_of_the_host_is_kept_in_bounds(migrated_postgres: str) -> None:
    async with open_storage(migrated_postgres, pool_size=2) as storage:
        await asyncio.gather(*(storage.transact(lambda tx: tx.schedule.purposes()) for _ in range(20)))
        engine = create_engine(migrated_postgres)
        with engine.connect() as connection:
            assert connection.execute(COUNT_OURS).scalar_one() <= 2
        engine.dispose()
