"""HTTP as both protocols need it: bounded in time and size, with no memory and no word in anybody's log.

A transport is used where a client of httpx would be usual: a client keeps the cookies of one person for the next, and
writes addresses, which hold the id of the account, into the log.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import attrs
import httpx
import orjson

from registratura.adapters.esia.verdicts import NoIdentity, error_code
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import NotSignedIn

LARGEST_BODY = 1 << 20
"""Bytes; a person with all children takes a few thousand."""
REPEATS = 2
"""How often what only reads is asked again (ESIA reference, section 6)."""


@attrs.frozen(kw_only=True)
class Line:
    """How we reach a counterpart; seconds for the connection, and for a request from the first to the last byte.

    `ca_bundle` is added to the public certificate authorities: ESIA and gateways may stand behind the root certificate
    of the Ministry of Digital Development.
    """

    connect: float = 5.0
    total: float = 20.0
    connections: int = 20
    ca_bundle: Path | None = None


@attrs.frozen(kw_only=True)
class Heard:
    """What came back, whatever it is."""

    status: int
    headers: httpx.Headers = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class Broken:
    """Nothing usable came back."""

    reason: str


@attrs.frozen(kw_only=True)
class Answer:
    """The counterpart has decided: JSON with a status of success, or a refusal with or without JSON."""

    status: int
    body: object = attrs.field(repr=False)

    @property
    def accepted(self) -> bool:
        """What the status says."""
        return self.status < HTTPStatus.BAD_REQUEST

    def fields(self, what: str) -> Mapping[str, object]:
        """The JSON object of an accepted answer to the question *what*. Raises `NoIdentity`."""
        if not self.accepted:
            raise NoIdentity(NotSignedIn.REFUSED, f"{what} {error_code(self.body) or f'http.{self.status}'}")
        if not isinstance(self.body, dict):
            raise NoIdentity(NotSignedIn.UNTRUSTED, f"{what}.shape")
        return self.body


@asynccontextmanager
async def opened(line: Line) -> "AsyncIterator[Web]":
    """Connections of our own, closed at the end."""
    verify = httpx.create_ssl_context(trust_env=False)
    if line.ca_bundle is not None:
        verify.load_verify_locations(cafile=line.ca_bundle)
    limits = httpx.Limits(max_connections=line.connections, max_keepalive_connections=line.connections)
    # Settings alone decide where we connect to: no proxy of the environment.
    async with httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False) as transport:
        yield Web(transport=transport, line=line)


@attrs.frozen(kw_only=True)
class Web:
    """Asks and reads; follows no redirect and keeps no cookie."""

    transport: httpx.AsyncBaseTransport
    line: Line

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Post a form once and never again: what was asked may have been done. Raises `Unavailable`."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return _answer(await self.exchange("POST", url, typed, urlencode(form).encode()))

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read, and when that fails read again. Raises `Unavailable`."""
        for _ in range(REPEATS):
            with contextlib.suppress(Unavailable):
                return _answer(await self.exchange("GET", url, headers or {}))
        return _answer(await self.exchange("GET", url, headers or {}))

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Heard | Broken:
        """One request; never raises for what the counterpart or the line does."""
        plain = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        wait = httpx.Timeout(self.line.total, connect=self.line.connect, pool=self.line.connect)
        try:
            asked = httpx.Request(method, url, headers=plain, content=content, extensions={"timeout": wait.as_dict()})
            async with asyncio.timeout(self.line.total):
                return await _heard(await self.transport.handle_async_request(asked))
        except (httpx.RequestError, httpx.InvalidURL) as failure:
            return Broken(f"connection.{type(failure).__name__}")
        except TimeoutError:
            return Broken("connection.TotalTimeout")


async def _heard(response: httpx.Response) -> Heard | Broken:
    body = bytearray()
    async with contextlib.aclosing(response):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_BODY:
                return Broken("body.too_large")
    return Heard(status=response.status_code, headers=response.headers, body=bytes(body))


def _answer(outcome: Heard | Broken) -> Answer:
    """What was decided. Raises `Unavailable` when nothing was: trouble on the other side, or a page of some proxy."""
    if isinstance(outcome, Broken):
        raise Unavailable(outcome.reason)
    body = _decoded(outcome.body)
    succeeded = HTTPStatus.OK <= outcome.status < HTTPStatus.MULTIPLE_CHOICES and body is not None
    refused = HTTPStatus.BAD_REQUEST <= outcome.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not (succeeded or refused) or outcome.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unavailable(f"http.{outcome.status}")
    return Answer(status=outcome.status, body=body)


def _decoded(body: bytes) -> object:
    try:
        decoded: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return decoded
