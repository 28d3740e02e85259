"""The hot path on PostgreSQL when connections are lost, held up or given up by those who waited."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import attrs
import pytest
from returns.result import Failure
from sqlalchemy import Engine, create_engine, text

from registratura.adapters.sql import SqlStorage, open_storage
from registratura.adapters.sql.lanes import WORN
from registratura.application.ports.deciding import Answer, Fingerprint, Known, ToCancel
from registratura.application.ports.failures import Unavailable
from registratura.application.records import SlotRecord
from registratura.domain.appointments import Facts
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.people import Patient
from registratura.testing.contracts.storage.deciding import taking, to_book
from registratura.testing.contracts.storage.inbox import typed, work_off
from registratura.testing.contracts.storage.region import CHILD, MOTHER, REGION, SLOTS, STRANGER, booking, load

pytestmark = pytest.mark.anyio

LANES = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'registratura' AND datname = current_database()"
)
NOTHING = ToCancel(appointment=AppointmentId("nothing"))


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


def looking(_known: Known[Facts]) -> Failure[str]:
    return Failure("only looking")


async def look(storage: SqlStorage) -> str:
    """Ask on the hot path whose slot nobody knows."""
    return (await storage.cancel(NOTHING, lambda known: Failure(f"found {known.found}"))).failure()  # type: ignore[return-value]  # nobody can be faster


async def test_connections_lost_while_idle_are_not_noticed(storage: SqlStorage, outsider: Engine) -> None:
    await asyncio.gather(*(look(storage) for _ in range(8)))
    with outsider.begin() as connection:
        connection.execute(LANES)
    assert await asyncio.gather(*(look(storage) for _ in range(8))) == ["found None"] * 8


async def test_connection_lost_while_it_waits_is_told_and_the_next_is_well(
    storage: SqlStorage, outsider: Engine
) -> None:
    with outsider.begin() as connection:
        connection.execute(text("UPDATE slot SET minutes = minutes WHERE id = :id"), {"id": SLOTS[0].id})
        waiting = asyncio.ensure_future(storage.book(to_book(SLOTS[0].id), taking(booking("1", SLOTS[0]))))
        await _until_somebody_waits(outsider)
        with outsider.begin() as another:
            another.execute(LANES)
        with pytest.raises(Unavailable):
            await waiting
    assert (await storage.book(to_book(SLOTS[0].id), taking(booking("2", SLOTS[0])))).unwrap() == "2"


async def test_slot_held_by_another_is_given_up(storage: SqlStorage, outsider: Engine) -> None:
    with outsider.begin() as connection:
        connection.execute(text("UPDATE slot SET minutes = minutes WHERE id = :id"), {"id": SLOTS[0].id})
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            await storage.book(to_book(SLOTS[0].id), taking(booking("1", SLOTS[0])))


GUESTS = [attrs.evolve(STRANGER, id=PatientId(f"guest-{number}")) for number in range(len(SLOTS))]


def book(storage: SqlStorage, at: SlotRecord, who: Patient) -> asyncio.Task[str]:
    """Begin to book whatever is known; ends with the patient's id."""

    async def booked() -> str:
        return (await storage.book(to_book(at.id, who.id), taking(booking(who.id, at, who)))).unwrap()

    return asyncio.create_task(booked())


@pytest.mark.parametrize("together", [True, False], ids=["with the others", "before the others"])
async def test_nobody_waits_for_the_slot_of_somebody_else(
    storage: SqlStorage, outsider: Engine, *, together: bool
) -> None:
    await load(storage, GUESTS)
    with outsider.begin() as connection:
        connection.execute(text("UPDATE slot SET minutes = minutes WHERE id = :id"), {"id": SLOTS[0].id})
        waiting = book(storage, SLOTS[0], GUESTS[0])
        if not together:
            await _until_somebody_waits(outsider)
        others = [book(storage, at, who) for at, who in zip(SLOTS[1:], GUESTS[1:], strict=True)]
        kept = await asyncio.wait_for(asyncio.gather(*others), timeout=2)
        assert not waiting.done()
    assert [await waiting, *kept] == [who.id for who in GUESTS]


@pytest.mark.parametrize("together", [True, False], ids=["with the others", "before the others"])
async def test_nobody_waits_for_the_turn_of_somebody_else(
    storage: SqlStorage, outsider: Engine, *, together: bool
) -> None:
    assert await book(storage, SLOTS[5], MOTHER) == MOTHER.id
    with outsider.begin() as connection:
        connection.execute(text("UPDATE booking_turn SET turn = turn WHERE patient_id = :id"), {"id": MOTHER.id})
        hers = asyncio.ensure_future(storage.book(to_book(SLOTS[0].id), taking(booking("hers", SLOTS[0]))))
        if not together:
            await _until_somebody_waits(outsider)
        other = await asyncio.wait_for(book(storage, SLOTS[1], STRANGER), timeout=2)
        assert not hers.done()
    assert other == STRANGER.id
    assert (await hers).unwrap() == "hers"


async def test_turn_that_is_not_given_back_is_given_up(storage: SqlStorage, outsider: Engine) -> None:
    assert await book(storage, SLOTS[5], MOTHER) == MOTHER.id
    with outsider.begin() as connection:
        connection.execute(text("UPDATE booking_turn SET turn = turn WHERE patient_id = :id"), {"id": MOTHER.id})
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            await storage.book(to_book(SLOTS[0].id), taking(booking("hers", SLOTS[0])))


async def test_update_that_cannot_be_kept_fails_alone(storage: SqlStorage) -> None:
    came = [(f"key-{number}", "anna", typed("anna", number)) for number in range(9)]
    kept = await asyncio.gather(
        *(storage.receive(*one) for one in [*came[:4], ("\0", "anna", typed("anna")), *came[4:], came[0]]),
        return_exceptions=True,
    )
    assert isinstance(kept.pop(4), ValueError)
    assert kept == [True] * 9 + [False]
    assert sorted([repr(await storage.transact(work_off)) for _ in came]) == sorted(repr(one) for _, _, one in came)


async def test_updates_of_one_moment_keep_their_order(storage: SqlStorage) -> None:
    # The key says nothing about the order.
    came = [(f"key-{9 - number}", "anna", typed("anna", number)) for number in range(9)]
    await asyncio.gather(*(storage.receive(*one) for one in came))
    assert [await storage.transact(work_off) for _ in came] == [incoming for _, _, incoming in came]


async def test_answers_never_go_to_somebody_else_after_a_caller_gave_up(storage: SqlStorage, outsider: Engine) -> None:
    with outsider.begin() as connection:
        connection.execute(text("UPDATE slot SET minutes = minutes WHERE id = :id"), {"id": SLOTS[0].id})
        impatient = [
            asyncio.ensure_future(storage.book(to_book(SLOTS[0].id, who.id), taking(booking(who.id, SLOTS[0], who))))
            for who in (MOTHER, CHILD, STRANGER)
        ]
        await _until_somebody_waits(outsider)
        for caller in impatient:
            caller.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
        # The lanes of those who gave up are still busy; whoever comes now gets another one, and their own answer.
        assert await asyncio.gather(*(look(storage) for _ in range(5))) == ["found None"] * 5
    assert await asyncio.gather(*(look(storage) for _ in range(20))) == ["found None"] * 20


async def test_answer_larger_than_the_socket_takes_at_once_is_kept(storage: SqlStorage) -> None:
    key = Fingerprint("mis", "key", "digest")
    words = "ж" * 3_000_000
    from_now = to_book(SLOTS[0].id, key=key)
    kept = await storage.book(from_now, taking(booking("1", SLOTS[0]), Answer(key, words, from_now.now)))
    assert kept.unwrap() == "1"
    seen: list[object] = []

    def remember(known: Known[Facts]) -> Failure[str]:
        seen.append(known.answered)
        return Failure("only looking")

    await storage.book(from_now, remember)
    assert seen == [words]


async def test_migration_while_serving_is_got_over(storage: SqlStorage, outsider: Engine) -> None:
    await asyncio.gather(*(storage.book(to_book(SLOTS[0].id), looking) for _ in range(8)))
    with outsider.begin() as connection:
        connection.execute(text("ALTER TABLE slot ALTER minutes TYPE bigint"))
    ended = await asyncio.gather(*(storage.book(to_book(SLOTS[0].id), looking) for _ in range(8)))
    assert [one.failure() for one in ended] == ["only looking"] * 8


async def test_statement_that_is_worn_is_prepared_anew(storage: SqlStorage) -> None:
    for _ in range(2 * WORN + 2):
        assert await look(storage) == "found None"


async def test_callers_who_leave_while_a_statement_is_prepared_spoil_nothing(storage: SqlStorage) -> None:
    for _ in range(20):
        leaving = asyncio.ensure_future(look(storage))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert await look(storage) == "found None"


async def test_text_that_the_database_cannot_keep_is_refused_and_not_cut(storage: SqlStorage) -> None:
    with pytest.raises(ValueError, match="zero"):
        await storage.cancel(ToCancel(appointment=AppointmentId("1\0whatever")), lambda _: Failure("found"))


async def test_nobody_waits_for_a_storage_that_was_closed(migrated_postgres: str) -> None:
    async with open_storage(migrated_postgres, pool_size=4) as storage:
        await load(storage, *REGION)
        under_way = asyncio.ensure_future(look(storage))
        await asyncio.sleep(0)
    assert await under_way == "found None"
    with pytest.raises(Unavailable):
        await look(storage)


async def test_server_that_is_not_there_is_unavailable() -> None:
    async with open_storage("postgresql://nobody@127.0.0.1:1/nothing") as storage:
        with pytest.raises(Unavailable):
            await look(storage)


async def _until_somebody_waits(outsider: Engine) -> None:
    asking = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while True:
            with outsider.connect() as connection:
                if connection.execute(asking).scalar_one():
                    return
            await asyncio.sleep(0.01)
