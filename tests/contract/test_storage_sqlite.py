"""SQLite keeps the promises of the storage."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copyfile

import pytest

from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.testing.contracts.storage import StorageContract


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{file}")
    return file


class TestSqliteStorage(StorageContract):
    @pytest.fixture
    def url(self, migrated: Path, tmp_path: Path) -> str:
        copyfile(migrated, tmp_path / "registratura.db")
        return f"sqlite:///{tmp_path}/registratura.db"

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
