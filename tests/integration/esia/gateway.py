"""A gateway by the book of OpenID Connect."""

import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from registratura.adapters.esia import GatewaySettings, connect_gateway
from registratura.adapters.esia.gateway import Gateway
from registratura.application.ports.identity import Begun, Returned
from registratura.application.ports.time import Clock
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from registratura.testing.identity import Citizen
from registratura.testing.time import FixedClock, SequentialIds
from tests.integration.esia.esia import NOW, SECONDS, Ended
from tests.integration.esia.stage import Asked, Fields, Instead, Seal, changed, openid_person, rsa_key, says

CLIENT = "registry & co"
SECRET = "tops:ecret+%"
BASIC = base64.b64encode(b"registry+%26+co:tops%3Aecret%2B%25").decode()
DISCOVERY = "/.well-known/openid-configuration"


@attrs.define(kw_only=True)
class ScriptedGateway:
    """Answers by the book; single fields can be changed or dropped, and paths answered otherwise."""

    url: str
    seal: Seal = attrs.field(factory=lambda: Seal(head={"alg": "RS256", "kid": "one"}))
    keys: list[Fields] = attrs.field(factory=lambda: [{**rsa_key().as_dict(private=False), "kid": "one", "use": "sig"}])
    document: Fields = attrs.field(factory=dict)
    id_claims: Fields = attrs.field(factory=dict)
    userinfo: Fields = attrs.field(factory=dict)
    token_answer: Fields = attrs.field(factory=dict)
    asked: list[Asked] = attrs.field(factory=list)
    instead: dict[str, list[Instead]] = attrs.field(factory=dict)
    _codes: dict[str, tuple[dict[str, str], Citizen]] = attrs.field(factory=dict)
    _tokens: dict[str, Citizen] = attrs.field(factory=dict)
    _numbers: "count[int]" = attrs.field(factory=lambda: count(1))

    # The browser

    async def sign_in(self, begun: Begun, citizen: Citizen) -> Returned:
        told = dict(parse_qsl(urlsplit(begun.url).query))
        assert told["response_type"] == "code"
        assert told["code_challenge_method"] == "S256"
        code = f"code-{next(self._numbers)}"
        self._codes[code] = (told, citizen)
        return Returned(state=told["state"], code=code)

    async def cancel(self, begun: Begun) -> Returned:
        return Returned(state=begun.state, error="access_denied")

    async def fall_silent(self) -> None:
        self.instead["/token"] = [says(502, "<html>Bad gateway</html>")]

    async def speak_again(self) -> None:
        self.instead.clear()

    # The answers

    def answer(self, asked: Asked) -> tuple[int, object]:
        match asked.path:
            case "/.well-known/openid-configuration":
                return 200, self._document()
            case "/jwks":
                return 200, {"keys": self.keys}
            case "/token":
                return self._token(asked)
            case "/userinfo":
                return self._userinfo(asked)
            case _:
                return 404, {"error": "not_found"}

    def _document(self) -> Fields:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=7",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }
        return changed(document, self.document)

    def _token(self, asked: Asked) -> tuple[int, object]:
        if asked.headers["authorization"] != f"Basic {BASIC}":
            return 401, {"error": "invalid_client"}
        told, citizen = self._codes.pop(asked.form.get("code", ""), ({}, None))
        digest = hashlib.sha256(asked.form["code_verifier"].encode()).digest()
        if (
            citizen is None
            or asked.form["grant_type"] != "authorization_code"
            or asked.form["redirect_uri"] != told["redirect_uri"]
            or base64.urlsafe_b64encode(digest).decode().rstrip("=") != told["code_challenge"]
        ):
            return 400, {"error": "invalid_grant", "error_description": "Code not valid"}
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": citizen.subject,
            "exp": SECONDS + 300,
            "iat": SECONDS,
            "nonce": told["nonce"],
            "trusted": citizen.confirmed,
        }
        token = f"opaque-{next(self._numbers)}"
        self._tokens[token] = citizen
        answer = {"access_token": token, "token_type": "Bearer", "id_token": self.seal(changed(claims, self.id_claims))}
        return 200, changed(answer, self.token_answer)

    def _userinfo(self, asked: Asked) -> tuple[int, object]:
        citizen = self._tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if citizen is None:
            return 401, {"error": "invalid_token"}
        children = [openid_person(child) for child in citizen.children]
        told = {"sub": citizen.subject, **openid_person(citizen), "children": children}
        return 200, changed(told, self.userinfo)

    def calls(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


def settings_for(url: str, **own: Any) -> GatewaySettings:
    return GatewaySettings(**{"issuer": url, "client_id": CLIENT, "client_secret": SECRET, **own})


@contextlib.asynccontextmanager
async def connected(settings: GatewaySettings, clock: Clock | None = None) -> AsyncIterator[Gateway]:
    async with connect_gateway(settings, clock or FixedClock(NOW), SequentialIds()) as provider:
        yield provider


async def signed_in(provider: Gateway, gateway: ScriptedGateway) -> Ended:
    """How a sign-in of a parent ends."""
    begun = await provider.begin(RETURN_TO)
    return await provider.finish(await gateway.sign_in(begun, PARENT), begun, RETURN_TO)
