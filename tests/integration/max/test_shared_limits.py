"""Two processes together stay within the limits of MAX."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from registratura.adapters.sql import migrate
from tests.integration.max.emulated import emulator

pytestmark = pytest.mark.anyio

PEOPLE = range(1101, 1161)
NAMES = ("первое", "второе")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def limited_max_url(tmp_path: Path) -> Iterator[str]:
    with emulator(tmp_path, PEOPLE, limits=True) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'registratura.db'}"


async def test_two_processes_on_sqlite(limited_max_url: str, sqlite_url: str) -> None:
    await keep_the_limits(limited_max_url, sqlite_url)


@pytest.mark.req("TMK-14")
async def test_two_processes_on_postgresql(limited_max_url: str, postgres_url: str) -> None:
    await keep_the_limits(limited_max_url, postgres_url)


async def keep_the_limits(max_url: str, database: str) -> None:
    """120 messages to 60 people, all ordered at once: all arrive once, at the pace of one process.

    A machine that stands still for half a second lets out at once what was reserved meanwhile, so a few may hear that
    it was too much, as with MAX; without a common limit every third would.
    """
    migrate(database)
    senders = [await started(max_url, database, name) for name in NAMES]
    told = await asyncio.gather(*(finished(sender) for sender in senders))
    assert told == [["done"] * len(PEOPLE)] * len(NAMES)

    async with httpx.AsyncClient(base_url=max_url, trust_env=False) as world:
        logged = (await world.get("/_requests")).json()["requests"]
        for user in PEOPLE:
            seen = (await world.get(f"/_people/{user}/messages")).json()["messages"]
            assert sorted(message["body"]["text"] for message in seen) == [
                f"Напоминание {name}" for name in sorted(NAMES)
            ]
    asked = [request for request in logged if request["path"] == "/messages"]
    assert len([request for request in asked if request["status"] == 429]) < len(asked) / 8
    # Were each process alone with its limits, they would be through in half the time.
    moments = [request["at"] for request in asked]
    assert max(moments) - min(moments) > len(asked) / 23.5 * 0.75


async def started(max_url: str, database: str, name: str) -> Process:
    module = ("-m", "tests.integration.max.sender")
    people = [str(user) for user in PEOPLE]
    sender = await asyncio.create_subprocess_exec(
        sys.executable, *module, max_url, database, name, *people, cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    assert sender.stdout is not None
    assert await sender.stdout.readline() == b"ready\n"
    return sender


async def finished(sender: Process) -> list[str]:
    out, _ = await sender.communicate(b"go\n")
    assert sender.returncode == 0
    return list(json.loads(out))
