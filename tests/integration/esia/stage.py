"""A counterpart on a real socket that answers as the test says; keeps what it was asked."""

import base64
import contextlib
import hmac
import socket
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from registratura.domain.identity import Child
from registratura.domain.people import Sex
from registratura.testing.identity import Citizen
from tests.integration.max.emulated import served

DROP = object()
"""As a changed value: the field is not there."""

Fields = dict[str, Any]
Instead = Callable[[Request], Awaitable[Response]]


def rsa_key(name: str = "in force", bits: int = 2048) -> RSAKey:
    """An RSA key pair, the same for the same name: making one takes a while."""
    return _rsa_key(name, bits)


@cache
def _rsa_key(name: str, bits: int) -> RSAKey:
    with warnings.catch_warnings():
        # Short ones are made to be refused.
        warnings.simplefilter("ignore", SecurityWarning)
        return RSAKey.generate_key(bits)


@cache
def ec_key(curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve)


def changed(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> Fields:
    """*fields* with some of them changed or dropped."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not DROP}


@attrs.define
class Seal:
    """How tokens are signed; written out, because libraries refuse to sign what should never be signed."""

    key: Any = attrs.field(factory=rsa_key)
    head: Fields = attrs.field(factory=lambda: {"alg": "RS256"})

    def __call__(self, claims: Any) -> str:
        payload = claims if isinstance(claims, bytes) else dumped(claims)
        message = f"{encoded(dumped(self.head))}.{encoded(payload)}"
        return f"{message}.{encoded(self._signature(message.encode()))}"

    def _signature(self, message: bytes) -> bytes:
        digest = hashes.SHA384() if self.head["alg"].endswith("384") else hashes.SHA256()
        match self.head["alg"]:
            case "none":
                return b""
            case "HS256":
                return hmac.digest(self.key, message, "sha256")
            case "RS256" | "RS384":
                return bytes(self.key.private_key.sign(message, padding.PKCS1v15(), digest))
            case "PS256":
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
                return bytes(self.key.private_key.sign(message, pss, digest))
            case "ES256" | "ES384":
                pair = decode_dss_signature(self.key.private_key.sign(message, ec.ECDSA(digest)))
                return b"".join(number.to_bytes(self.key.curve_key_size // 8, "big") for number in pair)
            case other:
                raise AssertionError(other)


def dumped(told: Any) -> bytes:
    return bytes(JSONResponse(told).body)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@attrs.frozen
class Asked:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


class Plays(Protocol):
    """A stage with its own answers."""

    asked: list[Asked]
    instead: dict[str, list[Instead]]

    def answer(self, asked: Asked) -> tuple[int, object]:
        """Status and JSON."""
        ...


@contextlib.contextmanager
def on_stage() -> Iterator[tuple[str, list[Plays]]]:
    """An address, and a place for whoever answers there."""
    playing: list[Plays] = []

    async def play(request: Request) -> Response:
        stage = playing[0]
        path = request.url.path
        asked = Asked(request.method, path, request.url.query, request.headers, await request.body())
        stage.asked.append(asked)
        scripted = stage.instead.get(path)
        if scripted:
            # The last one stays in force.
            return await (scripted.pop(0) if len(scripted) > 1 else scripted[0])(request)
        status, told = stage.answer(asked)
        return JSONResponse(told, status)

    app = Starlette(routes=[Route("/{path:path}", play, methods=["GET", "POST"])])
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        with served(app, sock):
            yield f"http://127.0.0.1:{sock.getsockname()[1]}", playing


def says(status: int, told: object = None, **headers: str) -> Instead:
    """An answer instead of the usual one; text is sent as a page."""

    async def answer(request: Request) -> Response:
        if isinstance(told, str | bytes):
            return Response(told, status, headers, media_type="text/html")
        return JSONResponse(told, status, headers)

    return answer


def usual(stage: Plays) -> Instead:
    """The usual answer."""

    async def answer(request: Request) -> Response:
        status, told = stage.answer(stage.asked[-1])
        return JSONResponse(told, status)

    return answer


async def says_nothing(request: Request) -> Response:
    """Keeps the connection open until the other side is tired of it."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


async def hangs_up(request: Request) -> Response:
    """Breaks the connection in the middle of an answer."""

    async def half() -> AsyncIterator[bytes]:
        yield b'{"'
        raise ConnectionResetError

    return StreamingResponse(half(), headers={"Content-Length": "100"})


def esia_person(person: Citizen | Child) -> Fields:
    """A person or a child as ESIA describes them."""
    name, born = person.name, person.born
    return {
        **({"lastName": name.last, "firstName": name.first} if name else {}),
        **({"middleName": name.middle} if name and name.middle else {}),
        **({"birthDate": f"{born:%d.%m.%Y}"} if born else {}),
        **({"gender": "M" if person.sex is Sex.MALE else "F"} if person.sex else {}),
        **({"snils": person.snils.formatted} if person.snils else {}),
    }


def openid_person(person: Citizen | Child) -> Fields:
    """The same by OpenID Connect."""
    name, born = person.name, person.born
    return {
        **({"family_name": name.last, "given_name": name.first} if name else {}),
        **({"middle_name": name.middle} if name and name.middle else {}),
        **({"birthdate": born.isoformat()} if born else {}),
        **({"gender": "male" if person.sex is Sex.MALE else "female"} if person.sex else {}),
        **({"snils": person.snils.digits} if person.snils else {}),
    }


TROUBLE: dict[str, Instead] = {
    "an error of the server": says(500, {"error": "server_error"}),
    "too many": says(429, {}),
    "a page of some proxy": says(200, "<html>Please sign in to the network</html>"),
    "a way elsewhere": says(302, None, Location="https://thief.example/"),
    "a body without end": says(200, b'"' + b"x" * (1 << 20) + b'"'),
    "half an answer": says(200, b'{"access_token":'),
    "a broken line": hangs_up,
}
"""What leaves everything open."""
