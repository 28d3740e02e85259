"""What a gateway is asked, what it tells of a person, and trouble on the way."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from returns.result import Failure

from registratura.adapters.esia import ClaimNames
from registratura.adapters.esia.gateway import Gateway
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import NotSignedIn
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from tests.integration.esia.esia import UNTRUSTED
from tests.integration.esia.gateway import BASIC, CLIENT, ScriptedGateway, connected, settings_for, signed_in
from tests.integration.esia.stage import DROP, TROUBLE, Fields, Instead, says, usual

pytestmark = pytest.mark.anyio


@pytest.fixture
async def provider(gateway: ScriptedGateway) -> AsyncIterator[Gateway]:
    async with connected(settings_for(gateway.url)) as provider:
        yield provider


# What is asked


async def test_the_browser_is_sent_with_a_challenge_a_state_and_a_nonce(
    provider: Gateway, gateway: ScriptedGateway
) -> None:
    begun = await provider.begin(RETURN_TO)
    assert begun.verifier is not None
    assert len(begun.verifier) >= 43
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    assert begun.url.startswith(f"{gateway.url}/authorize?tenant=7&")
    assert dict(parse_qsl(urlsplit(begun.url).query)) == {
        "tenant": "7",
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": RETURN_TO,
        "scope": "openid profile",
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    assert len({begun.state, begun.nonce, begun.verifier}) == 3


async def test_tokens_are_asked_once_with_the_secret_in_the_header_alone(
    provider: Gateway, gateway: ScriptedGateway
) -> None:
    begun = await provider.begin(RETURN_TO)
    returned = await gateway.sign_in(begun, PARENT)
    await provider.finish(returned, begun, RETURN_TO)
    (asked,) = gateway.calls("/token")
    assert asked.headers["authorization"] == f"Basic {BASIC}"
    assert asked.form == {
        "grant_type": "authorization_code",
        "code": returned.code,
        "redirect_uri": RETURN_TO,
        "code_verifier": begun.verifier,
    }


async def test_what_another_kind_of_provider_began_is_not_finished(provider: Gateway, gateway: ScriptedGateway) -> None:
    begun = await provider.begin(RETURN_TO)
    returned = await gateway.sign_in(begun, PARENT)
    gateway.asked.clear()
    for part in (attrs.evolve(begun, nonce=None), attrs.evolve(begun, verifier=None)):
        assert await provider.finish(returned, part, RETURN_TO) == UNTRUSTED
    assert gateway.asked == []


# What it tells of the person


@pytest.mark.parametrize(
    ("signed", "shown"),
    [
        ({"trusted": False}, {}),
        ({"trusted": DROP}, {}),
        ({"trusted": "true"}, {}),
        ({"trusted": 1}, {}),
        ({"trusted": True}, {"trusted": False}),
        ({"trusted": DROP}, {"trusted": "true"}),
    ],
)
async def test_the_account_must_be_called_confirmed(
    provider: Gateway, gateway: ScriptedGateway, signed: Fields, shown: Fields
) -> None:
    gateway.id_claims, gateway.userinfo = signed, shown
    assert await signed_in(provider, gateway) == Failure(NotSignedIn.NOT_CONFIRMED)


async def test_it_may_be_called_so_beside_the_token(provider: Gateway, gateway: ScriptedGateway) -> None:
    gateway.id_claims, gateway.userinfo = {"trusted": DROP}, {"trusted": True}
    assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject


@pytest.mark.parametrize("sub", ["1000299354", DROP, None])
async def test_what_is_told_of_another_account_is_not_believed(
    provider: Gateway, gateway: ScriptedGateway, sub: Any
) -> None:
    gateway.userinfo = {"sub": sub}
    assert await signed_in(provider, gateway) == UNTRUSTED


async def test_what_is_signed_has_the_word(provider: Gateway, gateway: ScriptedGateway) -> None:
    gateway.id_claims = {"family_name": "Иная", "phone_number": "8 (926) 123-45-67"}
    told = (await signed_in(provider, gateway)).unwrap()
    assert (told.name.last, told.phone) == ("Иная", "+79261234567")


async def test_a_phone_that_was_not_confirmed_is_not_told(provider: Gateway, gateway: ScriptedGateway) -> None:
    gateway.userinfo = {"phone_number": "+79261234567", "phone_number_verified": False}
    assert (await signed_in(provider, gateway)).unwrap().phone is None


async def test_without_an_address_for_more_the_token_alone_counts(provider: Gateway, gateway: ScriptedGateway) -> None:
    gateway.document = {"userinfo_endpoint": DROP}
    assert await signed_in(provider, gateway) == Failure(NotSignedIn.INCOMPLETE)
    gateway.id_claims = {"family_name": "Ли", "given_name": "Ян", "birthdate": "1990-02-28"}
    assert (await signed_in(provider, gateway)).unwrap().children == ()


async def test_claims_are_called_as_the_gateway_calls_them(gateway: ScriptedGateway) -> None:
    names = ClaimNames(subject="oid", born="born", trusted="confirmed", children="kids", snils="number")
    child = {"family_name": "Ли", "given_name": "Я", "born": "2020-01-02", "number": "112-233-445 95"}
    gateway.id_claims = {"oid": 77, "born": "1990-02-28", "confirmed": True, "trusted": False, "kids": [child]}
    async with connected(settings_for(gateway.url, claims=names)) as provider:
        told = (await signed_in(provider, gateway)).unwrap()
    assert (told.subject, told.snils, told.children[0].snils) == ("77", None, PARENT.snils)


@pytest.mark.parametrize("oid", [DROP, None, "", True, ["77"]])
async def test_an_account_without_the_id_we_know_it_by_is_not_believed(gateway: ScriptedGateway, oid: Any) -> None:
    gateway.id_claims = {"oid": oid}
    async with connected(settings_for(gateway.url, claims=ClaimNames(subject="oid"))) as provider:
        assert await signed_in(provider, gateway) == UNTRUSTED


async def test_more_children_than_anybody_has_are_not_believed(provider: Gateway, gateway: ScriptedGateway) -> None:
    gateway.userinfo = {"children": [{}] * 101}
    assert await signed_in(provider, gateway) == UNTRUSTED


@pytest.mark.parametrize("token", [DROP, 5, "", "a b", "a\nb", "ё"])
async def test_a_token_for_more_that_cannot_be_sent_is_not_sent(
    provider: Gateway, gateway: ScriptedGateway, token: Any
) -> None:
    gateway.token_answer = {"access_token": token}
    assert await signed_in(provider, gateway) == UNTRUSTED


# Refusals and trouble


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
async def test_a_refusal_is_told_as_one(provider: Gateway, gateway: ScriptedGateway, path: str) -> None:
    gateway.instead[path] = [says(401, {"error": "invalid_client"})]
    assert await signed_in(provider, gateway) == Failure(NotSignedIn.REFUSED)


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_the_code_is_given_away_once_whatever_happens(
    provider: Gateway, gateway: ScriptedGateway, trouble: Instead
) -> None:
    gateway.instead["/token"] = [trouble]
    with pytest.raises(Unavailable):
        await signed_in(provider, gateway)
    assert len(gateway.calls("/token")) == 1


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_reading_is_tried_three_times(provider: Gateway, gateway: ScriptedGateway, trouble: Instead) -> None:
    gateway.instead["/userinfo"] = [trouble, trouble, usual(gateway)]
    assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject
    gateway.instead["/userinfo"] = [trouble]
    with pytest.raises(Unavailable):
        await signed_in(provider, gateway)
    assert len(gateway.calls("/userinfo")) == 6
