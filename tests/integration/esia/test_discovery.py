"""What a gateway publishes is asked rarely, and believed only when it is of the gateway we know."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from registratura.adapters.esia.gateway import Gateway
from registratura.application.ports.failures import Unavailable
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from registratura.testing.time import MovableClock
from tests.integration.esia.esia import NOW, SECONDS, UNTRUSTED
from tests.integration.esia.gateway import DISCOVERY, ScriptedGateway, connected, settings_for, signed_in
from tests.integration.esia.stage import DROP, Fields, Seal, rsa_key, says, says_nothing

pytestmark = pytest.mark.anyio

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
async def provider(gateway: ScriptedGateway) -> AsyncIterator[Gateway]:
    async with connected(settings_for(gateway.url)) as provider:
        yield provider


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": DROP},
        {"authorization_endpoint": DROP},
        {"token_endpoint": 5},
        {"token_endpoint": "/token"},
        {"token_endpoint": "ftp://gateway.example/token"},
        {"token_endpoint": "http://[gateway/token"},
        {"jwks_uri": "data:application/json,{}"},
        {"userinfo_endpoint": None},
    ],
)
async def test_a_document_that_is_not_of_this_gateway_is_not_used(
    provider: Gateway, gateway: ScriptedGateway, changes: Fields
) -> None:
    gateway.document = changes
    with pytest.raises(Unavailable):
        await provider.begin(RETURN_TO)
    gateway.document = {}
    assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject


async def test_a_slash_too_many_is_another_issuer(gateway: ScriptedGateway) -> None:
    async with connected(settings_for(f"{gateway.url}/")) as provider:
        with pytest.raises(Unavailable):
            await provider.begin(RETURN_TO)
    assert {asked.path for asked in gateway.asked} == {DISCOVERY}


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
@pytest.mark.parametrize("status", [404, 500])
async def test_a_gateway_that_publishes_nothing_is_unavailable(
    provider: Gateway, gateway: ScriptedGateway, path: str, status: int
) -> None:
    gateway.instead[path] = [says(status, {})]
    with pytest.raises(Unavailable):
        await signed_in(provider, gateway)


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "c2VjcmV0"}], "all", [None, 5]])
async def test_a_key_set_without_a_usable_key_is_none(
    provider: Gateway, gateway: ScriptedGateway, keys: list[Fields]
) -> None:
    gateway.keys = keys
    with pytest.raises(Unavailable):
        await signed_in(provider, gateway)


async def test_it_is_asked_once_in_a_while(gateway: ScriptedGateway) -> None:
    clock = MovableClock(NOW)
    gateway.id_claims = {"exp": SECONDS + 9999}
    async with connected(settings_for(gateway.url), clock) as provider:
        for _ in range(3):
            await signed_in(provider, gateway)
        clock.move(HOUR - SECOND)
        await signed_in(provider, gateway)
        assert (len(gateway.calls(DISCOVERY)), len(gateway.calls("/jwks"))) == (1, 1)
        clock.move(SECOND)
        await signed_in(provider, gateway)
        assert (len(gateway.calls(DISCOVERY)), len(gateway.calls("/jwks"))) == (2, 2)


async def test_many_people_at_once_ask_once(provider: Gateway, gateway: ScriptedGateway) -> None:
    ended = await asyncio.gather(*[signed_in(provider, gateway) for _ in range(10)])
    assert {told.unwrap().subject for told in ended} == {PARENT.subject}
    assert (len(gateway.calls(DISCOVERY)), len(gateway.calls("/jwks"))) == (1, 1)


async def test_a_new_key_is_looked_for_but_not_at_every_call(gateway: ScriptedGateway) -> None:
    clock = MovableClock(NOW)
    async with connected(settings_for(gateway.url), clock) as provider:
        await signed_in(provider, gateway)
        gateway.seal = Seal(key=rsa_key("coming"), head={"alg": "RS256", "kid": "two"})
        for _ in range(3):
            assert await signed_in(provider, gateway) == UNTRUSTED
        assert len(gateway.calls("/jwks")) == 1
        clock.move(MINUTE)
        for _ in range(3):
            assert await signed_in(provider, gateway) == UNTRUSTED
        assert len(gateway.calls("/jwks")) == 2
        gateway.keys.append({**rsa_key("coming").as_dict(private=False), "kid": "two"})
        clock.move(MINUTE)
        assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject
        assert len(gateway.calls("/jwks")) == 3


async def test_a_key_that_is_withdrawn_is_not_believed_for_ever(gateway: ScriptedGateway) -> None:
    clock = MovableClock(NOW)
    gateway.id_claims = {"exp": SECONDS + 9999}
    async with connected(settings_for(gateway.url), clock) as provider:
        await signed_in(provider, gateway)
        gateway.keys = [{**rsa_key("coming").as_dict(private=False), "kid": "two"}]
        clock.move(HOUR)
        assert await signed_in(provider, gateway) == UNTRUSTED


async def test_silence_ends_for_everybody_who_waits(gateway: ScriptedGateway) -> None:
    gateway.instead[DISCOVERY] = [says_nothing]
    async with connected(settings_for(gateway.url, patience=0.3)) as provider:
        ended = await asyncio.gather(*[provider.begin(RETURN_TO) for _ in range(5)], return_exceptions=True)
    assert [type(end) for end in ended] == [Unavailable] * 5
