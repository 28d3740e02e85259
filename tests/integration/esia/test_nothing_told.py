"""Canaries: no token, code, name or СНИЛС reaches the log or an exception, however a sign-in ends."""

import logging
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import IdentityProvider, Returned
from registratura.domain.identity import Child
from registratura.domain.people import PersonName, Sex, Snils
from registratura.testing.contracts.identity import RETURN_TO
from registratura.testing.identity import Citizen
from tests.integration.esia import esia as direct
from tests.integration.esia import gateway as certified
from tests.integration.esia.stage import DROP, TROUBLE, Seal, rsa_key, says

pytestmark = pytest.mark.anyio

CHICK = Child(
    name=PersonName("Малышкина-Птичкина", "Пеночка"), born=date(2019, 7, 13), sex=Sex.FEMALE, snils=Snils("12345678964")
)
CANARY = Citizen(
    subject="4711000299",
    name=PersonName("Щеглова-Канареечная", "Канареелла", "Кенаровна"),
    born=date(1971, 2, 13),
    sex=Sex.FEMALE,
    snils=Snils("91827364533"),
    phone="+79617771234",
    children=(CHICK,),
)
PERSONAL = [
    *("Щеглова", "Канареелла", "Кенаровна", "Птичкина", "Пеночка"),
    *("91827364533", "918-273-645", "12345678964", "123-456-789"),
    *("1971", "2019-07-13", "13.07.2019", "9617771234", CANARY.subject),
]
SECRETS = ["eyJ", "opaque-", certified.SECRET, certified.BASIC, direct.SECRET.decode(), "client_secret=", "code-"]

Stage = direct.ScriptedEsia | certified.ScriptedGateway
Breaking = Callable[[Any], object]
ODDLY = {"error": "Канареелла", "error_description": "Щеглова-Канареечная 918-273-645 33 eyJhbGciOiJub25lIn0"}


def set_to(name: str, value: Any) -> Breaking:
    return lambda stage: setattr(stage, name, value)


def at(path: str, answer: Any) -> Breaking:
    return lambda stage: stage.instead.update({path: [answer]})


SAME: dict[str, Breaking] = {
    "nothing breaks": lambda stage: None,
    "a strange signature": lambda stage: setattr(stage, "seal", Seal(key=rsa_key("foreign"), head=stage.seal.head)),
    "a wrong audience": set_to("id_claims", {"aud": "Канареелла"}),
    "claims of a wrong kind": set_to("id_claims", {"exp": "Канареелла", "sub": ["Канареелла"]}),
    "no token": set_to("token_answer", {"id_token": "Канареелла", "access_token": "Канареелла"}),
    "half a token": set_to("token_answer", {"id_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI0NzExMDAwMjk5In0"}),
}
DIRECT: dict[str, Breaking] = SAME | {
    "no name": set_to("person", {"firstName": DROP}),
    "not confirmed": set_to("person", {"trusted": "Канареелла"}),
    "half a child": set_to("kids", [{"firstName": "Пеночка", "snils": "123-456-789 64"}]),
    "a strange link": set_to("kids", ["https://thief.example/Пеночка"]),
    "a refused code": at(direct.TOKEN, says(400, ODDLY)),
    "a refused person": at(f"/rs/prns/{CANARY.subject}", says(403, ODDLY)),
    **{f"{name} for the code": at(direct.TOKEN, trouble) for name, trouble in TROUBLE.items()},
    **{f"{name} for the person": at(f"/rs/prns/{CANARY.subject}", trouble) for name, trouble in TROUBLE.items()},
}
GATEWAY: dict[str, Breaking] = SAME | {
    "no name": set_to("userinfo", {"given_name": DROP}),
    "another account": set_to("userinfo", {"sub": "Канареелла"}),
    "half a child": set_to("userinfo", {"children": [{"given_name": "Пеночка"}]}),
    "a refused code": at("/token", says(400, ODDLY)),
    "a strange issuer": set_to("document", {"issuer": "Канареелла"}),
    "strange keys": set_to("keys", [{"kty": "Канареелла"}]),
    **{f"{name} for the code": at("/token", trouble) for name, trouble in TROUBLE.items()},
    **{f"{name} for the person": at("/userinfo", trouble) for name, trouble in TROUBLE.items()},
}


async def told_of(provider: IdentityProvider, stage: Stage) -> str:
    """Everything that is said, with what it was raised from, while somebody signs in and somebody else brings lies."""
    said = ""
    for lies in ({}, ODDLY):
        try:
            begun = await provider.begin(RETURN_TO)
            returned = await stage.sign_in(begun, CANARY)
            lied = Returned(state=begun.state, error=lies.get("error"), description=lies.get("error_description"))
            said += repr(await provider.finish(lied if lies else returned, begun, RETURN_TO))
        except Unavailable as fault:
            said += "".join(traceback.format_exception(fault, chain=True))
            said += f"{fault.__context__!r} {fault.__cause__!r}"
    return said


def canaries(text: str) -> list[str]:
    return [secret for secret in (*PERSONAL, *SECRETS) if secret in text]


@pytest.mark.parametrize("breaking", DIRECT.values(), ids=DIRECT)
async def test_the_direct_client_tells_nothing(
    esia: direct.ScriptedEsia, tmp_path: Path, caplog: pytest.LogCaptureFixture, breaking: Breaking
) -> None:
    caplog.set_level(logging.DEBUG)
    breaking(esia)
    async with direct.connected(direct.settings_for(esia.url, tmp_path)) as provider:
        said = await told_of(provider, esia)
    assert canaries(caplog.text + said) == []


@pytest.mark.parametrize("breaking", GATEWAY.values(), ids=GATEWAY)
async def test_the_client_of_a_gateway_tells_nothing(
    gateway: certified.ScriptedGateway, caplog: pytest.LogCaptureFixture, breaking: Breaking
) -> None:
    caplog.set_level(logging.DEBUG)
    breaking(gateway)
    async with certified.connected(certified.settings_for(gateway.url)) as provider:
        said = await told_of(provider, gateway)
    assert canaries(caplog.text + said) == []
