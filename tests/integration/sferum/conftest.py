"""A running emulator of Sferum, and our client."""

from collections.abc import AsyncIterator, Iterator

import pytest

from registratura.adapters.sferum.client import SferumChats, SferumSettings, connect
from tests.integration.max.emulated import NoLimits
from tests.integration.sferum.emulated import TOKEN, Emulated, emulator


@pytest.fixture
def sferum() -> Iterator[Emulated]:
    with emulator() as running:
        yield running


@pytest.fixture
async def chats(sferum: Emulated) -> AsyncIterator[SferumChats]:
    async with connect(SferumSettings(url=sferum.url, token=TOKEN), NoLimits()) as chats:
        yield chats
