"""What a gateway publishes about itself: its addresses and its keys, asked rarely and kept for a while."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import attrs

from registratura.adapters.esia.keys import TokenKey, key_set
from registratura.adapters.esia.tokens import Sealed
from registratura.adapters.esia.web import Web
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.time import Clock

log = logging.getLogger(__name__)

WELL_KNOWN = "/.well-known/openid-configuration"


@attrs.frozen(kw_only=True)
class Endpoints:
    """Where a gateway is asked what."""

    authorisation: str
    token: str
    keys: str
    userinfo: str | None


@attrs.define(kw_only=True)
class Published:
    """The discovery document and the key set of one gateway.

    Both are kept for *keep*. A token of a key nobody knows lets the key set be asked again, but not within *keys_rest*
    of the last time: strangers must not make us ask.
    """

    web: Web
    issuer: str
    clock: Clock
    keep: timedelta
    keys_rest: timedelta
    _endpoints: Endpoints | None = attrs.field(default=None, init=False)
    _endpoints_at: datetime | None = attrs.field(default=None, init=False)
    _keys: tuple[TokenKey, ...] = attrs.field(default=(), init=False, repr=False)
    _keys_at: datetime | None = attrs.field(default=None, init=False)
    _asking: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    async def endpoints(self) -> Endpoints:
        """Raises `Unavailable`, also when the document is not of the gateway we know."""
        async with self._asking:
            return await self._known_endpoints()

    async def keys_for(self, token: Sealed) -> tuple[TokenKey, ...]:
        """The keys that may have signed *token*. Raises `Unavailable`."""
        async with self._asking:
            believed = self.keep if _fitting(self._keys, token) else min(self.keep, self.keys_rest)
            if self._is_over(self._keys_at, believed):
                await self._ask_keys()
            return _fitting(self._keys, token)

    async def _known_endpoints(self) -> Endpoints:
        if self._endpoints is None or self._is_over(self._endpoints_at, self.keep):
            self._endpoints = await self._ask_endpoints()
            self._endpoints_at = self.clock.now()
        return self._endpoints

    async def _ask_endpoints(self) -> Endpoints:
        answer = await self.web.get(self.issuer.rstrip("/") + WELL_KNOWN)
        document = answer.body if answer.accepted and isinstance(answer.body, dict) else {}
        if document.get("issuer") != self.issuer:
            raise _unusable("issuer")
        return Endpoints(
            authorisation=self._address(document, "authorization_endpoint"),
            token=self._address(document, "token_endpoint"),
            keys=self._address(document, "jwks_uri"),
            userinfo=self._address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
        )

    def _address(self, document: Mapping[str, object], name: str) -> str:
        """An address of the document, never less protected than the issuer's."""
        address = document.get(name)
        try:
            parts = urlsplit(address if isinstance(address, str) else "")
        except ValueError:
            raise _unusable(name) from None
        if parts.scheme not in {"https", urlsplit(self.issuer).scheme} or not parts.hostname:
            raise _unusable(name)
        return str(address)

    async def _ask_keys(self) -> None:
        answer = await self.web.get((await self._known_endpoints()).keys)
        keys = key_set(answer.body) if answer.accepted else ()
        if not keys:
            raise _unusable("jwks")
        self._keys, self._keys_at = keys, self.clock.now()

    def _is_over(self, asked: datetime | None, believed: timedelta) -> bool:
        return asked is None or self.clock.now() - asked >= believed


def _fitting(keys: tuple[TokenKey, ...], token: Sealed) -> tuple[TokenKey, ...]:
    return tuple(key for key in keys if key.fits(token.algorithm, token.kid))


def _unusable(what: str) -> Unavailable:
    log.error("esia.gateway.unusable what=%s", what)
    return Unavailable(f"gateway.{what}")
