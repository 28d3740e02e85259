"""REST services of ESIA: a person's data by the scopes of the token."""

from typing import Any

import attrs
import pytest

from registratura.emulators.esia import Person
from tests.integration.emulators.esia import (
    NO_PATRONYMIC,
    NO_SNILS,
    PARENT,
    UNCONFIRMED,
    YO,
    Esia,
    served_esia,
)

EVERYTHING = (
    "fullname birthdate gender snils id_doc mobile email contacts addresses kid_fullname kid_birthdate kid_snils"
)
ALWAYS = {"stateFacts", "eTag", "trusted", "verifying", "status", "updatedOn"}
PRNS = f"/rs/prns/{PARENT.oid}"


def prns(esia: Esia, person: Person, scope: str) -> dict[str, Any]:
    answer = esia.get(f"/rs/prns/{person.oid}", esia.tokens(person, scope))
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_person_is_told(esia: Esia) -> None:
    told = prns(esia, PARENT, "fullname birthdate gender snils id_doc")
    assert len(told.pop("eTag")) == 40
    assert isinstance(told.pop("updatedOn"), int)
    assert told == {
        "stateFacts": ["EntityRoot"],
        "firstName": "Анна",
        "lastName": "Ключевая",
        "middleName": "Сергеевна",
        "birthDate": f"01.01.{PARENT.born.year}",
        "gender": "F",
        "snils": "965-725-244 52",
        "trusted": True,
        "verifying": False,
        "status": "REGISTERED",
        "citizenship": "RUS",
        "rIdDoc": PARENT.oid * 10,
    }


@pytest.mark.parametrize(
    ("scope", "fields"),
    [
        ("fullname", {"firstName", "lastName", "middleName"}),
        ("birthdate", {"birthDate"}),
        ("gender", {"gender"}),
        ("snils", {"snils"}),
        ("id_doc", {"citizenship", "rIdDoc"}),
        ("kid_snils", set()),
    ],
)
def test_each_scope_gives_its_own_fields(esia: Esia, scope: str, fields: set[str]) -> None:
    assert prns(esia, PARENT, scope).keys() - ALWAYS == fields


def test_what_a_person_has_not_is_left_out(esia: Esia) -> None:
    assert "middleName" not in prns(esia, NO_PATRONYMIC, "fullname")
    assert "snils" not in prns(esia, NO_SNILS, EVERYTHING)
    assert "rIdDoc" not in prns(esia, NO_SNILS, EVERYTHING)
    assert prns(esia, UNCONFIRMED, "fullname")["trusted"] is False
    assert prns(esia, YO, "fullname")["lastName"] == "Ёлкина"


def test_children_come_whole_or_as_links(esia: Esia) -> None:
    tokens = esia.tokens()
    whole = esia.get(f"{PRNS}/kids", tokens, embed="(elements)").json()
    daughter, son = whole["elements"]
    assert (whole["stateFacts"], whole["size"]) == (["hasSize"], 2)
    assert {name: value for name, value in daughter.items() if name not in {"eTag", "stateFacts"}} == {
        "id": PARENT.kids[0].oid,
        "type": "CHILD",
        "firstName": "Вера",
        "lastName": "Ключевая",
        "middleName": "Ильинична",
        "birthDate": f"01.01.{PARENT.kids[0].born.year}",
        "gender": "F",
        "snils": "966-932-595 84",
        "trusted": True,
    }
    assert "snils" not in son
    links = esia.get(f"{PRNS}/kids", tokens).json()["elements"]
    assert links == [f"{esia.url}{PRNS}/kids/{kid.oid}" for kid in PARENT.kids]
    assert [esia.get(link, tokens).json() for link in links] == [daughter, son]


def test_each_scope_gives_its_own_fields_of_children(esia: Esia) -> None:
    def fields(scope: str) -> set[str]:
        child = esia.get(f"{PRNS}/kids", esia.tokens(scope=scope), embed="(elements)").json()["elements"][0]
        return set(child) - {"id", "type", "trusted", "eTag", "stateFacts"}

    assert fields("kid_fullname") == {"firstName", "lastName", "middleName"}
    assert fields("kid_birthdate snils") == {"birthDate"}
    assert fields("kid_gender kid_snils") == {"gender", "snils"}


def test_somebody_without_children_has_an_empty_list(esia: Esia) -> None:
    answer = esia.get(f"/rs/prns/{NO_SNILS.oid}/kids", esia.tokens(NO_SNILS), embed="(elements)").json()
    assert (answer["size"], answer["elements"]) == (0, [])


def shown(esia: Esia, collection: str, scope: str, person: Person = PARENT) -> list[dict[str, Any]]:
    answer = esia.get(f"/rs/prns/{person.oid}/{collection}", esia.tokens(person, scope), embed="(elements)")
    return [
        {k: v for k, v in one.items() if k not in {"id", "eTag", "stateFacts"}} for one in answer.json()["elements"]
    ]


def test_contacts_documents_and_addresses_are_told(esia: Esia) -> None:
    mobile = {"type": "MBT", "vrfStu": "VERIFIED", "value": "+7(555)0000001"}
    email = {"type": "EML", "vrfStu": "VERIFIED", "value": PARENT.email}
    assert shown(esia, "ctts", "contacts") == [mobile, email]
    assert shown(esia, "ctts", "mobile") == [mobile]
    assert shown(esia, "ctts", "email") == [email]
    passport = {"type": "RF_PASSPORT", "vrfStu": "VERIFIED", "series": "0000", "number": "123456"}
    assert shown(esia, "docs", "id_doc") == [passport]
    assert shown(esia, "addrs", "addresses") == [{"type": "PRG", "countryId": "RUS", "addressStr": PARENT.address}]
    assert [shown(esia, name, EVERYTHING, NO_PATRONYMIC) for name in ("docs", "addrs")] == [[], []]


def test_a_document_of_an_unconfirmed_account_is_not_verified() -> None:
    unsure = attrs.evolve(UNCONFIRMED, passport="0000654321")
    with served_esia(persons=[unsure]) as esia:
        assert shown(esia, "docs", "id_doc", unsure)[0]["vrfStu"] == "NOT_VERIFIED"


@pytest.mark.parametrize("collection", ["kids", "ctts", "docs", "addrs"])
def test_a_collection_needs_a_scope_of_its_own(esia: Esia, collection: str) -> None:
    answer = esia.get(f"{PRNS}/{collection}", esia.tokens(scope="openid fullname snils"))
    assert (answer.status_code, answer.json()) == (403, {"code": "FORBIDDEN", "message": "noGrants"})


def test_nobody_elses_data_are_shown(esia: Esia) -> None:
    tokens = esia.tokens(NO_PATRONYMIC)
    for path in (PRNS, f"{PRNS}/kids", f"{PRNS}/kids/{PARENT.kids[0].oid}", "/rs/prns/1"):
        assert esia.get(path, tokens).status_code == 403


def test_an_element_nobody_has_is_not_found(esia: Esia) -> None:
    assert esia.get(f"{PRNS}/kids/1", esia.tokens()).status_code == 404


@pytest.mark.parametrize("embed", ["(contacts.elements)", "elements", ""])
def test_only_elements_can_be_embedded(esia: Esia, embed: str) -> None:
    assert esia.get(f"{PRNS}/kids", esia.tokens(), embed=embed).status_code == 400


def test_a_repeated_parameter_is_refused(esia: Esia) -> None:
    headers = {"Authorization": f"Bearer {esia.tokens()['access_token']}"}
    twice = f"{PRNS}/kids?embed=(elements)&embed=(elements)"
    assert esia.web.get(twice, headers=headers).status_code == 400


def test_a_token_lives_an_hour(esia: Esia) -> None:
    tokens = esia.tokens()
    esia.clock.pass_by(seconds=3599)
    assert esia.get(PRNS, tokens).status_code == 200
    esia.clock.pass_by(seconds=1)
    answer = esia.get(PRNS, tokens)
    expired = {"code": "ESIA-005013", "message": "SecurityErrorEnum.expiredToken"}
    assert (answer.status_code, answer.json()) == (401, expired)


@pytest.mark.parametrize(
    "header", [None, "Bearer unknown", "Basic {access_token}", "{access_token}", "Bearer {id_token}"]
)
def test_only_an_access_token_opens_anything(esia: Esia, header: str | None) -> None:
    headers = {"Authorization": header.format(**esia.tokens())} if header else {}
    answer = esia.web.get(PRNS, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "ESIA-005011")


def test_a_token_of_the_gateway_opens_nothing(esia: Esia) -> None:
    assert esia.get(PRNS, esia.oidc_tokens()).status_code == 401
