"""Refusals of ESIA, and trouble on the way to it."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from returns.result import Failure

from registratura.adapters.esia.direct import DirectEsia
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import NotSignedIn, Returned
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from tests.integration.esia.esia import (
    HASH,
    KIDS,
    PERSON,
    TOKEN,
    ScriptedEsia,
    connected,
    impatient,
    settings_for,
    signed_in,
)
from tests.integration.esia.stage import TROUBLE, Instead, says, says_nothing, usual

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", [TOKEN, PERSON, KIDS])
@pytest.mark.parametrize("told", [{"error": "invalid_client", "error_description": "ESIA-007053: x"}, "<html>", None])
async def test_a_refusal_is_told_as_one(provider: DirectEsia, esia: ScriptedEsia, path: str, told: Any) -> None:
    esia.instead[path] = [says(400, told)]
    assert await signed_in(provider, esia) == Failure(NotSignedIn.REFUSED)


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_the_code_is_given_away_once_whatever_happens(
    provider: DirectEsia, esia: ScriptedEsia, trouble: Instead
) -> None:
    esia.instead[TOKEN] = [trouble]
    with pytest.raises(Unavailable):
        await signed_in(provider, esia)
    assert len(esia.asked) == 1


@pytest.mark.parametrize("path", [PERSON, KIDS])
@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_reading_is_tried_three_times(
    provider: DirectEsia, esia: ScriptedEsia, path: str, trouble: Instead
) -> None:
    esia.instead[path] = [trouble, trouble, usual(esia)]
    assert (await signed_in(provider, esia)).unwrap().children == PARENT.children
    esia.asked.clear()
    esia.instead[path] = [trouble]
    with pytest.raises(Unavailable):
        await signed_in(provider, esia)
    assert len(esia.calls(path)) == 3


async def test_silence_ends_in_time(esia: ScriptedEsia, tmp_path: Path) -> None:
    async with connected(settings_for(esia.url, tmp_path, line=impatient())) as provider:
        for path in (TOKEN, PERSON):
            esia.instead = {path: [says_nothing]}
            with pytest.raises(Unavailable):
                await signed_in(provider, esia)


async def test_the_browser_is_not_kept_waiting_for_all_tries(esia: ScriptedEsia, tmp_path: Path) -> None:
    esia.instead[PERSON] = [says_nothing]
    async with connected(settings_for(esia.url, tmp_path, patience=2.0)) as provider:
        with pytest.raises(Unavailable, match="patience"):
            await signed_in(provider, esia)
    assert len(esia.calls(PERSON)) == 1


@pytest.mark.parametrize(
    ("error", "description", "code"),
    [
        ("invalid_request", "ESIA-007003: В запросе отсутствует обязательный параметр", "ESIA-007003"),
        ("unauthorized_client", None, "unauthorized_client"),
        ("Иванов Иван", "Иванов Иван", "returned.error"),
    ],
)
async def test_an_error_in_the_browser_is_logged_by_its_code(
    provider: DirectEsia, caplog: pytest.LogCaptureFixture, error: str, description: str | None, code: str
) -> None:
    begun = await provider.begin(RETURN_TO)
    returned = Returned(state=begun.state, error=error, description=description)
    assert await provider.finish(returned, begun, RETURN_TO) == Failure(NotSignedIn.REFUSED)
    assert [record.getMessage() for record in caplog.records] == [f"esia.not_signed_in why=refused reason={code}"]


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
async def test_a_provider_that_asks_to_come_later_is_unavailable(provider: DirectEsia, error: str) -> None:
    begun = await provider.begin(RETURN_TO)
    with pytest.raises(Unavailable):
        await provider.finish(Returned(state=begun.state, error=error), begun, RETURN_TO)


async def test_without_a_signature_nothing_begins(provider: DirectEsia, esia: ScriptedEsia) -> None:
    @attrs.frozen
    class Speechless:
        certificate_hash: str = HASH

        async def sign(self, message: bytes) -> bytes:
            raise Unavailable("signing")

    begun = await provider.begin(RETURN_TO)
    returned = await esia.sign_in(begun, PARENT)
    speechless = attrs.evolve(provider, signer=Speechless())
    with pytest.raises(Unavailable):
        await speechless.begin(RETURN_TO)
    with pytest.raises(Unavailable):
        await speechless.finish(returned, begun, RETURN_TO)
    assert esia.asked == []
