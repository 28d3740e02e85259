"""Migrations lead to the tables of the code, and an old schema is told apart."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.adapters.sql.tables import metadata
from registratura.application.ports.failures import Unavailable

NOW = "2026-01-01T00:00:00.000000Z"


def differences(url: str) -> list[object]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))
    finally:
        engine.dispose()


async def ping(url: str) -> None:
    async with open_storage(url) as storage:
        await storage.ping()


def unnamed(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        looked_at = inspect(engine)
        return [
            f"{table}: {thing}"
            for table in looked_at.get_table_names()
            for thing in (
                *looked_at.get_unique_constraints(table),
                *looked_at.get_foreign_keys(table),
                *looked_at.get_check_constraints(table),
                looked_at.get_pk_constraint(table),
            )
            # SQLite writes the key of a numbered table into its column, where no name can stand.
            if not thing["name"] and thing.get("constrained_columns") != ["number"]
        ]
    finally:
        engine.dispose()


def check(url: str) -> None:
    with pytest.raises(Unavailable, match=r"the schema is at nothing, run `registratura migrate`"):
        asyncio.run(ping(url))
    migrate(url)
    assert differences(url) == []
    assert unnamed(url) == []
    asyncio.run(ping(url))
    migrate(url)


def make_old(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    engine.dispose()


def test_who_signed_in_before_the_mark_came_has_it(sqlite_url: str) -> None:
    migrate(sqlite_url, "0008")
    card = "INSERT INTO patient (id, last_name, first_name, born, sex, united, messenger, esia, digest)"
    account = "INSERT INTO account (id, name, role, is_blocked, failures, created_at, patient_id, messenger)"
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        for name in ("signed", "loaded"):
            values = f"('{name}', 'Летняя', 'Анна', '1990-05-17', 'F', '[]', '{name}', '{name}', '')"
            connection.execute(text(f"{card} VALUES {values}"))
        connection.execute(text(f"{account} VALUES ('a', 'Анна', 'user', false, 0, 0, 'signed', 'signed')"))
    migrate(sqlite_url)
    with engine.connect() as connection:
        tied = connection.execute(text("SELECT id, tied FROM patient ORDER BY id")).all()
    engine.dispose()
    assert [tuple(row) for row in tied] == [("loaded", 0), ("signed", 1)]


def test_migrations_agree_with_the_tables_on_sqlite(sqlite_url: str) -> None:
    check(sqlite_url)


def test_migrations_agree_with_the_tables_on_postgres(postgres_url: str) -> None:
    check(postgres_url)


def test_old_schema_is_named(migrated_sqlite: str) -> None:
    make_old(migrated_sqlite)
    with pytest.raises(Unavailable, match=r"the schema is at 0000, run `registratura migrate`"):
        asyncio.run(ping(migrated_sqlite))


def test_two_migrations_at_once_wait_for_each_other(postgres_url: str) -> None:
    with ThreadPoolExecutor(2) as both:
        list(both.map(migrate, [postgres_url] * 2))
    assert differences(postgres_url) == []


def test_broken_migration_leaves_nothing(sqlite_url: str) -> None:
    with pytest.raises(Exception, match="no-such-revision"):
        migrate(sqlite_url, "no-such-revision")
    engine = create_engine(sqlite_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite|SQLite"):
        migrate(url)


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def either_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_accounts_of_before_can_be_looked_for(either_url: str) -> None:
    migrate(either_url, "0008")
    engine = create_engine(either_url)
    row = "INSERT INTO account (id, name, role, login, email, is_blocked, failures, created_at) VALUES"
    with engine.begin() as connection:
        connection.execute(text(f"{row} ('a', 'Ёлкина  ЯНА', 'citizen', 'Yana', 'y@example.com', false, 0, '{NOW}')"))
        connection.execute(text(f"{row} ('b', 'Ежов', 'citizen', NULL, NULL, false, 0, '{NOW}')"))
    migrate(either_url)
    with engine.connect() as connection:
        accounts = SqlStorage.borrow(connection).accounts
        listed = ([one.id for one in accounts.all(9, prefix)] for prefix in ("", "елкина я", "YANA", "Y@"))
        assert list(listed) == [["b", "a"], ["a"], ["a"], ["a"]]
    engine.dispose()
