"""An ESIA emulator on a real socket, and a client that follows the public description, not our adapter."""

import base64
import contextlib
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import attrs
import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet

from registratura.emulators import esia
from registratura.emulators.esia import EsiaEmulatorConfig, FakeVerifier, OidcClient, create_app

EVERYBODY = esia.test_persons()
PARENT, NO_PATRONYMIC, UNCONFIRMED, NO_SNILS, TEENAGER, _, YO = EVERYBODY

SECRET = b"shared with the emulator"
HASH = "AB" * 32
MNEMONIC = "REGISTRATURA"
RETURN = "https://registry.example.org/sign-in/back"
SCOPE = "openid fullname birthdate gender snils mobile kid_fullname kid_birthdate kid_gender kid_snils"
GATEWAY = OidcClient(
    client_id="registratura",
    client_secret="s:crèt+",
    redirect_uris=["https://registry.example.org/oidc/back?from=gate"],
)
OIDC_RETURN = GATEWAY.redirect_uris[0]
VERIFIER = "a-secret-of-at-least-43-characters-made-for-one-use"
MOSCOW = timezone(timedelta(hours=3))


@attrs.define
class Clock:
    """A clock that goes when a test says so."""

    now: datetime = attrs.field(factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


def sign(message: str) -> str:
    """What the stand-in for GOST gives, in URL-safe base64 without padding."""
    halves = [hmac.new(SECRET, salt + message.encode(), hashlib.sha256).digest() for salt in (b"1", b"2")]
    return base64.urlsafe_b64encode(b"".join(halves)).decode().rstrip("=")


def challenge(verifier: str) -> str:
    """The S256 challenge of PKCE."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def returned(answer: httpx.Response, address: str = RETURN) -> dict[str, str]:
    """What the person's browser brings back to the client."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(address)
    return dict(parse_qsl(urlsplit(location).query))


@attrs.frozen
class Esia:
    """A running emulator and its client."""

    url: str
    clock: Clock
    web: httpx.Client

    def asked(self, **changed: str | None) -> dict[str, str]:
        """The parameters of step 1, signed with what is *changed*; None takes a parameter away."""
        return self.signed({"response_type": "code", "access_type": "online"}, changed)

    def exchange(self, code: str, **changed: str | None) -> dict[str, str]:
        """The form of step 3, likewise."""
        plain = {"code": code, "grant_type": "authorization_code", "token_type": "Bearer"}
        return self.signed(plain, changed)

    def signed(self, plain: dict[str, str], changed: dict[str, str | None]) -> dict[str, str]:
        moment = self.clock().astimezone(MOSCOW)
        fields: dict[str, str | None] = {
            **plain,
            "client_id": MNEMONIC,
            "client_certificate_hash": HASH,
            "redirect_uri": RETURN,
            "scope": SCOPE,
            "state": str(uuid4()),
            "timestamp": f"{moment:%Y.%m.%d %H:%M:%S} +0300",
            **changed,
        }
        names = ("client_id", "scope", "scope_org", "timestamp", "state", "redirect_uri", "code")
        fields.setdefault("client_secret", sign("".join(fields.get(name) or "" for name in names)))
        return {name: value for name, value in fields.items() if value is not None}

    def authorize(self, fields: dict[str, str], **more: str) -> httpx.Response:
        """Step 1."""
        return self.web.get("/aas/oauth2/v2/ac", params={**fields, **more})

    def code(self, person: esia.Person = PARENT, **changed: str | None) -> str:
        """The code with which *person* comes back."""
        return returned(self.authorize(self.asked(**changed), auto=str(person.oid)))["code"]

    def exchanged(self, fields: dict[str, str]) -> httpx.Response:
        """Step 3."""
        return self.web.post("/aas/oauth2/v3/te", data=fields)

    def tokens(self, person: esia.Person = PARENT, scope: str = SCOPE) -> dict[str, Any]:
        """A whole sign-in."""
        answer = self.exchanged(self.exchange(self.code(person, scope=scope), scope=scope))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str, tokens: dict[str, Any], **query: str) -> httpx.Response:
        """A call of the REST services."""
        return self.web.get(path, params=query, headers={"Authorization": f"Bearer {tokens['access_token']}"})

    def oidc(self, **changed: str | None) -> dict[str, str]:
        """The parameters of the OpenID Connect authorisation."""
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": GATEWAY.client_id,
            "redirect_uri": OIDC_RETURN,
            "scope": "openid",
            "state": "opaque state",
            "nonce": "once",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def oidc_code(self, person: esia.Person = PARENT) -> str:
        """The code with which *person* comes back through the gateway."""
        answer = self.web.get("/oidc/authorize", params={**self.oidc(), "auto": str(person.oid)})
        return returned(answer, OIDC_RETURN)["code"]

    def oidc_exchange(self, code: str, **changed: str | None) -> dict[str, str]:
        """The form of the token request, with the secret in the body."""
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": OIDC_RETURN,
            "code_verifier": VERIFIER,
            "client_id": GATEWAY.client_id,
            "client_secret": GATEWAY.client_secret,
            **changed,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def oidc_tokens(self, person: esia.Person = PARENT) -> dict[str, Any]:
        """A whole sign-in through the gateway."""
        answer = self.web.post("/oidc/token", data=self.oidc_exchange(self.oidc_code(person)))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def keys(self) -> KeySet:
        """The published keys."""
        return KeySet.import_key_set(self.web.get("/_emu/jwks").json())

    def claims(self, token: str) -> dict[str, Any]:
        """The claims, if a published key has signed them."""
        return dict(jwt.decode(token, self.keys(), ["RS256"]).claims)

    def faults(self, **faults: Any) -> None:
        """Switch faults."""
        answer = self.web.put("/_emu/faults", json=faults)
        assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def served_esia(**settings: Any) -> Iterator[Esia]:
    """An emulator in a thread of its own."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()  # so that the first request waits for the server and nobody else has to
        url, clock = f"http://127.0.0.1:{sock.getsockname()[1]}", Clock()
        plain: dict[str, Any] = {
            "public_url": url,
            "client_id": MNEMONIC,
            "certificate_hash": HASH,
            "verifier": FakeVerifier(SECRET),
            "redirect_hosts": ["registry.example.org", "127.0.0.1"],
            "oidc": GATEWAY,
            "clock": clock,
        }
        app = create_app(EsiaEmulatorConfig(**{**plain, **settings}))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=20) as web:  # noqa: S501 - plain HTTP
                yield Esia(url, clock, web)
        finally:
            server.should_exit = True
            thread.join()
