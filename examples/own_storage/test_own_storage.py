"""The published contract, machine and history checker run against a storage they have never seen."""
# ruff: noqa: ARG001, D103, INP001, S101, S311, TID251  # tests: names are sentences, and chance protects nothing

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from own_storage import OwnStorage, open_storage

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Storage
from registratura.testing.contracts.storage import StorageContract
from registratura.testing.history import check, contend
from registratura.testing.machine import StorageMachine
from registratura.testing.time import FixedClock

CLOCK = FixedClock(datetime(2026, 3, 2, 6, tzinfo=UTC))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[OwnStorage]:
    async with open_storage(tmp_path / "registry", CLOCK) as storage:
        yield storage


class TestContract(StorageContract):
    """Every promise of the port, one by one."""

    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[OwnStorage]:
        async with open_storage(tmp_path / "registry", CLOCK) as storage:
            yield storage

    @pytest.fixture
    def throttle(self, storage: OwnStorage) -> OwnStorage:
        return storage

    @pytest.fixture
    def other_throttle(self, storage: OwnStorage) -> OwnStorage:
        return storage


class Machine(StorageMachine):
    """Any order of events, with crashes and restarts."""

    def open_storage(self) -> Callable[[], AbstractAsyncContextManager[Storage]]:
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "registry"
        return lambda: open_storage(file, CLOCK)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=20, stateful_step_count=50, deadline=None, derandomize=True)


@pytest.mark.anyio
async def test_what_clients_are_told_at_once_fits_some_order(storage: OwnStorage) -> None:
    history = await contend(storage, Random(1).randrange)
    assert [impossible.report() for impossible in check(history)] == []


@pytest.mark.anyio
async def test_nobody_else_may_open_it(storage: OwnStorage, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        async with open_storage(tmp_path / "registry", CLOCK):
            pass
