"""One thing that does not hold in a gateway's token is enough; what may differ is let pass."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from registratura.adapters.esia.gateway import Gateway
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from tests.integration.esia.esia import SECONDS, UNTRUSTED
from tests.integration.esia.gateway import CLIENT, ScriptedGateway, connected, settings_for, signed_in
from tests.integration.esia.stage import DROP, Fields, Seal, ec_key, rsa_key

pytestmark = pytest.mark.anyio


@pytest.fixture
async def provider(gateway: ScriptedGateway) -> AsyncIterator[Gateway]:
    async with connected(settings_for(gateway.url)) as provider:
        yield provider


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": DROP},
        {"aud": "other"},
        {"aud": ["other", "more"]},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"azp": "other"},
        {"aud": DROP},
        {"exp": SECONDS - 60},
        {"exp": DROP},
        {"nbf": SECONDS + 61},
        {"iat": SECONDS + 61},
        {"iat": DROP},
        {"nonce": "secret-00000000000000002"},
        {"nonce": DROP},
        {"nonce": None},
        {"sub": DROP},
        {"sub": ""},
        {"sub": True},
        {"sub": "x" * 256},
    ],
)
async def test_one_wrong_claim_is_enough(provider: Gateway, gateway: ScriptedGateway, changes: Fields) -> None:
    await provider.begin(RETURN_TO)
    gateway.id_claims = changes
    assert await signed_in(provider, gateway) == UNTRUSTED
    assert gateway.calls("/userinfo") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": SECONDS - 59, "nbf": SECONDS + 60, "iat": SECONDS + 60},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"azp": CLIENT},
    ],
)
async def test_what_may_differ_is_let_pass(provider: Gateway, gateway: ScriptedGateway, changes: Fields) -> None:
    gateway.id_claims = changes
    assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject


def public(key: Any, **own: Any) -> Fields:
    return {**key.as_dict(private=False), **own}


RIGHT_SEALS: dict[str, tuple[Callable[[], Seal], Callable[[], list[Fields]]]] = {
    "RS256": (lambda: Seal(head={"alg": "RS256", "kid": "1"}), lambda: [public(rsa_key(), kid="1", alg="RS256")]),
    "PS256": (lambda: Seal(head={"alg": "PS256", "kid": "1"}), lambda: [public(rsa_key(), kid="1")]),
    "ES256": (lambda: Seal(key=ec_key(), head={"alg": "ES256", "kid": "1"}), lambda: [public(ec_key(), kid="1")]),
    "no kid": (lambda: Seal(head={"alg": "RS256"}), lambda: [public(rsa_key("foreign")), public(rsa_key(), kid="1")]),
    "among strange keys": (
        lambda: Seal(head={"alg": "RS256", "kid": "1"}),
        lambda: [
            {"kty": "oct", "k": "c2VjcmV0", "kid": "1"},
            {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "1"},
            {"kty": "RSA", "n": 5, "kid": ["1"]},
            {"kty": ["RSA"]},
            public(rsa_key("short", 1024), kid="1"),
            public(rsa_key("foreign"), kid="1"),
            {"kty": "OKP"},
            public(rsa_key(), kid="1"),
        ],
    ),
}


@pytest.mark.parametrize(("seal", "keys"), RIGHT_SEALS.values(), ids=RIGHT_SEALS)
async def test_the_keys_of_the_gateway_sign(
    provider: Gateway, gateway: ScriptedGateway, seal: Callable[[], Seal], keys: Callable[[], list[Fields]]
) -> None:
    gateway.seal, gateway.keys = seal(), keys()
    assert (await signed_in(provider, gateway)).unwrap().subject == PARENT.subject


WRONG_SEALS: dict[str, tuple[Callable[[], Seal], Callable[[], list[Fields]]]] = {
    "a key of somebody else": (lambda: Seal(key=rsa_key("foreign"), head={"alg": "RS256", "kid": "one"}), list),
    "no signature at all": (lambda: Seal(key=None, head={"alg": "none", "kid": "one"}), list),
    "the public key as a password": (
        lambda: Seal(key=rsa_key().as_pem(private=False), head={"alg": "HS256", "kid": "one"}),
        list,
    ),
    "another length of digest": (lambda: Seal(head={"alg": "RS384", "kid": "one"}), list),
    "a kid that is no text": (lambda: Seal(head={"alg": "RS256", "kid": 1}), list),
    "a key for encryption": (
        lambda: Seal(head={"alg": "RS256", "kid": "1"}),
        lambda: [public(rsa_key(), kid="1", use="enc"), public(rsa_key("foreign"), kid="1")],
    ),
    "a key bound to another algorithm": (
        lambda: Seal(head={"alg": "RS256", "kid": "1"}),
        lambda: [public(rsa_key(), kid="1", alg="PS256")],
    ),
    "a key of another name": (
        lambda: Seal(head={"alg": "RS256", "kid": "2"}),
        lambda: [public(rsa_key(), kid="1")],
    ),
    "another curve": (
        lambda: Seal(key=ec_key("P-384"), head={"alg": "ES256", "kid": "1"}),
        lambda: [public(ec_key("P-384"), kid="1")],
    ),
    "a short key": (
        lambda: Seal(key=rsa_key("short", 1024), head={"alg": "RS256", "kid": "1"}),
        lambda: [public(rsa_key("short", 1024), kid="1"), public(rsa_key(), kid="2"), {"kty": "RSA", "n": ["x"]}],
    ),
    "a shared secret in the key set": (
        lambda: Seal(key=b"secret", head={"alg": "HS256", "kid": "1"}),
        lambda: [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}, public(rsa_key(), kid="2")],
    ),
}


@pytest.mark.parametrize(("seal", "keys"), WRONG_SEALS.values(), ids=WRONG_SEALS)
async def test_nobody_else_signs(
    provider: Gateway, gateway: ScriptedGateway, seal: Callable[[], Seal], keys: Callable[[], list[Fields]]
) -> None:
    gateway.seal, gateway.keys = seal(), keys() or gateway.keys
    assert await signed_in(provider, gateway) == UNTRUSTED


@pytest.mark.parametrize("token", [DROP, None, 5, "", "a.b", "a.b.c.d.e", "é.é.é"])
async def test_what_is_no_token_is_not_believed(provider: Gateway, gateway: ScriptedGateway, token: Any) -> None:
    gateway.token_answer = {"id_token": token}
    assert await signed_in(provider, gateway) == UNTRUSTED
