"""Step 3 of ESIA's own protocol: a code for tokens, and what the tokens say."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import attrs
import httpx
import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import RSAKey

from registratura.emulators.esia import SCOPES, Person
from tests.integration.emulators.esia import (
    GATEWAY,
    MNEMONIC,
    NO_PATRONYMIC,
    PARENT,
    RETURN,
    SCOPE,
    TEENAGER,
    UNCONFIRMED,
    Esia,
    returned,
    served_esia,
    sign,
)

ISSUER = "http://esia-portal1.test.gosuslugi.ru/"


def refusal(answer: httpx.Response) -> str:
    """The code of ESIA in a refusal."""
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"error", "error_description", "state"}
    return str(answer.json()["error_description"]).partition(":")[0]


def test_a_code_is_exchanged_for_tokens(esia: Esia) -> None:
    fields = esia.exchange(esia.code())
    answer = esia.exchanged(fields)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "id_token", "refresh_token", "expires_in", "state", "token_type"}
    assert (tokens["state"], tokens["expires_in"], tokens["token_type"]) == (fields["state"], 3600, "Bearer")


def test_the_access_token_says_who_for_whom_and_until_when(esia: Esia) -> None:
    claims = esia.claims(esia.tokens()["access_token"])
    now = int(esia.clock().timestamp())
    UUID(claims.pop("urn:esia:sid"))
    assert sorted(claims.pop("scope").split()) == sorted(SCOPE.split())
    assert claims == {
        "iss": ISSUER,
        "client_id": MNEMONIC,
        "urn:esia:sbj_id": PARENT.oid,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }


def test_the_id_token_says_who_signed_in_and_when(esia: Esia) -> None:
    code, signed_in = esia.code(), int(esia.clock().timestamp())
    esia.clock.pass_by(seconds=5)
    claims = esia.claims(esia.exchanged(esia.exchange(code)).json()["id_token"])
    UUID(claims.pop("urn:esia:sid"))
    assert claims == {
        "iss": ISSUER,
        "aud": MNEMONIC,
        "sub": PARENT.oid,
        "auth_time": signed_in,
        "amr": "PWD",
        "urn:esia:sbj": {
            "urn:esia:sbj:oid": PARENT.oid,
            "urn:esia:sbj:typ": "P",
            "urn:esia:sbj:nam": f"OID.{PARENT.oid}",
            "urn:esia:sbj:lvl": "PR",
            "urn:esia:sbj:is_tru": True,
        },
        "iat": signed_in + 5,
        "nbf": signed_in + 5,
        "exp": signed_in + 5 + 3600,
    }


@pytest.mark.parametrize(("person", "level"), [(UNCONFIRMED, "P"), (TEENAGER, "PR")])
def test_the_level_of_the_account_is_told(esia: Esia, person: Person, level: str) -> None:
    subject = esia.claims(esia.tokens(person)["id_token"])["urn:esia:sbj"]
    assert subject["urn:esia:sbj:lvl"] == level
    assert subject.get("urn:esia:sbj:is_tru") == (True if person.trusted else None)


def test_an_account_of_a_child_is_told() -> None:
    child = attrs.evolve(TEENAGER, born=date(datetime.now(UTC).year - 10, 1, 1))
    with served_esia(persons=[child]) as esia:
        assert esia.claims(esia.tokens(child)["id_token"])["urn:esia:sbj"]["urn:esia:sbj:lvl"] == "KD"


def test_without_openid_there_is_no_id_token(esia: Esia) -> None:
    assert "id_token" not in esia.tokens(scope="fullname birthdate")


def test_tokens_hold_by_the_certificate_too(esia: Esia) -> None:
    (certificate,) = x509.load_pem_x509_certificates(esia.web.get("/_emu/certificate.pem").content)
    assert certificate.not_valid_before_utc < esia.clock() < certificate.not_valid_after_utc
    public = certificate.public_key()
    key = RSAKey.import_key(public)  # type: ignore[arg-type]  # the emulator's keys are RSA
    assert jwt.decode(esia.tokens()["id_token"], key, ["RS256"]).claims["sub"] == PARENT.oid


def test_what_is_published_can_only_verify(esia: Esia) -> None:
    (key,) = esia.web.get("/_emu/jwks").json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_code_is_used_once(esia: Esia) -> None:
    code = esia.code()
    assert esia.exchanged(esia.exchange(code)).status_code == 200
    again = esia.exchanged(esia.exchange(code))
    assert refusal(again) == "ESIA-007011"
    assert again.json()["error"] == "invalid_grant"


def test_a_code_lives_a_minute(esia: Esia) -> None:
    code, late = esia.code(), esia.code()
    esia.clock.pass_by(seconds=59)
    assert esia.exchanged(esia.exchange(code)).status_code == 200
    esia.clock.pass_by(seconds=1)
    assert refusal(esia.exchanged(esia.exchange(late))) == "ESIA-007011"


def test_a_code_belongs_to_the_address_it_was_sent_to(esia: Esia) -> None:
    code = esia.code()
    assert refusal(esia.exchanged(esia.exchange(code, redirect_uri=RETURN + "/"))) == "ESIA-007011"
    # Presented once, it is gone.
    assert refusal(esia.exchanged(esia.exchange(code))) == "ESIA-007011"


def test_a_code_of_the_gateway_is_not_one_of_esia() -> None:
    with served_esia(oidc=attrs.evolve(GATEWAY, redirect_uris=[RETURN])) as esia:
        params = {**esia.oidc(redirect_uri=RETURN), "auto": str(PARENT.oid)}
        code = returned(esia.web.get("/oidc/authorize", params=params))["code"]
        assert refusal(esia.exchanged(esia.exchange(code, scope=" ".join(SCOPES)))) == "ESIA-007011"


def test_both_steps_ask_for_the_same_scopes(esia: Esia) -> None:
    assert refusal(esia.exchanged(esia.exchange(esia.code(scope="openid"), scope="openid snils"))) == "ESIA-007006"
    shuffled = " ".join(reversed(SCOPE.split()))
    assert esia.exchanged(esia.exchange(esia.code(), scope=shuffled)).status_code == 200


def test_the_second_request_has_a_state_of_its_own(esia: Esia) -> None:
    state = "0b6f9bd2-7c05-4a5f-9ee0-6a7b0b6e8c11"
    answer = esia.exchanged(esia.exchange(esia.code(state=state), state=state))
    assert refusal(answer) == "ESIA-007003"
    assert answer.json()["state"] == state


@pytest.mark.parametrize(
    ("changed", "error", "code"),
    [
        ({"client_id": None}, "invalid_request", "ESIA-007014"),
        ({"client_id": "OTHER"}, "unauthorized_client", "ESIA-007005"),
        ({"grant_type": None}, "invalid_request", "ESIA-007014"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type", "ESIA-007012"),
        ({"code": None}, "invalid_request", "ESIA-007014"),
        ({"code": "unknown"}, "invalid_grant", "ESIA-007011"),
        ({"redirect_uri": None}, "invalid_request", "ESIA-007014"),
        ({"token_type": None}, "invalid_request", "ESIA-007014"),
        ({"token_type": "mac"}, "invalid_request", "ESIA-007003"),
        ({"client_certificate_hash": "CD" * 32}, "invalid_request", "ESIA-007053"),
        ({"client_secret": sign("")}, "invalid_request", "ESIA-007053"),
        ({"timestamp": "now"}, "invalid_request", "ESIA-007015"),
        ({"state": "1"}, "invalid_request", "ESIA-007003"),
        ({"scope": ""}, "invalid_scope", "ESIA-007013"),
    ],
)
def test_what_is_wrong_is_told_in_json(esia: Esia, changed: dict[str, Any], error: str, code: str) -> None:
    fields = esia.exchange(**{"code": esia.code(), **changed})
    answer = esia.exchanged(fields)
    assert refusal(answer) == code
    assert answer.json()["error"] == error
    assert answer.json()["state"] == fields.get("state")


def test_the_code_is_under_the_signature(esia: Esia) -> None:
    fields = esia.exchange(esia.code(NO_PATRONYMIC))
    fields["code"] = esia.code(PARENT)
    assert refusal(esia.exchanged(fields)) == "ESIA-007053"
    # A wrong signature uses nothing up: anybody could send it.
    assert esia.exchanged(esia.exchange(fields["code"])).status_code == 200


def test_only_a_form_is_read(esia: Esia) -> None:
    answer = esia.web.post("/aas/oauth2/v3/te", json=esia.exchange(esia.code()))
    assert refusal(answer) == "ESIA-007003"
