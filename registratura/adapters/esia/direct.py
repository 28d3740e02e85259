"""ESIA's own protocol: authorisation v2, tokens v3, and the resources of a person (ESIA reference, sections 2 to 6)."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import attrs
from returns.result import Result

from registratura.adapters.esia import fields
from registratura.adapters.esia.keys import TokenKey, read_token_keys
from registratura.adapters.esia.request import SignedRequest, client_secret, stamped
from registratura.adapters.esia.shapes import ESIA, MOST_LISTED
from registratura.adapters.esia.signing import Signer
from registratura.adapters.esia.tokens import Expected, sealed
from registratura.adapters.esia.verdicts import NoIdentity, code_of, concluded, require, within
from registratura.adapters.esia.web import Line, Web, opened
from registratura.application.ports.identity import Begun, NotSignedIn, Returned
from registratura.application.ports.time import Clock, Ids
from registratura.domain.identity import Child, Identity

AUTHORISATION = "/aas/oauth2/v2/ac"
TOKEN = "/aas/oauth2/v3/te"  # noqa: S105 - a path
PERSONS = "/rs/prns"
ALGORITHMS = frozenset({"RS256"})
"""Chosen on the technology portal; the other choice, GOST, would need GOST to read each token."""
PHONE_SCOPES = frozenset({"mobile", "contacts"})
NOT_GRANTED = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""How a collection is refused to a system that lacks the right, or to a person who has none of it."""

_OID = re.compile(r"\d{1,20}", re.ASCII)
_LINK = re.compile(r"/rs/prns/\d{1,20}(/[a-z]{1,10}/[\w-]{1,40})?", re.ASCII)


@attrs.frozen(kw_only=True)
class DirectSettings:
    """How we are registered with ESIA.

    `token_keys` are files with the certificates or public keys by which ESIA signs tokens, the coming one beside the
    one in force. `issuer` stands in tokens with http and a slash. `skew` is how far clocks may be apart; `patience` are
    the seconds a browser that came back is kept waiting at most.
    """

    client_id: str
    token_keys: tuple[Path, ...]
    url: str = "https://esia.gosuslugi.ru"
    issuer: str = "http://esia.gosuslugi.ru/"
    scope: str = "openid fullname birthdate gender snils kid_fullname kid_birthdate kid_gender kid_snils"
    skew: timedelta = timedelta(seconds=60)
    patience: float = 45.0
    line: Line = attrs.field(factory=Line)

    @property
    def scopes(self) -> frozenset[str]:
        """The single words of `scope`."""
        return frozenset(self.scope.split())

    def address(self, path: str) -> str:
        """Where *path* is."""
        return self.url.rstrip("/") + path


@asynccontextmanager
async def connect_direct(
    settings: DirectSettings, signer: Signer, clock: Clock, ids: Ids
) -> "AsyncIterator[DirectEsia]":
    """Sign-in by ESIA's own protocol, with connections of its own, closed at the end.

    Raises ValueError or OSError when the keys of ESIA cannot be read, and when there are none: nobody could sign in.
    """
    keys = read_token_keys(settings.token_keys)
    if not keys:
        raise ValueError("token_keys: at least one file expected")
    async with opened(settings.line) as web:
        yield DirectEsia(web=web, settings=settings, signer=signer, keys=keys, clock=clock, ids=ids)


@attrs.frozen(kw_only=True)
class DirectEsia:
    """Signs people in at ESIA; nothing of what it is told is kept."""

    web: Web
    settings: DirectSettings
    signer: Signer
    keys: tuple[TokenKey, ...]
    clock: Clock
    ids: Ids

    async def begin(self, return_to: str) -> Begun:
        """See the port."""
        request = self._request(return_to)
        # «online»: no token for later is wanted.
        query = {**await self._signed(request), "response_type": "code", "access_type": "online"}
        url = f"{self.settings.address(AUTHORISATION)}?{urlencode(query, quote_via=quote)}"
        return Begun(url=url, state=request.state)

    async def finish(self, returned: Returned, begun: Begun, return_to: str) -> Result[Identity, NotSignedIn]:
        """See the port."""
        return await within(self.settings.patience, concluded(self._identity(returned, begun, return_to)))

    async def _identity(self, returned: Returned, begun: Begun, return_to: str) -> Identity:
        granted = await self._granted(code_of(returned, begun), return_to)
        asks = self.settings.scopes
        person = (await self.web.get(self._person(granted), granted.headers)).fields("person")
        if person.get("trusted") is not True:
            raise NoIdentity(NotSignedIn.NOT_CONFIRMED, "person.trusted")
        return ESIA.identity(
            person,
            subject=granted.oid,
            phone=await self._phone(granted) if asks & PHONE_SCOPES else None,
            children=await self._children(granted) if any(word.startswith("kid_") for word in asks) else (),
            at=self.clock.now(),
        )

    def _request(self, return_to: str, code: str | None = None) -> SignedRequest:
        return SignedRequest(
            client_id=self.settings.client_id,
            scope=self.settings.scope,
            timestamp=stamped(self.clock.now()),
            state=self.ids.new(),
            redirect_uri=return_to,
            code=code,
        )

    async def _signed(self, request: SignedRequest) -> dict[str, str]:
        """The parameters of a request with its signature. Raises `Unavailable`."""
        return {
            **dict(request.parts),
            "client_certificate_hash": self.signer.certificate_hash,
            "client_secret": await client_secret(request, self.signer),
        }

    async def _granted(self, code: str, return_to: str) -> "_Granted":
        """Give the code away for tokens. Raises `NoIdentity` and `Unavailable`."""
        request = self._request(return_to, code)
        form = {**await self._signed(request), "grant_type": "authorization_code", "token_type": "Bearer"}
        told = (await self.web.post(self.settings.address(TOKEN), form)).fields("token")
        require(told.get("state") == request.state, "token.state")
        return self._checked(told)

    def _checked(self, told: Mapping[str, object]) -> "_Granted":
        own = self.settings
        expected = Expected(issuer=own.issuer, client=own.client_id, now=self.clock.now(), skew=own.skew)

        access = sealed(told.get("access_token"), "access_token", ALGORITHMS).opened(self.keys)
        expected.check_issuer(access, "access_token")
        expected.check_times(access, "access_token", issued=False)
        require(access.get("client_id") == own.client_id, "access_token.client_id")
        # This token is for the resources; only where it names readers we must be one of them.
        if "aud" in access:
            expected.check_audience(access, "access_token")

        identity = sealed(told.get("id_token"), "id_token", ALGORITHMS).opened(self.keys)
        expected.check_issuer(identity, "id_token")
        expected.check_audience(identity, "id_token")
        expected.check_times(identity, "id_token", issued=True)
        require(identity.get("client_id", own.client_id) == own.client_id, "id_token.client_id")

        oid = fields.subject(identity.get("sub"))
        require(oid is not None and _OID.fullmatch(oid) is not None, "id_token.sub")
        require(fields.subject(access.get("urn:esia:sbj_id")) == oid, "access_token.sbj_id")
        _check_subject(identity.get("urn:esia:sbj"), str(oid))
        return _Granted(oid=str(oid), token=str(told.get("access_token")))

    async def _children(self, granted: "_Granted") -> tuple[Child, ...]:
        return ESIA.children(await self._elements(granted, "kids"))

    async def _phone(self, granted: "_Granted") -> object:
        """The mobile phone, when the person confirmed it."""
        contacts = [told for told in await self._elements(granted, "ctts") if isinstance(told, dict)]
        confirmed = (told for told in contacts if (told.get("type"), told.get("vrfStu")) == ("MBT", "VERIFIED"))
        return next((told.get("value") for told in confirmed), None)

    async def _elements(self, granted: "_Granted", collection: str) -> Sequence[object]:
        """What is in a *collection* of the person: ESIA gives it at once, or as links that are asked one by one."""
        address = f"{self._person(granted)}/{collection}?embed=(elements)"
        answer = await self.web.get(address, granted.headers)
        if answer.status in NOT_GRANTED:
            return ()
        listed = answer.fields(collection).get("elements", [])
        require(isinstance(listed, list) and len(listed) <= MOST_LISTED, f"{collection}.elements")
        return [await self._linked(told, granted, collection) for told in (listed if isinstance(listed, list) else [])]

    async def _linked(self, told: object, granted: "_Granted", collection: str) -> object:
        if not isinstance(told, str):
            return told
        answer = await self.web.get(self.settings.address(_path(told, collection)), granted.headers)
        return None if answer.status in NOT_GRANTED else answer.fields(collection)

    def _person(self, granted: "_Granted") -> str:
        return self.settings.address(f"{PERSONS}/{granted.oid}")


@attrs.frozen(kw_only=True)
class _Granted:
    """Leave to read the resources of one person."""

    oid: str = attrs.field(repr=False)
    token: str = attrs.field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def _check_subject(described: object, oid: str) -> None:
    """What the id token says of the account beside its id, where it says anything. Raises `NoIdentity`."""
    account = described if isinstance(described, dict) else {}
    require(fields.subject(account.get("urn:esia:sbj:oid", oid)) == oid, "id_token.sbj.oid")
    if account.get("urn:esia:sbj:is_tru", True) is not True:
        raise NoIdentity(NotSignedIn.NOT_CONFIRMED, "id_token.is_tru")


def _path(link: str, collection: str) -> str:
    """Where a link leads at the ESIA we know: its host is never asked, since the token would go there.

    Raises `NoIdentity` for a link to anything but a person or what belongs to one.
    """
    try:
        path = urlsplit(link).path
    except ValueError:
        path = ""
    found = _LINK.search(path)
    require(found is not None and path.endswith(found.group()), f"{collection}.link")
    return found.group() if found is not None else ""
