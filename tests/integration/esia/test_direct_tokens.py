"""One thing that does not hold in ESIA's tokens is enough; what may differ is let pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registratura.adapters.esia.direct import DirectEsia
from registratura.testing.contracts.identity import PARENT
from tests.integration.esia.esia import (
    CLIENT,
    ISSUER,
    SECONDS,
    TOKEN,
    UNTRUSTED,
    ScriptedEsia,
    connected,
    public_file,
    settings_for,
    signed_in,
)
from tests.integration.esia.stage import DROP, Seal, ec_key, rsa_key

pytestmark = pytest.mark.anyio


BROKEN_CLAIMS: list[tuple[str, dict[str, Any]]] = [
    ("id_claims", {"iss": "http://elsewhere.example/"}),
    ("id_claims", {"iss": ISSUER.rstrip("/")}),
    ("id_claims", {"iss": DROP}),
    ("id_claims", {"aud": "OTHER"}),
    ("id_claims", {"aud": ["OTHER", "MORE"]}),
    ("id_claims", {"aud": [CLIENT, "OTHER"]}),
    ("id_claims", {"aud": [CLIENT, "OTHER"], "azp": "OTHER"}),
    ("id_claims", {"azp": "OTHER"}),
    ("id_claims", {"aud": {CLIENT: True}}),
    ("id_claims", {"aud": DROP}),
    ("id_claims", {"exp": SECONDS - 60}),
    ("id_claims", {"exp": DROP}),
    ("id_claims", {"exp": str(SECONDS + 3600)}),
    ("id_claims", {"exp": True}),
    ("id_claims", {"nbf": SECONDS + 61}),
    ("id_claims", {"nbf": None}),
    ("id_claims", {"iat": SECONDS + 61}),
    ("id_claims", {"iat": DROP}),
    ("id_claims", {"client_id": "OTHER"}),
    ("id_claims", {"sub": 1000299354}),
    ("id_claims", {"sub": DROP}),
    ("id_claims", {"sub": "1000299353/../1"}),
    ("id_claims", {"sub": True}),
    ("id_claims", {"urn:esia:sbj": {"urn:esia:sbj:oid": 1000299354, "urn:esia:sbj:is_tru": True}}),
    ("id_claims", {"urn:esia:sbj": {"urn:esia:sbj:oid": None, "urn:esia:sbj:is_tru": True}}),
    ("access_claims", {"iss": "http://elsewhere.example/"}),
    ("access_claims", {"iss": DROP}),
    ("access_claims", {"aud": "OTHER"}),
    ("access_claims", {"exp": SECONDS - 60}),
    ("access_claims", {"exp": DROP}),
    ("access_claims", {"nbf": SECONDS + 61}),
    ("access_claims", {"iat": SECONDS + 61}),
    ("access_claims", {"client_id": "OTHER"}),
    ("access_claims", {"client_id": DROP}),
    ("access_claims", {"urn:esia:sbj_id": 1000299354}),
    ("access_claims", {"urn:esia:sbj_id": DROP}),
    ("token_answer", {"state": "00000000-0000-4000-8000-000000000001"}),
    ("token_answer", {"state": DROP}),
    ("token_answer", {"id_token": DROP}),
    ("token_answer", {"id_token": "a.b"}),
    ("token_answer", {"id_token": "ё.ё.ё"}),
    ("token_answer", {"id_token": ["a.b.c"]}),
    ("token_answer", {"access_token": DROP}),
    ("token_answer", {"access_token": "opaque"}),
]


@pytest.mark.parametrize(("where", "changes"), BROKEN_CLAIMS)
async def test_one_wrong_claim_is_enough(
    provider: DirectEsia, esia: ScriptedEsia, where: str, changes: dict[str, Any]
) -> None:
    setattr(esia, where, changes)
    assert await signed_in(provider, esia) == UNTRUSTED
    assert [asked.path for asked in esia.asked] == [TOKEN]


HARMLESS_CLAIMS: list[tuple[str, dict[str, Any]]] = [
    ("id_claims", {"exp": SECONDS - 59, "nbf": SECONDS + 60, "iat": SECONDS + 60}),
    ("id_claims", {"aud": [CLIENT]}),
    ("id_claims", {"aud": [CLIENT, "OTHER"], "azp": CLIENT}),
    ("id_claims", {"nbf": DROP}),
    ("id_claims", {"sub": "1000299353"}),
    ("id_claims", {"client_id": CLIENT}),
    ("id_claims", {"urn:esia:sbj": DROP}),
    ("id_claims", {"urn:esia:sbj": "unheard of"}),
    ("access_claims", {"nbf": DROP, "iat": DROP}),
    ("access_claims", {"urn:esia:sbj_id": "1000299353"}),
    ("access_claims", {"aud": CLIENT}),
]


@pytest.mark.parametrize(("where", "changes"), HARMLESS_CLAIMS)
async def test_what_may_differ_is_let_pass(
    provider: DirectEsia, esia: ScriptedEsia, where: str, changes: dict[str, Any]
) -> None:
    setattr(esia, where, changes)
    assert (await signed_in(provider, esia)).unwrap().subject == PARENT.subject


WRONG_SEALS: dict[str, Callable[[], Seal]] = {
    "a key of somebody else": lambda: Seal(key=rsa_key("foreign")),
    "no signature at all": lambda: Seal(key=None, head={"alg": "none"}),
    # The classic: who checks by the algorithm the token names takes the public key for a shared secret.
    "the public key as a password": lambda: Seal(key=rsa_key().as_pem(private=False), head={"alg": "HS256"}),
    "another algorithm of the same key": lambda: Seal(head={"alg": "PS256"}),
    "another length of digest": lambda: Seal(head={"alg": "RS384"}),
    "a key of another kind": lambda: Seal(key=ec_key(), head={"alg": "ES256"}),
    "a header that must be understood": lambda: Seal(head={"alg": "RS256", "crit": ["exp"], "exp": 1}),
}


@pytest.mark.parametrize("seal", WRONG_SEALS.values(), ids=WRONG_SEALS)
@pytest.mark.parametrize("token", ["id", "access"])
async def test_only_the_keys_of_esia_sign_tokens(
    provider: DirectEsia, esia: ScriptedEsia, token: str, seal: Callable[[], Seal]
) -> None:
    esia.seal = seal() if token == "id" else Seal()
    esia.access_seal = seal() if token == "access" else Seal()
    assert await signed_in(provider, esia) == UNTRUSTED


@pytest.mark.parametrize("claims", [b"[]", b"12", b"{", b"\xff", b""])
async def test_a_signed_token_that_holds_no_claims_is_not_believed(
    provider: DirectEsia, esia: ScriptedEsia, claims: bytes
) -> None:
    esia.token_answer = {"id_token": Seal()(claims)}
    assert await signed_in(provider, esia) == UNTRUSTED


async def test_the_head_of_esia_with_words_of_its_own_is_read(provider: DirectEsia, esia: ScriptedEsia) -> None:
    esia.seal = Seal(head={"ver": 1, "typ": "JWT", "sbt": "id", "alg": "RS256"})
    assert (await signed_in(provider, esia)).unwrap().name == PARENT.name


async def test_the_coming_key_is_believed_beside_the_one_in_force(esia: ScriptedEsia, tmp_path: Path) -> None:
    files = (public_file(tmp_path, rsa_key(), rsa_key("coming")),)
    async with connected(settings_for(esia.url, tmp_path, token_keys=files)) as provider:
        for name in ("in force", "coming"):
            esia.seal = Seal(key=rsa_key(name))
            assert (await signed_in(provider, esia)).unwrap().subject == PARENT.subject
        esia.seal = Seal(key=rsa_key("foreign"))
        assert await signed_in(provider, esia) == UNTRUSTED


@pytest.mark.parametrize("oid", [DROP, None, "", "1000299353/../1", "abc", -1, "٧"])
async def test_an_account_must_be_a_number_however_both_tokens_call_it(
    provider: DirectEsia, esia: ScriptedEsia, oid: Any
) -> None:
    esia.id_claims = {"sub": oid, "urn:esia:sbj": DROP}
    esia.access_claims = {"urn:esia:sbj_id": oid}
    assert await signed_in(provider, esia) == UNTRUSTED
    assert [asked.path for asked in esia.asked] == [TOKEN]
