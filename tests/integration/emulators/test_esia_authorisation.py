"""Step 1 of ESIA's own protocol: what is checked, what the person sees, what goes back to the client."""

import base64
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.integration.emulators.esia import (
    HASH,
    MNEMONIC,
    NO_PATRONYMIC,
    PARENT,
    RETURN,
    Esia,
    returned,
    served_esia,
    sign,
)

KEY = re.compile(r'name="request" value="([^"]+)"')


def choose(esia: Esia, page: httpx.Response, choice: object) -> httpx.Response:
    """Press a button of the page."""
    found = KEY.search(page.text)
    assert found
    return esia.web.post("/aas/oauth2/v2/ac", data={"request": found[1], "choice": str(choice)})


def test_the_page_shows_everybody_and_the_choice_goes_back_to_the_client(esia: Esia) -> None:
    fields = esia.asked()
    page = esia.authorize(fields)
    assert page.status_code == 200
    assert '<h1 id="title">Вход в Госуслуги (эмулятор)</h1>' in page.text
    assert "Ключевая Анна Сергеевна" in page.text
    assert ">Отмена</button>" in page.text
    back = returned(choose(esia, page, PARENT.oid))
    assert back.keys() == {"code", "state"}
    assert back["state"] == fields["state"]


def test_the_page_takes_nothing_from_elsewhere_and_leads_back_to_the_client_alone(esia: Esia) -> None:
    page = esia.authorize(esia.asked())
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://registry.example.org" in policy
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_cancelling_is_told_to_the_client(esia: Esia) -> None:
    fields = esia.asked()
    back = returned(choose(esia, esia.authorize(fields), "cancel"))
    assert back.pop("error_description").startswith("ESIA-007004: ")
    assert back == {"error": "access_denied", "state": fields["state"]}


def test_a_person_may_go_back_and_choose_again(esia: Esia) -> None:
    page = esia.authorize(esia.asked())
    first, second = (returned(choose(esia, page, person.oid))["code"] for person in (PARENT, NO_PATRONYMIC))
    assert first != second


def test_a_person_may_think_longer_than_the_timestamp_lasts_but_not_for_ever(esia: Esia) -> None:
    page = esia.authorize(esia.asked())
    esia.clock.pass_by(minutes=29)
    assert "code" in returned(choose(esia, page, PARENT.oid))
    esia.clock.pass_by(minutes=2)
    assert choose(esia, page, PARENT.oid).status_code == 400


def test_a_test_may_choose_without_the_page(esia: Esia) -> None:
    assert "code" in returned(esia.authorize(esia.asked(), auto=str(PARENT.oid)))
    assert returned(esia.authorize(esia.asked(), auto="cancel"))["error"] == "access_denied"


def test_nobody_else_can_be_chosen(esia: Esia) -> None:
    assert esia.authorize(esia.asked(), auto="1").status_code == 400
    assert choose(esia, esia.authorize(esia.asked()), "1").status_code == 400
    assert esia.web.post("/aas/oauth2/v2/ac", data={"request": "x", "choice": "1"}).status_code == 400
    assert esia.web.post("/aas/oauth2/v2/ac", json={"request": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": None}, "ESIA-007014"),
        ({"client_id": "OTHER"}, "ESIA-007005"),
        ({"redirect_uri": None}, "ESIA-007014"),
        ({"redirect_uri": ""}, "ESIA-007014"),
        ({"redirect_uri": "https://evil.example.org/back"}, "ESIA-007023"),
        ({"redirect_uri": "https://registry.example.org.evil.example/back"}, "ESIA-007023"),
        ({"redirect_uri": "https://registry.example.org@evil.example/back"}, "ESIA-007023"),
        ({"redirect_uri": "https://user@registry.example.org/back"}, "ESIA-007023"),
        ({"redirect_uri": "javascript://registry.example.org/%0aalert(1)"}, "ESIA-007023"),
        ({"redirect_uri": "//registry.example.org/back"}, "ESIA-007023"),
        ({"redirect_uri": "https://registry.example.org/back#part"}, "ESIA-007023"),
        ({"redirect_uri": "https://registry.example.org:port/back"}, "ESIA-007023"),
        ({"redirect_uri": "https://registry.example.org:0/back"}, "ESIA-007023"),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_trusted(esia: Esia, changed: dict[str, Any], code: str) -> None:
    answer = esia.authorize(esia.asked(**changed))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert code in answer.text


def test_a_repeated_parameter_is_refused(esia: Esia) -> None:
    fields = esia.asked()
    answer = esia.web.get("/aas/oauth2/v2/ac", params=[*fields.items(), ("redirect_uri", RETURN)])
    assert answer.status_code == 400
    assert "ESIA-007003" in answer.text


@pytest.mark.parametrize(
    ("changed", "error", "code"),
    [
        ({"response_type": None}, "invalid_request", "ESIA-007014"),
        ({"response_type": "token"}, "unsupported_response_type", "ESIA-007009"),
        ({"access_type": None}, "invalid_request", "ESIA-007014"),
        ({"access_type": "sometimes"}, "invalid_request", "ESIA-007003"),
        ({"client_certificate_hash": None}, "invalid_request", "ESIA-007014"),
        ({"client_certificate_hash": HASH.lower()}, "invalid_request", "ESIA-007053"),
        ({"client_certificate_hash": "AB" * 20}, "invalid_request", "ESIA-007053"),
        ({"client_secret": None}, "invalid_request", "ESIA-007014"),
        ({"client_secret": sign("something else")}, "invalid_request", "ESIA-007053"),
        ({"client_secret": sign("")[:-2]}, "invalid_request", "ESIA-007053"),
        ({"client_secret": "A"}, "invalid_request", "ESIA-007053"),
        ({"timestamp": None}, "invalid_request", "ESIA-007014"),
        ({"timestamp": "2026-11-21T12:00:00+03:00"}, "invalid_request", "ESIA-007015"),
        ({"timestamp": "2026.11.21 12:00:00 +03:00"}, "invalid_request", "ESIA-007015"),
        ({"timestamp": "2026.13.21 12:00:00 +0300"}, "invalid_request", "ESIA-007015"),
        ({"state": None}, "invalid_request", "ESIA-007014"),
        ({"state": "not a uuid"}, "invalid_request", "ESIA-007003"),
        ({"state": uuid4().hex}, "invalid_request", "ESIA-007003"),
        ({"scope": None}, "invalid_scope", "ESIA-007013"),
        ({"scope": " "}, "invalid_scope", "ESIA-007013"),
        ({"scope": "openid inn"}, "invalid_scope", "ESIA-007006"),
        ({"scope": "openid,fullname"}, "invalid_scope", "ESIA-007006"),
    ],
)
def test_what_is_wrong_is_told_to_the_client(esia: Esia, changed: dict[str, Any], error: str, code: str) -> None:
    fields = esia.asked(**changed)
    back = returned(esia.authorize(fields, auto=str(PARENT.oid)))
    assert back["error"] == error
    assert back["error_description"].startswith(f"{code}: ")
    assert back.get("state") == fields.get("state")


@pytest.mark.parametrize("late", [-1, 1])
def test_the_clock_of_the_client_may_differ_by_ten_minutes(esia: Esia, late: int) -> None:
    fields = esia.asked()
    esia.clock.pass_by(minutes=10 * late)
    assert "code" in returned(esia.authorize(fields, auto=str(PARENT.oid)))
    esia.clock.pass_by(seconds=late)
    assert returned(esia.authorize(fields, auto=str(PARENT.oid)))["error_description"].startswith("ESIA-007015")


@pytest.mark.parametrize("zone", ["+00:00", "Z", ""])
def test_a_zone_is_written_without_a_colon(esia: Esia, zone: str) -> None:
    timestamp = f"{esia.clock():%Y.%m.%d %H:%M:%S} {zone}"
    back = returned(esia.authorize(esia.asked(timestamp=timestamp), auto=str(PARENT.oid)))
    assert back["error_description"].startswith("ESIA-007015")


def test_any_zone_of_the_clock_will_do(esia: Esia) -> None:
    timestamp = f"{esia.clock():%Y.%m.%d %H:%M:%S} +0000"
    assert "code" in returned(esia.authorize(esia.asked(timestamp=timestamp), auto=str(PARENT.oid)))


@pytest.mark.parametrize("name", ["scope", "timestamp", "state", "redirect_uri"])
def test_every_signed_value_is_covered_by_the_signature(esia: Esia, name: str) -> None:
    fields = esia.asked()
    esia.clock.pass_by(seconds=1)
    fields[name] = esia.asked(scope="openid", redirect_uri=RETURN + "/elsewhere")[name]
    assert returned(esia.authorize(fields, auto=str(PARENT.oid)))["error_description"].startswith("ESIA-007053")


def test_the_scope_of_an_organisation_is_signed_after_the_scope(esia: Esia) -> None:
    fields = esia.asked(scope_org="org_inf")
    assert "code" in returned(esia.authorize(fields, auto=str(PARENT.oid)))
    fields["scope_org"] = "org_emps"
    assert returned(esia.authorize(fields, auto=str(PARENT.oid)))["error_description"].startswith("ESIA-007053")


def test_the_signature_travels_url_safe_and_without_padding(esia: Esia) -> None:
    fields = esia.asked()
    raw = base64.urlsafe_b64decode(fields["client_secret"] + "==")
    for client_secret in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()):
        back = returned(esia.authorize({**fields, "client_secret": client_secret}, auto=str(PARENT.oid)))
        assert back["error_description"].startswith("ESIA-007053")


class Credulous:
    """A verifier that believes everything."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        return True


def test_a_signature_has_64_bytes_whatever_the_verifier_believes() -> None:
    with served_esia(verifier=Credulous()) as esia:
        for client_secret in (sign("")[:-4], sign("") + "AAAA"):
            fields = esia.asked(client_secret=client_secret)
            back = returned(esia.authorize(fields, auto=str(PARENT.oid)))
            assert back["error_description"].startswith("ESIA-007053")
        assert "code" in returned(esia.authorize(esia.asked(client_secret=sign("")), auto=str(PARENT.oid)))


def test_a_redirect_address_keeps_its_path_port_and_query(esia: Esia) -> None:
    address = "http://127.0.0.1:8000/sign-in/back?chat=7"
    answer = esia.authorize(esia.asked(redirect_uri=address), auto=str(PARENT.oid))
    assert answer.headers["location"].startswith(address + "&code=")
    assert dict(parse_qsl(urlsplit(answer.headers["location"]).query))["chat"] == "7"


def test_only_registered_scopes_can_be_asked_for() -> None:
    with served_esia(scopes={"openid", "fullname"}) as esia:
        assert "code" in returned(esia.authorize(esia.asked(scope="fullname"), auto=str(PARENT.oid)))
        back = returned(esia.authorize(esia.asked(scope="openid snils"), auto=str(PARENT.oid)))
        assert back["error_description"].startswith("ESIA-007006")


def test_leaving_leads_back_to_a_registered_host_alone(esia: Esia) -> None:
    path = "/idp/ext/Logout"
    answer = esia.web.get(path, params={"client_id": MNEMONIC, "redirect_url": "https://registry.example.org/bye"})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://registry.example.org/bye")
    answer = esia.web.get(path, params={"client_id": MNEMONIC})
    assert answer.status_code == 200
    assert "Вы вышли из Госуслуг" in answer.text
    answer = esia.web.get(path, params={"client_id": MNEMONIC, "redirect_url": "https://evil.example.org/"})
    assert answer.status_code == 400
    assert "ESIA-007023" in answer.text
    assert "ESIA-007005" in esia.web.get(path, params={"client_id": "OTHER"}).text
