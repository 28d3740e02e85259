"""A certified gateway in front of ESIA, spoken to by OpenID Connect: it signs with GOST, we do not."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote, quote_plus, urlencode

import attrs
from returns.result import Result

from registratura.adapters.esia import fields
from registratura.adapters.esia.claims import ClaimNames, person_in
from registratura.adapters.esia.discovery import Endpoints, Published
from registratura.adapters.esia.keys import ALGORITHMS
from registratura.adapters.esia.tokens import Claims, Expected, sealed
from registratura.adapters.esia.verdicts import code_of, concluded, require, within
from registratura.adapters.esia.web import Line, Web, opened
from registratura.application.ports.identity import Begun, NotSignedIn, Returned
from registratura.application.ports.time import Clock, Ids
from registratura.domain.identity import Identity

SHORTEST_VERIFIER = 43
"""Characters (RFC 7636, 4.1)."""

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


@attrs.frozen(kw_only=True)
class GatewaySettings:
    """How we are registered with the gateway.

    `issuer` is written as in its discovery document. `keep` is how long that document and the keys are believed,
    `keys_rest` how long an unknown key is not asked for again. `skew` is how far clocks may be apart; `patience` are
    the seconds a browser that came back is kept waiting at most.
    """

    issuer: str
    client_id: str
    client_secret: str = attrs.field(repr=False)
    scope: str = "openid profile"
    claims: ClaimNames = attrs.field(factory=ClaimNames)
    keep: timedelta = timedelta(hours=1)
    keys_rest: timedelta = timedelta(minutes=1)
    skew: timedelta = timedelta(seconds=60)
    patience: float = 45.0
    line: Line = attrs.field(factory=Line)


@asynccontextmanager
async def connect_gateway(settings: GatewaySettings, clock: Clock, ids: Ids) -> "AsyncIterator[Gateway]":
    """Sign-in through a gateway, with connections of its own, closed at the end."""
    async with opened(settings.line) as web:
        published = Published(
            web=web, issuer=settings.issuer, clock=clock, keep=settings.keep, keys_rest=settings.keys_rest
        )
        yield Gateway(web=web, settings=settings, published=published, clock=clock, ids=ids)


@attrs.frozen(kw_only=True)
class Gateway:
    """Signs people in at a gateway: authorisation code with PKCE; nothing of what it is told is kept."""

    web: Web
    settings: GatewaySettings
    published: Published
    clock: Clock
    ids: Ids

    async def begin(self, return_to: str) -> Begun:
        """See the port."""
        endpoints = await within(self.settings.patience, self.published.endpoints())
        state, nonce, verifier = self.ids.secret(), self.ids.secret(), self.ids.secret()
        while len(verifier) < SHORTEST_VERIFIER:
            verifier += self.ids.secret()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": return_to,
            "scope": self.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoints.authorisation else "?"
        url = f"{endpoints.authorisation}{joint}{urlencode(query, quote_via=quote)}"
        return Begun(url=url, state=state, nonce=nonce, verifier=verifier)

    async def finish(self, returned: Returned, begun: Begun, return_to: str) -> Result[Identity, NotSignedIn]:
        """See the port."""
        return await within(self.settings.patience, concluded(self._identity(returned, begun, return_to)))

    async def _identity(self, returned: Returned, begun: Begun, return_to: str) -> Identity:
        code = code_of(returned, begun)
        # What another kind of provider began cannot be finished here.
        require(begun.nonce is not None and begun.verifier is not None, "begun")
        endpoints = await self.published.endpoints()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_to,
            "code_verifier": begun.verifier or "",
        }
        told = (await self.web.post(endpoints.token, form, self._credentials())).fields("token")
        claims = await self._checked(told.get("id_token"), begun)
        shown = await self._shown(endpoints, told.get("access_token"), claims)
        return person_in(claims, shown, self.settings.claims, self.clock.now())

    def _credentials(self) -> dict[str, str]:
        """`client_secret_basic`: both parts are encoded like a form before they are joined (RFC 6749, 2.3.1)."""
        pair = f"{quote_plus(self.settings.client_id)}:{quote_plus(self.settings.client_secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    async def _checked(self, token: object, begun: Begun) -> Claims:
        own = self.settings
        closed = sealed(token, "id_token", frozenset(ALGORITHMS))
        claims = closed.opened(await self.published.keys_for(closed))
        expected = Expected(issuer=own.issuer, client=own.client_id, now=self.clock.now(), skew=own.skew)
        expected.check_issuer(claims, "id_token")
        expected.check_audience(claims, "id_token")
        expected.check_times(claims, "id_token", issued=True)
        require(claims.get("nonce") == begun.nonce, "id_token.nonce")
        require(fields.subject(claims.get("sub")) is not None, "id_token.sub")
        return claims

    async def _shown(self, endpoints: Endpoints, token: object, claims: Claims) -> Claims:
        """What the gateway tells beside the id token, where it has an address for that."""
        if endpoints.userinfo is None:
            return {}
        require(isinstance(token, str) and _TOKEN.fullmatch(token) is not None, "token.access_token")
        answer = await self.web.get(endpoints.userinfo, {"Authorization": f"Bearer {token}"})
        shown = answer.fields("userinfo")
        require(fields.subject(shown.get("sub")) == fields.subject(claims.get("sub")), "userinfo.sub")
        return shown


def _challenge(verifier: str) -> str:
    """What the gateway is told of the verifier beforehand (S256; RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
