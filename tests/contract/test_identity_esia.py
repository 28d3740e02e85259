"""Both clients keep the promises of an identity provider, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from registratura.application.ports.identity import IdentityProvider
from registratura.testing.contracts.identity import Gosuslugi, IdentityContract
from tests.integration.esia import esia as direct
from tests.integration.esia import gateway as certified
from tests.integration.esia.stage import Plays, on_stage


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, list[Plays]]]:
    with on_stage() as place:
        yield place


class TestDirect(IdentityContract):
    @pytest.fixture
    def gosuslugi(self, place: tuple[str, list[Plays]]) -> Gosuslugi:
        url, playing = place
        scripted = direct.ScriptedEsia(url=url)
        playing[:] = [scripted]
        return scripted

    @pytest.fixture
    async def provider(self, place: tuple[str, list[Plays]], tmp_path: Path) -> AsyncIterator[IdentityProvider]:
        async with direct.connected(direct.settings_for(place[0], tmp_path)) as provider:
            yield provider


class TestGateway(IdentityContract):
    @pytest.fixture
    def gosuslugi(self, place: tuple[str, list[Plays]]) -> Gosuslugi:
        url, playing = place
        scripted = certified.ScriptedGateway(url=url)
        playing[:] = [scripted]
        return scripted

    @pytest.fixture
    async def provider(self, gosuslugi: Gosuslugi, place: tuple[str, list[Plays]]) -> AsyncIterator[IdentityProvider]:
        async with certified.connected(certified.settings_for(place[0])) as provider:
            yield provider
