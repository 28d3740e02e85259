"""PostgreSQL keeps the promises of the storage."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import create_engine, text

from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.adapters.sql.tables import metadata
from registratura.testing.contracts.storage import StorageContract


@pytest.fixture(scope="module")
def migrated(make_postgres_database: Callable[..., str]) -> str:
    url = make_postgres_database()
    migrate(url)
    return url


class TestPostgresStorage(StorageContract):
    @pytest.fixture
    def url(self, migrated: str) -> str:
        # Emptied, not made anew: to drop a database costs as much as all its tests.
        engine = create_engine(migrated)
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
        engine.dispose()
        return migrated

    @pytest.fixture
    async def storage(self, url: str) -> AsyncIterator[SqlStorage]:
        async with open_storage(url) as storage:
            yield storage

    @pytest.fixture
    def throttle(self, storage: SqlStorage) -> SqlStorage:
        return storage

    @pytest.fixture
    async def other_throttle(self, url: str) -> AsyncIterator[SqlStorage]:
        async with open_storage(url) as other:
            yield other
