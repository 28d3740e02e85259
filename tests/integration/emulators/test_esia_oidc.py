"""The OpenID Connect face: the same people as a certified gateway tells of them."""

import base64
from typing import Any
from urllib.parse import quote_plus

import attrs
import pytest

from registratura.emulators.esia import Person
from tests.integration.emulators.esia import (
    GATEWAY,
    NO_PATRONYMIC,
    NO_SNILS,
    OIDC_RETURN,
    PARENT,
    RETURN,
    UNCONFIRMED,
    VERIFIER,
    Esia,
    challenge,
    returned,
    served_esia,
)

ABOUT_PARENT = {
    "sub": str(PARENT.oid),
    "trusted": True,
    "family_name": "Ключевая",
    "given_name": "Анна",
    "middle_name": "Сергеевна",
    "birthdate": PARENT.born.isoformat(),
    "gender": "female",
    "snils": "965-725-244 52",
    "phone_number": "+75550000001",
    "children": [
        {
            "family_name": "Ключевая",
            "given_name": "Вера",
            "middle_name": "Ильинична",
            "birthdate": PARENT.kids[0].born.isoformat(),
            "gender": "female",
            "snils": "966-932-595 84",
        },
        {
            "family_name": "Ключевой",
            "given_name": "Пётр",
            "middle_name": "Ильич",
            "birthdate": PARENT.kids[1].born.isoformat(),
            "gender": "male",
        },
    ],
}


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def test_the_metadata_lead_to_every_endpoint(esia: Esia) -> None:
    told = esia.web.get("/oidc/.well-known/openid-configuration").json()
    issuer = f"{esia.url}/oidc"
    assert told["issuer"] == issuer
    assert told["authorization_endpoint"] == f"{issuer}/authorize"
    assert told["token_endpoint"] == f"{issuer}/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert esia.web.get(told["jwks_uri"]).json() == esia.web.get("/_emu/jwks").json()
    assert esia.web.get(told["userinfo_endpoint"]).status_code == 401


def test_a_person_signs_in_through_the_page(esia: Esia) -> None:
    page = esia.web.get("/oidc/authorize", params=esia.oidc())
    key = page.text.partition('name="request" value="')[2].partition('"')[0]
    answer = esia.web.post("/oidc/authorize", data={"request": key, "choice": str(PARENT.oid)})
    back = returned(answer, OIDC_RETURN)
    assert back.keys() == {"from", "code", "state"}
    assert (back["from"], back["state"]) == ("gate", "opaque state")


def test_the_id_token_and_userinfo_tell_the_same(esia: Esia) -> None:
    tokens = esia.oidc_tokens()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "openid")
    now = int(esia.clock().timestamp())
    assert esia.claims(tokens["id_token"]) == {
        **ABOUT_PARENT,
        "iss": f"{esia.url}/oidc",
        "aud": GATEWAY.client_id,
        "nonce": "once",
        "auth_time": now,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    answer = esia.get("/oidc/userinfo", tokens)
    assert answer.json() == ABOUT_PARENT
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("person", "absent"), [(NO_PATRONYMIC, "middle_name"), (NO_SNILS, "snils"), (UNCONFIRMED, "address")]
)
def test_what_a_person_has_not_is_left_out(esia: Esia, person: Person, absent: str) -> None:
    told = esia.get("/oidc/userinfo", esia.oidc_tokens(person)).json()
    assert absent not in told
    assert (told["trusted"], told["children"]) == (person.trusted, [])
    assert told["gender"] == ("male" if person.gender == "M" else "female")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": None},
        {"client_id": "other"},
        {"redirect_uri": None},
        {"redirect_uri": "https://registry.example.org/oidc/back"},
        {"redirect_uri": OIDC_RETURN + "&more=1"},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(esia: Esia, changed: dict[str, Any]) -> None:
    answer = esia.web.get("/oidc/authorize", params={**esia.oidc(**changed), "auto": str(PARENT.oid)})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"state": None}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_told_to_the_client(esia: Esia, changed: dict[str, Any], error: str) -> None:
    fields = esia.oidc(**changed)
    back = returned(esia.web.get("/oidc/authorize", params={**fields, "auto": str(PARENT.oid)}), OIDC_RETURN)
    assert (back["error"], back.get("state")) == (error, fields.get("state"))
    assert "code" not in back


def test_cancelling_is_told_to_the_client(esia: Esia) -> None:
    answer = esia.web.get("/oidc/authorize", params={**esia.oidc(), "auto": "cancel"})
    assert returned(answer, OIDC_RETURN)["error"] == "access_denied"


def test_the_client_may_prove_itself_in_the_header(esia: Esia) -> None:
    fields = esia.oidc_exchange(esia.oidc_code(), client_id=None, client_secret=None)
    headers = {"Authorization": basic(GATEWAY.client_id, GATEWAY.client_secret)}
    assert esia.web.post("/oidc/token", data=fields, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        basic(GATEWAY.client_id, "wrong"),
        basic("other", GATEWAY.client_secret),
        basic(GATEWAY.client_id, GATEWAY.client_secret).replace("Basic", "Bearer"),
        "Basic ***",
        "Basic " + base64.b64encode(b"\xff").decode(),
    ],
)
def test_a_client_that_proves_nothing_in_the_header_is_refused(esia: Esia, header: str) -> None:
    fields = esia.oidc_exchange(esia.oidc_code(), client_id=None, client_secret=None)
    answer = esia.web.post("/oidc/token", data=fields, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_one_way_of_proof_is_enough(esia: Esia) -> None:
    headers = {"Authorization": basic(GATEWAY.client_id, GATEWAY.client_secret)}
    answer = esia.web.post("/oidc/token", data=esia.oidc_exchange(esia.oidc_code()), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "unsupported_grant_type"),
        ({"code": "unknown"}, 400, "invalid_grant"),
        ({"code": None}, 400, "invalid_grant"),
        ({"redirect_uri": None}, 400, "invalid_grant"),
        ({"redirect_uri": "https://registry.example.org/oidc/back"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"code_verifier": VERIFIER + "x"}, 400, "invalid_grant"),
        ({"code_verifier": challenge(VERIFIER)}, 400, "invalid_grant"),
    ],
)
def test_what_is_wrong_is_told_in_json(esia: Esia, changed: dict[str, Any], status: int, error: str) -> None:
    answer = esia.web.post("/oidc/token", data=esia.oidc_exchange(**{"code": esia.oidc_code(), **changed}))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"


def test_a_secret_too_short_for_pkce_is_refused(esia: Esia) -> None:
    fields = {**esia.oidc(code_challenge=challenge("short")), "auto": str(PARENT.oid)}
    code = returned(esia.web.get("/oidc/authorize", params=fields), OIDC_RETURN)["code"]
    answer = esia.web.post("/oidc/token", data=esia.oidc_exchange(code, code_verifier="short"))
    assert answer.json()["error"] == "invalid_grant"


def test_a_code_is_used_once_even_by_a_wrong_request(esia: Esia) -> None:
    code = esia.oidc_code()
    esia.web.post("/oidc/token", data=esia.oidc_exchange(code, code_verifier=None))
    assert esia.web.post("/oidc/token", data=esia.oidc_exchange(code)).json()["error"] == "invalid_grant"


def test_a_code_lives_a_minute(esia: Esia) -> None:
    code = esia.oidc_code()
    esia.clock.pass_by(seconds=60)
    assert esia.web.post("/oidc/token", data=esia.oidc_exchange(code)).json()["error"] == "invalid_grant"


def test_a_code_of_esia_is_not_one_of_the_gateway() -> None:
    with served_esia(oidc=attrs.evolve(GATEWAY, redirect_uris=[RETURN])) as esia:
        answer = esia.web.post("/oidc/token", data=esia.oidc_exchange(esia.code(), redirect_uri=RETURN))
        assert answer.json()["error"] == "invalid_grant"


def test_userinfo_needs_a_token_of_this_face_in_its_hour(esia: Esia) -> None:
    tokens = esia.oidc_tokens()
    assert esia.get("/oidc/userinfo", esia.tokens()).status_code == 401
    esia.clock.pass_by(hours=1)
    answer = esia.get("/oidc/userinfo", tokens)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_without_a_client_there_is_no_such_face() -> None:
    with served_esia(oidc=None) as esia:
        assert esia.web.get("/oidc/.well-known/openid-configuration").status_code == 404
        assert "openid" in esia.asked()["scope"]
        assert esia.tokens()["id_token"]
