"""The double keeps the promises of the storage."""

import pytest

from registratura.testing.contracts.storage import StorageContract
from registratura.testing.memory import MemoryStorage


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> MemoryStorage:
        return MemoryStorage()

    @pytest.fixture
    def throttle(self, storage: MemoryStorage) -> MemoryStorage:
        return storage

    @pytest.fixture
    def other_throttle(self, storage: MemoryStorage) -> MemoryStorage:
        return storage
