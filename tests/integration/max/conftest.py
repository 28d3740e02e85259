"""A running emulator with one person, and our client."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from registratura.adapters.max.client import MaxMessenger, MaxSettings, connect
from tests.integration.max.emulated import TOKEN, EmulatedPerson, NoLimits, emulator


@pytest.fixture
def max_url(tmp_path: Path) -> Iterator[str]:
    with emulator(tmp_path) as url:
        yield url


@pytest.fixture
async def messenger(max_url: str) -> AsyncIterator[MaxMessenger]:
    async with connect(MaxSettings(url=max_url, token=TOKEN), NoLimits()) as messenger:
        yield messenger


@pytest.fixture
async def anna(max_url: str) -> AsyncIterator[EmulatedPerson]:
    async with httpx.AsyncClient(base_url=max_url, trust_env=False) as world:
        yield EmulatedPerson(world)
