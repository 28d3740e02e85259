"""One server for all tests of a file; who answers there is new for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from registratura.adapters.esia.direct import DirectEsia
from tests.integration.esia.esia import ScriptedEsia, connected, settings_for
from tests.integration.esia.gateway import ScriptedGateway
from tests.integration.esia.stage import Plays, on_stage


@pytest.fixture(scope="package")
def place() -> Iterator[tuple[str, list[Plays]]]:
    with on_stage() as place:
        yield place


@pytest.fixture
def esia(place: tuple[str, list[Plays]]) -> ScriptedEsia:
    url, playing = place
    scripted = ScriptedEsia(url=url)
    playing[:] = [scripted]
    return scripted


@pytest.fixture
def gateway(place: tuple[str, list[Plays]]) -> ScriptedGateway:
    url, playing = place
    scripted = ScriptedGateway(url=url)
    playing[:] = [scripted]
    return scripted


@pytest.fixture
async def provider(esia: ScriptedEsia, tmp_path: Path) -> AsyncIterator[DirectEsia]:
    async with connected(settings_for(esia.url, tmp_path)) as provider:
        yield provider
