"""Signed tokens: whose key closed them, and whether what they say is meant for us and for now."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import isfinite

import attrs
import orjson
from joserfc import jws
from joserfc.errors import JoseError

from registratura.adapters.esia.keys import TokenKey
from registratura.adapters.esia.verdicts import NoIdentity, require
from registratura.application.ports.identity import NotSignedIn

Claims = Mapping[str, object]

_UNREADABLE = (JoseError, ValueError, TypeError)
"""What joserfc raises for a token it cannot read or a key that does not fit."""


@attrs.frozen(kw_only=True)
class Sealed:
    """A token whose signature was not looked at yet. `name` stands in the log for it: «id_token»."""

    name: str
    algorithm: str
    kid: str | None
    _token: jws.CompactSignature = attrs.field(repr=False)
    _registry: jws.JWSRegistry = attrs.field(repr=False)

    def opened(self, keys: Iterable[TokenKey]) -> Claims:
        """The claims, when one of *keys* signed them. Raises `NoIdentity`."""
        fitting = (key for key in keys if key.fits(self.algorithm, self.kid))
        require(any(self._closed_by(key) for key in fitting), f"{self.name}.signature")
        try:
            claims = orjson.loads(self._token.payload)
        except orjson.JSONDecodeError:
            claims = None
        if not isinstance(claims, dict):
            raise NoIdentity(NotSignedIn.UNTRUSTED, f"{self.name}.shape")
        return claims

    def _closed_by(self, key: TokenKey) -> bool:
        try:
            return jws.validate_compact(self._token, key.key, registry=self._registry)
        except _UNREADABLE:
            return False


def sealed(token: object, name: str, algorithms: frozenset[str]) -> Sealed:
    """Read the head of a token. Raises `NoIdentity`, also for an algorithm that is not one of *algorithms*."""
    # ESIA has words of its own in the head (`ver`, `sbt`), so unknown ones are let pass.
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    compact = token.encode() if isinstance(token, str) and token.isascii() else b""
    try:
        read = jws.extract_compact(compact, registry=registry)
        head = read.headers()
    except _UNREADABLE:
        raise NoIdentity(NotSignedIn.UNTRUSTED, f"{name}.shape") from None
    algorithm, kid = head.get("alg"), head.get("kid")
    require(isinstance(algorithm, str) and algorithm in algorithms, f"{name}.alg")
    require(kid is None or isinstance(kid, str), f"{name}.kid")
    return Sealed(name=name, algorithm=str(algorithm), kid=kid, token=read, registry=registry)


@attrs.frozen(kw_only=True)
class Expected:
    """Who must have written a token, for whom, and what time it is; clocks may be apart by *skew*."""

    issuer: str
    client: str
    now: datetime
    skew: timedelta

    def check_issuer(self, claims: Claims, name: str) -> None:
        """Raises `NoIdentity` unless the issuer is the one we know, to the letter."""
        require(claims.get("iss") == self.issuer, f"{name}.iss")

    def check_audience(self, claims: Claims, name: str) -> None:
        """Raises `NoIdentity` unless the token is for us; one for several must name us as who asked (`azp`)."""
        audience = claims.get("aud")
        several = audience if isinstance(audience, list) else [audience]
        require(self.client in several, f"{name}.aud")
        alone = len(several) == 1 and "azp" not in claims
        require(alone or claims.get("azp") == self.client, f"{name}.azp")

    def check_times(self, claims: Claims, name: str, *, issued: bool) -> None:
        """Raises `NoIdentity` unless the token holds now; with *issued* it must tell when it was made."""
        now, skew = self.now.timestamp(), self.skew.total_seconds()
        ends = _moment(claims.get("exp"))
        require(ends is not None and ends > now - skew, f"{name}.exp")
        for claim, needed in (("nbf", False), ("iat", issued)):
            begins = _moment(claims.get(claim))
            absent = claim not in claims and not needed
            require(absent or (begins is not None and begins <= now + skew), f"{name}.{claim}")


def _moment(value: object) -> float | None:
    """Seconds since 1970; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) else None
