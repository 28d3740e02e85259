"""What ESIA is asked, and what is never asked of it."""

from pathlib import Path

import pytest

from registratura.adapters.esia.direct import DirectEsia
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from tests.integration.esia.esia import (
    CLIENT,
    HASH,
    PERSON,
    TOKEN,
    ScriptedEsia,
    authorisation,
    connected,
    secret_of,
    settings_for,
    signed_in,
)
from tests.integration.esia.stage import says, usual

pytestmark = pytest.mark.anyio


async def test_the_browser_is_sent_with_a_signed_request(provider: DirectEsia) -> None:
    begun = await provider.begin(RETURN_TO)
    told = authorisation(begun)
    assert begun.url.startswith(f"{provider.settings.url}/aas/oauth2/v2/ac?")
    assert told == {
        "client_id": CLIENT,
        "client_certificate_hash": HASH,
        "client_secret": secret_of(told),
        "redirect_uri": RETURN_TO,
        "scope": provider.settings.scope,
        "response_type": "code",
        "state": begun.state,
        "access_type": "online",
        "timestamp": "2026.03.03 00:30:05 +0300",
    }
    assert begun.state == "00000000-0000-4000-8000-000000000001"


async def test_no_plus_and_no_space_stands_bare_in_the_address(provider: DirectEsia) -> None:
    url = (await provider.begin(RETURN_TO)).url
    assert "+" not in url
    assert "%2B0300" in url
    assert "=" not in authorisation(await provider.begin(RETURN_TO))["client_secret"]


async def test_tokens_are_asked_with_a_new_state_and_the_code_in_the_signature(
    provider: DirectEsia, esia: ScriptedEsia
) -> None:
    begun = await provider.begin(RETURN_TO)
    returned = await esia.sign_in(begun, PARENT)
    await provider.finish(returned, begun, RETURN_TO)
    form = dict(esia.calls(TOKEN)[0].form)
    assert form == {
        "client_id": CLIENT,
        "client_certificate_hash": HASH,
        "client_secret": secret_of(form),
        "code": returned.code,
        "grant_type": "authorization_code",
        "redirect_uri": RETURN_TO,
        "scope": provider.settings.scope,
        "state": form["state"],
        "timestamp": "2026.03.03 00:30:05 +0300",
        "token_type": "Bearer",
    }
    assert form["state"] != begun.state


async def test_only_what_the_scope_allows_is_asked(esia: ScriptedEsia, tmp_path: Path) -> None:
    async with connected(settings_for(esia.url, tmp_path, scope="openid fullname birthdate")) as provider:
        told = (await signed_in(provider, esia)).unwrap()
    assert told.children == ()
    assert [asked.path for asked in esia.asked] == [TOKEN, PERSON]


async def test_the_confirmed_mobile_phone_is_told_where_the_scope_allows_it(esia: ScriptedEsia, tmp_path: Path) -> None:
    esia.contacts = [
        {"type": "EML", "vrfStu": "VERIFIED", "value": "someone@example.org"},
        {"type": "MBT", "vrfStu": "NOT_VERIFIED", "value": "+7(900)0000000"},
        {"type": "MBT", "vrfStu": "VERIFIED", "value": "+7(926)1234567"},
    ]
    async with connected(settings_for(esia.url, tmp_path, scope="openid fullname mobile")) as provider:
        assert (await signed_in(provider, esia)).unwrap().phone == "+79261234567"
        esia.contacts = esia.contacts[:2]
        assert (await signed_in(provider, esia)).unwrap().phone is None


async def test_no_cookie_of_one_person_is_sent_for_another(provider: DirectEsia, esia: ScriptedEsia) -> None:
    esia.instead[PERSON] = [says(500, None, **{"Set-Cookie": "session=somebody"}), usual(esia)]
    await signed_in(provider, esia)
    await signed_in(provider, esia)
    assert [asked.headers.get("cookie") for asked in esia.asked] == [None] * len(esia.asked)
