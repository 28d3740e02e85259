"""A load of bookings meets a booking of the same patient and hour on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future

import pytest
from returns.result import Failure, Result, Success
from sqlalchemy import Connection, Engine, create_engine, insert, text

from registratura.adapters.sql import SqlStorage, open_storage
from registratura.adapters.sql import tables as t
from registratura.application.ports.deciding import (
    Answer,
    Decision,
    Fingerprint,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
)
from registratura.application.ports.storage import Transaction
from registratura.application.records import Clash, Stored, Verdict
from registratura.domain.appointments import Facts
from registratura.domain.identifiers import AppointmentId
from registratura.testing.contracts.storage.region import (
    COLLEAGUES_SLOTS,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    book,
    booking,
    is_free,
    load,
)
from tests.harness.waiting import until

KEY = Fingerprint("mis", "key-1", "digest-1")
HELD = booking("ours", SLOTS[0])
THEIRS = book("theirs", COLLEAGUES_SLOTS[0], MOTHER)
TO_BOOK = ToBook(patient=MOTHER.id, slot=SLOTS[0].id, now=NOW, key=KEY)
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
ENDS_WITHIN = 10


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


def taking(_: Known[Facts]) -> Result[Decision[AppointmentId], str]:
    return Success(Decision(value=HELD.id, change=NewBooking(HELD, None), answer=Answer(KEY, "booked", NOW)))


def until_waiting(outsider: Engine, sessions: int) -> None:
    """Return when so many *sessions* wait for somebody's lock."""

    def look() -> bool:
        with outsider.connect() as connection:
            return bool(connection.execute(WAITING).scalar_one() == sessions)

    until(look, f"{sessions} to wait for a lock")


def hold_the_key(connection: Connection) -> None:
    """Whoever keeps an answer under the key waits until *connection* has ended its transaction."""
    row = {"scope": KEY.scope, "key": KEY.key, "digest": KEY.digest, "answer": "other", "at": NOW}
    connection.execute(insert(t.request), row)


@pytest.mark.anyio
async def test_load_waits_for_a_booking_under_way_and_clashes_with_it(storage: SqlStorage, outsider: Engine) -> None:
    async with asyncio.timeout(ENDS_WITHIN):
        with outsider.connect() as slow:
            hold_the_key(slow)
            deciding = asyncio.create_task(storage.book(TO_BOOK, taking))
            await asyncio.to_thread(until_waiting, outsider, 1)
            loading = asyncio.create_task(load(storage, [THEIRS, book("other", SLOTS[1])]))
            await asyncio.to_thread(until_waiting, outsider, 2)
        assert await deciding == Success(HELD.id)
        assert await loading == [Clash(("patient_id", "visit_time"), HELD.id), Stored.CREATED]
    assert await is_free(storage, COLLEAGUES_SLOTS[0])


@pytest.mark.anyio
async def test_booking_waits_for_a_load_under_way_and_is_overtaken(storage: SqlStorage, outsider: Engine) -> None:
    loop = asyncio.get_running_loop()

    def decide_meanwhile(tx: Transaction) -> tuple[list[Verdict], "Future[Result[AppointmentId, str | Overtaken]]"]:
        verdicts = list(tx.register.store([THEIRS]))
        deciding = asyncio.run_coroutine_threadsafe(storage.book(TO_BOOK, taking), loop)
        until_waiting(outsider, 1)
        return verdicts, deciding

    async with asyncio.timeout(ENDS_WITHIN):
        verdicts, deciding = await storage.transact(decide_meanwhile)
        assert verdicts == [Stored.CREATED]
        assert await asyncio.wrap_future(deciding) == Failure(Overtaken())
    assert await is_free(storage, SLOTS[0])
