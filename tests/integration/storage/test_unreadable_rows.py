"""Rows that another version wrote and this one cannot read hold up nobody behind them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, update

from registratura.adapters.sql import SqlStorage
from registratura.adapters.sql import tables as t
from registratura.domain import chats
from registratura.testing.contracts.storage.region import CHILD, MOTHER, REGION, SLOTS, booking

LONG_AGO, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
GOOD, BAD = booking("good", SLOTS[0], CHILD, author=MOTHER), booking("bad", SLOTS[2], MOTHER)


@pytest.fixture(params=["migrated_sqlite", "migrated_postgres"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    engine = create_engine(request.getfixturevalue(request.param))
    with engine.connect() as connection:
        transaction = SqlStorage.borrow(connection)
        for batch in REGION:
            transaction.register.store(batch)
        for held in (BAD, GOOD):
            assert transaction.appointments.take(held, None, agenda=LONG_AGO)
        yield connection
    engine.dispose()


def complaints(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.message, vars(record)["booking"]) for record in caplog.records if "booking" in vars(record)]


def test_a_booking_that_cannot_be_read(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    connection.execute(update(t.appointment).values(starts=FAR))
    connection.execute(update(t.appointment).where(t.appointment.c.id == BAD.id).values(kind="HOLOGRAM"))
    agenda = SqlStorage.borrow(connection).agenda
    for _ in range(2):
        assert [one.booked.id for one in agenda.due(10)] == [GOOD.id]
    assert complaints(caplog) == [("agenda.unreadable", BAD.id)], "said once, and looked at again later"


def test_a_chat_that_cannot_be_read(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    kept = SqlStorage.borrow(connection).chats
    for held in (BAD, GOOD):
        kept.save(chats.wanted(held, (), LONG_AGO))
    table = t.consultation_chat
    connection.execute(update(table).where(table.c.appointment_id == BAD.id).values(state="hologram"))
    for _ in range(2):
        assert [one.appointment for one in kept.due(10)] == [GOOD.id]
    assert complaints(caplog) == [("chat.unreadable", BAD.id)], "said once, and looked at again later"
