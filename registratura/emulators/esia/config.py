"""What a host decides about the emulator."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from registratura.emulators.esia.persons import Person, test_persons
from registratura.emulators.esia.signatures import Verifier

Clock = Callable[[], datetime]

SCOPES: Final = frozenset(
    {
        *("openid", "fullname", "birthdate", "gender", "snils", "id_doc", "email", "mobile", "contacts", "addresses"),
        *("kid_fullname", "kid_birthdate", "kid_gender", "kid_snils"),
    }
)
"""Every scope behind which this emulator has data."""


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class OidcClient:
    """The one client of the OpenID Connect face; a redirect address must be one of `redirect_uris` to the letter."""

    client_id: str
    client_secret: str = attrs.field(repr=False)
    redirect_uris: Sequence[str]


@attrs.frozen(kw_only=True)
class EsiaEmulatorConfig:
    """Settings of one emulator.

    `public_url` is the address of the emulator itself, prefix included, without a slash at the end. `client_id` is the
    mnemonic of the registered system, `certificate_hash` the digest of its certificate (64 upper-case hexadecimal
    digits), `verifier` knows the signatures of its key. As on the real portal, redirect addresses are registered by
    host: `redirect_hosts` are names without a port, the rest of the address is free. `clock` gives an aware moment.
    Without `oidc` the emulator has no OpenID Connect face.
    """

    public_url: str
    client_id: str
    certificate_hash: str = attrs.field(validator=attrs.validators.matches_re(r"[0-9A-F]{64}"))
    verifier: Verifier
    redirect_hosts: Sequence[str]
    scopes: frozenset[str] = attrs.field(default=SCOPES, converter=frozenset)
    issuer: str = "http://esia-portal1.test.gosuslugi.ru/"
    persons: Sequence[Person] = attrs.field(factory=test_persons)
    oidc: OidcClient | None = None
    clock: Clock = _now
    code_lifetime: timedelta = timedelta(seconds=60)
    timestamp_tolerance: timedelta = timedelta(minutes=10)
    token_lifetime: timedelta = timedelta(hours=1)
