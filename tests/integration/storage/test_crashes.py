"""A process killed at the worst moment leaves all of a transaction, or nothing."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from registratura.adapters.sql import open_storage
from registratura.application.ports.storage import Transaction
from registratura.domain.identifiers import AppointmentId
from registratura.testing.contracts.storage.region import REGION, SLOTS, is_free, load, slot
from tests.integration.storage.victim import everything

VICTIM = Path(__file__).with_name("victim.py")
ROOT = Path(__file__).parents[3]


def kill(url: str, where: str) -> None:
    with subprocess.Popen(
        [sys.executable, str(VICTIM), url, where],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    ) as victim:
        try:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
        finally:
            victim.kill()


def seen(tx: Transaction) -> set[bool]:
    """Whether each part of the victim's transaction is there."""
    return {
        tx.appointments.find(AppointmentId("1")) is not None,
        bool(tx.outbox.lease(1, timedelta(0))),
        tx.inbox.marker("max") is not None,
        tx.schedule.opening(slot(100).id) is not None,
        tx.schedule.opening(slot(599).id) is not None,
    }


async def die_inside(url: str) -> None:
    async with open_storage(url) as storage:
        await load(storage, *REGION)
        kill(url, "inside")
        assert await storage.transact(seen) == {False}
        assert await is_free(storage, SLOTS[0])
        # What the victim had locked is free again.
        await storage.transact(everything)
        assert await storage.transact(seen) == {True}


async def die_after(url: str) -> None:
    async with open_storage(url) as storage:
        await load(storage, *REGION)
        kill(url, "after")
        assert await storage.transact(seen) == {True}
        assert not await is_free(storage, SLOTS[0])


@pytest.mark.anyio
async def test_sqlite_forgets_a_transaction_that_was_not_committed(migrated_sqlite: str) -> None:
    await die_inside(migrated_sqlite)


@pytest.mark.anyio
async def test_sqlite_keeps_a_transaction_that_was_committed(migrated_sqlite: str) -> None:
    await die_after(migrated_sqlite)


@pytest.mark.anyio
async def test_postgres_forgets_a_transaction_that_was_not_committed(migrated_postgres: str) -> None:
    await die_inside(migrated_postgres)


@pytest.mark.anyio
async def test_postgres_keeps_a_transaction_that_was_committed(migrated_postgres: str) -> None:
    await die_after(migrated_postgres)
