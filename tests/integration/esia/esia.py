"""ESIA as its reference tells it, for the client of its own protocol."""

import base64
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
from joserfc.jwk import RSAKey
from returns.result import Failure, Result

from registratura.adapters.esia import DirectSettings, FakeSigner, Line, connect_direct
from registratura.adapters.esia.direct import DirectEsia
from registratura.application.ports.identity import Begun, NotSignedIn, Returned
from registratura.application.ports.time import Clock
from registratura.domain.identity import Identity
from registratura.testing.contracts.identity import PARENT, RETURN_TO
from registratura.testing.identity import Citizen
from registratura.testing.time import FixedClock, SequentialIds
from tests.integration.esia.stage import Asked, Fields, Instead, Seal, changed, esia_person, rsa_key, says

NOW = datetime(2026, 3, 2, 21, 30, 5, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRET = b"only the emulator takes it"
CLIENT = "REG77"
HASH = "AB" * 32
ISSUER = "http://esia.example/"
PERSON = f"/rs/prns/{PARENT.subject}"
KIDS = f"{PERSON}/kids"
UNTRUSTED = Failure(NotSignedIn.UNTRUSTED)
TOKEN = "/aas/oauth2/v3/te"


Ended = Result[Identity, NotSignedIn]


@attrs.define(kw_only=True)
class ScriptedEsia:
    """Answers by the book; single fields can be changed or dropped, and paths answered otherwise."""

    url: str
    seal: Seal = attrs.field(factory=Seal)
    access_seal: Seal | None = None
    id_claims: Fields = attrs.field(factory=dict)
    access_claims: Fields = attrs.field(factory=dict)
    token_answer: Fields = attrs.field(factory=dict)
    person: Fields = attrs.field(factory=dict)
    kids: Any = None
    """Instead of the children in full."""
    contacts: list[Fields] = attrs.field(factory=list)
    asked: list[Asked] = attrs.field(factory=list)
    instead: dict[str, list[Instead]] = attrs.field(factory=dict)
    _codes: dict[str, tuple[str, Citizen]] = attrs.field(factory=dict)
    _tokens: dict[str, Citizen] = attrs.field(factory=dict)
    _numbers: "count[int]" = attrs.field(factory=lambda: count(1))

    # The browser

    async def sign_in(self, begun: Begun, citizen: Citizen) -> Returned:
        told = authorisation(begun)
        assert told["client_secret"] == secret_of(told)
        code = f"code-{next(self._numbers)}"
        self._codes[code] = (told["redirect_uri"], citizen)
        return Returned(state=told["state"], code=code)

    async def cancel(self, begun: Begun) -> Returned:
        text = "ESIA-007004: владелец ресурса или сервис авторизации отклонил запрос"
        return Returned(state=authorisation(begun)["state"], error="access_denied", description=text)

    async def fall_silent(self) -> None:
        self.instead[TOKEN] = [says(503)]

    async def speak_again(self) -> None:
        self.instead.clear()

    # The answers

    def answer(self, asked: Asked) -> tuple[int, object]:
        if asked.path == TOKEN:
            return self._token(asked)
        citizen = self._tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if citizen is None:
            return 401, {"code": "ESIA-005013", "message": "Срок действия маркера доступа истек"}
        own = f"/rs/prns/{citizen.subject}"
        listed = {f"{own}/kids": children_of(citizen) if self.kids is None else self.kids, f"{own}/ctts": self.contacts}
        if asked.path == own:
            return 200, changed({**esia_person(citizen), "trusted": citizen.confirmed}, self.person)
        if asked.path in listed and asked.query == "embed=(elements)":
            return 200, {"stateFacts": ["hasSize"], "size": 1, "elements": listed[asked.path]}
        return 404, {"code": "ESIA-005011"}

    def _token(self, asked: Asked) -> tuple[int, object]:
        form = dict(asked.form)
        address, citizen = self._codes.pop(form.get("code", ""), ("", None))
        if citizen is None or form["redirect_uri"] != address:
            return 400, {"error": "invalid_grant", "error_description": "ESIA-007014: нет такого кода", "state": ""}
        if form["client_secret"] != secret_of(form) or form["client_certificate_hash"] != HASH:
            return 401, {"error": "invalid_request", "error_description": "ESIA-007053: client_secret is wrong"}
        access = changed(
            {
                "iss": ISSUER,
                "client_id": CLIENT,
                "urn:esia:sbj_id": int(citizen.subject),
                "scope": form["scope"],
                "nbf": SECONDS,
                "iat": SECONDS,
                "exp": SECONDS + 3600,
            },
            self.access_claims,
        )
        identity = changed(
            {
                "iss": ISSUER,
                "aud": CLIENT,
                "sub": int(citizen.subject),
                "nbf": SECONDS,
                "iat": SECONDS,
                "exp": SECONDS + 3600,
                "auth_time": SECONDS,
                "amr": "PWD",
                "urn:esia:sid": "6b9f0a4e",
                "urn:esia:sbj": {
                    "urn:esia:sbj:oid": int(citizen.subject),
                    "urn:esia:sbj:typ": "P",
                    **({"urn:esia:sbj:is_tru": True} if citizen.confirmed else {}),
                },
            },
            self.id_claims,
        )
        token = (self.access_seal or self.seal)(access)
        self._tokens[token] = citizen
        answer = {
            "access_token": token,
            "id_token": self.seal(identity),
            "refresh_token": "unwanted",
            "expires_in": 3600,
            "state": form["state"],
            "token_type": "Bearer",
        }
        return 200, changed(answer, self.token_answer)

    def calls(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


def children_of(citizen: Citizen) -> list[Fields]:
    """The children in full."""
    numbered = enumerate(citizen.children, start=5)
    return [{"id": number, "type": "CHILD", **esia_person(child)} for number, child in numbered]


def authorisation(begun: Begun) -> dict[str, str]:
    """The parameters with which the browser is sent to ESIA."""
    return dict(parse_qsl(urlsplit(begun.url).query, keep_blank_values=True))


def secret_of(told: dict[str, str]) -> str:
    """What `client_secret` must be, put together here once more from the reference."""
    message = told["client_id"] + told["scope"] + told["timestamp"] + told["state"] + told["redirect_uri"]
    message += told.get("code", "")
    halves = (hmac.new(SECRET, half + message.encode(), hashlib.sha256).digest() for half in (b"1", b"2"))
    return base64.urlsafe_b64encode(b"".join(halves)).decode().replace("=", "")


def public_file(folder: Path, *keys: RSAKey) -> Path:
    """A file with public keys."""
    file = folder / "esia.pem"
    file.write_bytes(b"\n".join(key.as_pem(private=False) for key in keys or [rsa_key()]))
    return file


def settings_for(url: str, folder: Path, **own: Any) -> DirectSettings:
    keys = own.pop("token_keys", None) or (public_file(folder),)
    return DirectSettings(**{"client_id": CLIENT, "token_keys": keys, "url": url, "issuer": ISSUER, **own})


def impatient() -> Line:
    return Line(connect=2.0, total=0.3)


@contextlib.asynccontextmanager
async def connected(settings: DirectSettings, clock: Clock | None = None) -> AsyncIterator[DirectEsia]:
    signer = FakeSigner(secret=SECRET, certificate_hash=HASH)
    async with connect_direct(settings, signer, clock or FixedClock(NOW), SequentialIds()) as provider:
        yield provider


async def signed_in(provider: DirectEsia, esia: ScriptedEsia, citizen: Citizen = PARENT) -> Ended:
    """How a sign-in of *citizen* ends."""
    begun = await provider.begin(RETURN_TO)
    return await provider.finish(await esia.sign_in(begun, citizen), begun, RETURN_TO)
