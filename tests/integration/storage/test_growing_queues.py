"""A queue grows from nothing to thousands within a minute, and the plans that were made for nothing must still do."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from registratura.adapters.sql import SqlStorage
from registratura.adapters.sql.engines import make_engine
from registratura.application.ports.storage import Transaction
from registratura.testing.contracts.storage.inbox import typed
from registratura.testing.contracts.storage.outbox import SEND

OFTEN = 12
"""Uses after which PostgreSQL has settled on a plan and keeps it."""
LINES, EACH = 300, 10
FEW = LINES
"""Rows that may be read to find a handful: far fewer than there are."""

_EFFECTS = text(f"""
INSERT INTO outbox (id, line, payload, state, due, attempts, in_doubt)
SELECT 'copy-' || n, 'line-' || n % {LINES}, payload, 'waiting', due, 0, false
FROM outbox, generate_series(1, {LINES * EACH}) AS numbers(n) WHERE id = 'first'
""")  # noqa: S608  # put together from numbers of its own
_UPDATES = text(f"""
INSERT INTO inbox (key, line, payload, state, attempts, received_at, not_before)
SELECT 'copy-' || n, 'line-' || n % {LINES}, payload, 'new', 0, received_at, not_before
FROM inbox, generate_series(1, {LINES * EACH}) AS numbers(n) WHERE key = 'first'
""")  # noqa: S608  # put together from numbers of its own
_READ = text("SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0) FROM pg_stat_xact_user_tables WHERE relname = :of")
_KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE generic_plans > 0 AND statement LIKE :words")


@pytest.fixture
def engine(migrated_postgres: str) -> Iterator[Engine]:
    engine = make_engine(migrated_postgres, pool_size=1)
    yield engine
    engine.dispose()


def read_of(connection: Connection, table: str, ask: Callable[[Transaction], object]) -> int:
    """How many rows of *table* were read to answer."""
    assert ask(SqlStorage.borrow(connection))
    asked = text(
        "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0) FROM pg_stat_xact_user_tables WHERE relname = :of"
    )
    read = int(connection.execute(asked, {"of": table}).scalar_one())
    # Undoing would make the driver forget its statements.
    connection.commit()
    return read


def keeps_a_plan(connection: Connection, words: str) -> bool:
    """Whether PostgreSQL does not plan the statement with these *words* any more."""
    kept = bool(connection.execute(_KEPT, {"words": f"%{words}%"}).scalar_one())
    connection.commit()
    return kept


def test_few_effects_are_found_among_many(engine: Engine) -> None:
    def lease(tx: Transaction) -> object:
        return tx.outbox.lease(8, timedelta(0))

    with engine.connect() as connection:
        SqlStorage.borrow(connection).outbox.put("first", SEND, id="first")
        connection.commit()
        for _ in range(OFTEN):
            read_of(connection, "outbox", lease)
        assert keeps_a_plan(connection, "WITH heads")
        connection.execute(_EFFECTS)
        connection.commit()
        assert read_of(connection, "outbox", lease) < FEW


def test_the_next_update_is_found_among_many(engine: Engine) -> None:
    with engine.connect() as connection:
        SqlStorage.borrow(connection).inbox.put("first", "first", typed("first"))
        connection.commit()
        for _ in range(OFTEN):
            read_of(connection, "inbox", lambda tx: tx.inbox.next())
        assert keeps_a_plan(connection, "WITH head AS")
        connection.execute(_UPDATES)
        connection.commit()
        assert read_of(connection, "inbox", lambda tx: tx.inbox.next()) < FEW
