"""Trouble on a switch: each fault does what it says, where it says, as often as it says."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography import x509
from joserfc.errors import BadSignatureError, InvalidKeyIdError

from tests.integration.emulators.esia import (
    GATEWAY,
    MNEMONIC,
    OIDC_RETURN,
    PARENT,
    Esia,
    returned,
    served_esia,
)

PRNS = f"/rs/prns/{PARENT.oid}"
TE = "POST /aas/oauth2/v3/te"

CALLS: dict[str, Callable[[Esia], httpx.Response]] = {
    "GET /aas/oauth2/v2/ac": lambda esia: esia.authorize(esia.asked()),
    "POST /aas/oauth2/v2/ac": lambda esia: esia.web.post("/aas/oauth2/v2/ac", data={}),
    TE: lambda esia: esia.exchanged({}),
    "GET /rs/prns/{oid}": lambda esia: esia.web.get(PRNS),
    **{
        f"GET /rs/prns/{{oid}}/{name}": lambda esia, name=name: esia.web.get(f"{PRNS}/{name}")  # type: ignore[misc]
        for name in ("kids", "ctts", "docs", "addrs")
    },
    **{
        f"GET /rs/prns/{{oid}}/{name}/{{id}}": lambda esia, name=name: esia.web.get(f"{PRNS}/{name}/1")  # type: ignore[misc]
        for name in ("kids", "ctts", "docs", "addrs")
    },
    "GET /idp/ext/Logout": lambda esia: esia.web.get("/idp/ext/Logout"),
    "GET /oidc/.well-known/openid-configuration": lambda esia: esia.web.get("/oidc/.well-known/openid-configuration"),
    "GET /oidc/authorize": lambda esia: esia.web.get("/oidc/authorize"),
    "POST /oidc/authorize": lambda esia: esia.web.post("/oidc/authorize", data={}),
    "POST /oidc/token": lambda esia: esia.web.post("/oidc/token", data={}),
    "GET /oidc/jwks": lambda esia: esia.web.get("/oidc/jwks"),
    "GET /oidc/userinfo": lambda esia: esia.web.get("/oidc/userinfo"),
}


@pytest.mark.parametrize("route", CALLS)
def test_every_endpoint_can_break_alone(esia: Esia, route: str) -> None:
    esia.faults(status=500, routes=[route])
    broken = [name for name, call in CALLS.items() if call(esia).status_code == 500]
    assert broken == [route]


def test_everything_can_break_but_the_switches(esia: Esia) -> None:
    esia.faults(status=503)
    assert {call(esia).status_code for call in CALLS.values()} == {503}
    assert esia.web.get("/").status_code == 200
    assert esia.web.get("/_emu/jwks").status_code == 200


def test_programs_are_told_in_json_and_people_on_a_page(esia: Esia) -> None:
    esia.faults(status=500)
    assert CALLS[TE](esia).json()["error"] == "server_error"
    page = CALLS["GET /aas/oauth2/v2/ac"](esia)
    assert "Госуслуги не отвечают" in page.text
    assert "ESIA-007007" in page.text


def test_a_fault_can_be_counted(esia: Esia) -> None:
    esia.faults(status=500, routes=["GET /oidc/jwks"], times=2)
    assert esia.web.get("/oidc/userinfo").status_code == 401
    assert [esia.web.get("/oidc/jwks").status_code for _ in range(3)] == [500, 500, 200]
    assert esia.web.get("/_emu/faults").json()["times"] == 0


def test_a_fault_of_tokens_is_not_used_up_by_other_requests(esia: Esia) -> None:
    esia.faults(wrong_state=True, times=1)
    fields = esia.exchange(esia.code())
    assert esia.exchanged(fields).json()["state"] != fields["state"]
    fields = esia.exchange(esia.code())
    assert esia.exchanged(fields).json()["state"] == fields["state"]


def test_what_is_not_named_is_off(esia: Esia) -> None:
    esia.faults(status=500)
    esia.faults(delay_ms=1)
    told = esia.web.get("/_emu/faults").json()
    assert (told["status"], told["delay_ms"]) == (None, 1)


@pytest.mark.parametrize(
    "body",
    [
        {"status": 404},
        {"delay_ms": -1},
        {"delay_ms": 60_001},
        {"delay_ms": "1"},
        {"expired": "yes"},
        {"token": "refresh"},
        {"routes": ["GET /nowhere"]},
        {"routes": 1},
        {"times": -1},
        {"missing_scope": 1},
        {"unknown": True},
        ["status"],
    ],
)
def test_nonsense_is_refused_and_changes_nothing(esia: Esia, body: Any) -> None:
    esia.faults(delay_ms=1)
    assert esia.web.put("/_emu/faults", json=body).status_code == 400
    assert esia.web.get("/_emu/faults").json()["delay_ms"] == 1
    assert esia.web.put("/_emu/faults", content=b"{").status_code == 400


def test_answers_can_come_late(esia: Esia) -> None:
    esia.faults(delay_ms=300, routes=["GET /oidc/jwks"])
    begun = time.monotonic()
    assert esia.web.get("/oidc/jwks").status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_a_client_that_waits_too_short_gets_no_answer(esia: Esia) -> None:
    esia.faults(delay_ms=5_000, routes=["GET /oidc/jwks"], times=1)
    with pytest.raises(httpx.ReadTimeout):
        esia.web.get("/oidc/jwks", timeout=0.1)


def test_tokens_can_be_expired(esia: Esia) -> None:
    esia.faults(expired=True)
    tokens = esia.tokens()
    an_hour_ago = int(esia.clock().timestamp()) - 3600
    for name in ("access_token", "id_token"):
        assert esia.claims(tokens[name])["exp"] == an_hour_ago
    answer = esia.get(PRNS, tokens)
    assert (answer.status_code, answer.json()["code"]) == (401, "ESIA-005013")


def test_tokens_of_the_gateway_can_be_expired(esia: Esia) -> None:
    esia.faults(expired=True)
    tokens = esia.oidc_tokens()
    assert esia.claims(tokens["id_token"])["exp"] == int(esia.clock().timestamp()) - 3600
    assert esia.get("/oidc/userinfo", tokens).status_code == 401


def test_tokens_can_be_signed_by_a_stranger(esia: Esia) -> None:
    esia.faults(wrong_signature=True)
    forged = [*(esia.tokens()[name] for name in ("access_token", "id_token")), esia.oidc_tokens()["id_token"]]
    for token in forged:
        with pytest.raises(BadSignatureError):
            esia.claims(token)


def test_tokens_can_be_issued_to_another_client(esia: Esia) -> None:
    esia.faults(wrong_audience=True)
    tokens = esia.tokens()
    assert esia.claims(tokens["access_token"])["client_id"] != MNEMONIC
    assert esia.claims(tokens["id_token"])["aud"] != MNEMONIC
    assert esia.claims(esia.oidc_tokens()["id_token"])["aud"] != GATEWAY.client_id


def test_tokens_can_come_from_another_issuer(esia: Esia) -> None:
    right = [esia.claims(token)["iss"] for token in (esia.tokens()["id_token"], esia.oidc_tokens()["id_token"])]
    esia.faults(wrong_issuer=True)
    tokens = esia.tokens()
    for token in (tokens["access_token"], tokens["id_token"], esia.oidc_tokens()["id_token"]):
        assert esia.claims(token)["iss"] not in right


def test_tokens_can_be_about_somebody_else(esia: Esia) -> None:
    esia.faults(wrong_subject=True)
    tokens = esia.tokens()
    assert esia.claims(tokens["access_token"])["urn:esia:sbj_id"] == PARENT.oid + 1
    assert esia.claims(tokens["id_token"])["sub"] == PARENT.oid + 1
    assert esia.claims(esia.oidc_tokens()["id_token"])["sub"] == str(PARENT.oid + 1)


@pytest.mark.parametrize(("token", "right"), [("access", "id_token"), ("id", "access_token")])
def test_one_token_can_be_forged_and_the_other_not(esia: Esia, token: str, right: str) -> None:
    esia.faults(wrong_signature=True, expired=True, token=token)
    tokens = esia.tokens()
    now = esia.clock().timestamp()
    assert esia.claims(tokens[right])["exp"] > now
    with pytest.raises(BadSignatureError):
        esia.claims(tokens["access_token" if right == "id_token" else "id_token"])
    assert esia.get(PRNS, tokens).status_code == (401 if token == "access" else 200)


def test_the_nonce_can_be_another(esia: Esia) -> None:
    esia.faults(wrong_nonce=True, times=1)
    esia.tokens()
    assert [esia.claims(esia.oidc_tokens()["id_token"])["nonce"] == "once" for _ in range(2)] == [False, True]


def test_a_scope_can_be_missing_though_it_was_granted(esia: Esia) -> None:
    tokens, gateway = esia.tokens(), esia.oidc_tokens()
    esia.faults(missing_scope="snils")
    told = esia.get(PRNS, tokens).json()
    assert "snils" not in told
    assert told["lastName"] == PARENT.last_name
    assert "snils" not in esia.get("/oidc/userinfo", gateway).json()
    assert "snils" not in esia.claims(esia.oidc_tokens()["id_token"])
    esia.faults(missing_scope="kid_birthdate")
    child = esia.get(f"{PRNS}/kids", tokens, embed="(elements)").json()["elements"][0]
    assert "birthDate" not in child
    assert "snils" in child
    assert "birthdate" not in esia.get("/oidc/userinfo", gateway).json()["children"][0]
    esia.faults(missing_scope="mobile")
    assert esia.get(f"{PRNS}/ctts", tokens).status_code == 403
    assert "phone_number" not in esia.get("/oidc/userinfo", gateway).json()


def kids_of(esia: Esia) -> list[str]:
    return [key["kid"] for key in esia.web.get("/oidc/jwks").json()["keys"]]


@pytest.mark.parametrize("keep_old", [True, False])
def test_the_key_can_be_changed(keep_old: bool) -> None:
    with served_esia() as esia:
        old, before = esia.tokens()["id_token"], kids_of(esia)
        changed = esia.web.post("/_emu/keys", json={"keep_old": keep_old}).json()
        fresh = esia.tokens()["id_token"]
        assert esia.claims(fresh)["sub"] == PARENT.oid
        assert kids_of(esia) == [changed["kid"], *(before if keep_old else [])]
        published = x509.load_pem_x509_certificates(esia.web.get("/_emu/certificate.pem").content)
        assert len(published) == len(kids_of(esia))
        if keep_old:
            assert esia.claims(old)["sub"] == PARENT.oid
        else:
            with pytest.raises(InvalidKeyIdError):
                esia.claims(old)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"keep_old": 1}'])
def test_a_change_of_the_key_says_what_happens_to_the_old_one(esia: Esia, body: bytes) -> None:
    before = kids_of(esia)
    assert esia.web.post("/_emu/keys", content=body).status_code == 400
    assert kids_of(esia) == before


def test_a_broken_redirect_is_not_taken_for_an_answer(esia: Esia) -> None:
    esia.faults(status=500, routes=["GET /oidc/authorize"], times=1)
    params = {**esia.oidc(), "auto": str(PARENT.oid)}
    assert "location" not in esia.web.get("/oidc/authorize", params=params).headers
    assert "code" in returned(esia.web.get("/oidc/authorize", params=params), OIDC_RETURN)
