"""What ESIA tells of a person and the children."""

from typing import Any

import pytest
from returns.result import Failure

from registratura.adapters.esia.direct import DirectEsia
from registratura.application.ports.identity import NotSignedIn
from registratura.testing.contracts.identity import PARENT
from tests.integration.esia.esia import (
    KIDS,
    PERSON,
    TOKEN,
    UNTRUSTED,
    ScriptedEsia,
    children_of,
    signed_in,
)
from tests.integration.esia.stage import DROP, says

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("person", {"trusted": False}),
        ("person", {"trusted": DROP}),
        ("person", {"trusted": "true"}),
        ("person", {"trusted": 1}),
        ("id_claims", {"urn:esia:sbj": {"urn:esia:sbj:is_tru": False}}),
        ("id_claims", {"urn:esia:sbj": {"urn:esia:sbj:is_tru": None}}),
    ],
)
async def test_both_must_call_the_account_confirmed(
    provider: DirectEsia, esia: ScriptedEsia, where: str, changes: dict[str, Any]
) -> None:
    setattr(esia, where, changes)
    assert await signed_in(provider, esia) == Failure(NotSignedIn.NOT_CONFIRMED)


@pytest.mark.parametrize(
    "changes",
    [
        {"firstName": DROP},
        {"lastName": " "},
        {"lastName": "А\u0000Б"},
        {"birthDate": DROP},
        {"birthDate": "31.02.1990"},
        {"birthDate": "1990-12-31"},
    ],
)
async def test_without_name_or_day_of_birth_nobody_is_signed_in(
    provider: DirectEsia, esia: ScriptedEsia, changes: dict[str, Any]
) -> None:
    esia.person = changes
    assert await signed_in(provider, esia) == Failure(NotSignedIn.INCOMPLETE)


@pytest.mark.parametrize("number", [DROP, None, "", "FORBIDDEN", "112-233-445 96", 11223344595])
async def test_a_snils_that_is_none_is_not_told(provider: DirectEsia, esia: ScriptedEsia, number: Any) -> None:
    esia.person = {"snils": number, "gender": "X"}
    told = (await signed_in(provider, esia)).unwrap()
    assert (told.snils, told.sex, told.name) == (None, None, PARENT.name)


@pytest.mark.parametrize("body", [[], "text", 1, [{}]])
@pytest.mark.parametrize("path", [TOKEN, PERSON, KIDS])
async def test_json_of_another_shape_is_not_believed(
    provider: DirectEsia, esia: ScriptedEsia, path: str, body: Any
) -> None:
    esia.instead[path] = [says(200, body if not isinstance(body, str) else b'"text"')]
    assert await signed_in(provider, esia) == UNTRUSTED


# The children


async def test_children_may_come_as_links(provider: DirectEsia, esia: ScriptedEsia) -> None:
    full = children_of(PARENT)
    # As ESIA writes them: with its own public host, whatever name we know it by.
    esia.kids = [f"https://esia.elsewhere.example{KIDS}/{child['id']}" for child in full]
    esia.instead |= {f"{KIDS}/{child['id']}": [says(200, child)] for child in full}
    assert (await signed_in(provider, esia)).unwrap().children == PARENT.children
    assert {asked.headers["host"] for asked in esia.asked} == {esia.url.removeprefix("http://")}


@pytest.mark.parametrize(
    "link", ["https://thief.example/collect", f"{KIDS}/../../../secrets", "", "//", "http://[", f"{KIDS}/1/2"]
)
async def test_a_link_elsewhere_is_never_followed(provider: DirectEsia, esia: ScriptedEsia, link: str) -> None:
    esia.kids = [link]
    assert await signed_in(provider, esia) == UNTRUSTED
    assert [asked.path for asked in esia.asked] == [TOKEN, PERSON, KIDS]


@pytest.mark.parametrize("status", [403, 404])
async def test_a_right_to_children_that_was_not_granted_means_no_children(
    provider: DirectEsia, esia: ScriptedEsia, status: int
) -> None:
    esia.instead[KIDS] = [says(status, {"code": "ESIA-005004", "message": "noGrants"})]
    assert (await signed_in(provider, esia)).unwrap().children == ()


async def test_a_child_without_name_or_day_of_birth_is_passed_over(provider: DirectEsia, esia: ScriptedEsia) -> None:
    full = children_of(PARENT)
    esia.kids = [{**full[0], "birthDate": None}, full[1], {}, None, 7, [], {"firstName": "Ян"}]
    assert (await signed_in(provider, esia)).unwrap().children == PARENT.children[1:]


@pytest.mark.parametrize("listed", [{"1": {}}, "all", [{}] * 101])
async def test_a_list_of_children_that_is_none_is_not_believed(
    provider: DirectEsia, esia: ScriptedEsia, listed: Any
) -> None:
    esia.kids = listed
    assert await signed_in(provider, esia) == UNTRUSTED
