"""The MAX client keeps the promises of a messenger, against the emulator over real HTTP."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from registratura.adapters.max.client import MaxMessenger, MaxSettings, connect
from registratura.testing.contracts.messenger import MessengerContract
from tests.integration.max.emulated import TOKEN, EmulatedPerson, NoLimits, emulator


@pytest.fixture(scope="module")
def max_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator(tmp_path_factory.mktemp("max")) as url:
        yield url


class TestMaxMessenger(MessengerContract):
    @pytest.fixture
    async def messenger(self, max_url: str) -> AsyncIterator[MaxMessenger]:
        async with connect(MaxSettings(url=max_url, token=TOKEN), NoLimits()) as messenger:
            yield messenger

    @pytest.fixture
    async def wrong_token(self, max_url: str) -> AsyncIterator[MaxMessenger]:
        async with connect(MaxSettings(url=max_url, token="revoked"), NoLimits()) as messenger:
            yield messenger

    @pytest.fixture
    async def counterpart(self, max_url: str) -> AsyncIterator[EmulatedPerson]:
        async with httpx.AsyncClient(base_url=max_url, trust_env=False) as world:
            newcomer = await EmulatedPerson.arrived(world)
            await newcomer.faults()
            yield newcomer
