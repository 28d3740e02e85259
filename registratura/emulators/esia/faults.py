"""Trouble on a switch: what real networks and real vendors do now and then, and forged answers a client must refuse."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

AUTHORIZE: Final = "GET /aas/oauth2/v2/ac"
CHOOSE: Final = "POST /aas/oauth2/v2/ac"
TOKEN: Final = "POST /aas/oauth2/v3/te"  # noqa: S105 - an address
PERSON: Final = "GET /rs/prns/{oid}"
COLLECTIONS: Final = tuple(f"{PERSON}/{name}" for name in ("kids", "ctts", "docs", "addrs"))
ELEMENTS: Final = tuple(f"{collection}/{{id}}" for collection in COLLECTIONS)
LOGOUT: Final = "GET /idp/ext/Logout"
OIDC_CONFIGURATION: Final = "GET /oidc/.well-known/openid-configuration"
OIDC_AUTHORIZE: Final = "GET /oidc/authorize"
OIDC_CHOOSE: Final = "POST /oidc/authorize"
OIDC_TOKEN: Final = "POST /oidc/token"  # noqa: S105 - an address
OIDC_JWKS: Final = "GET /oidc/jwks"
OIDC_USERINFO: Final = "GET /oidc/userinfo"

TOKENS: Final = frozenset({TOKEN, OIDC_TOKEN})
PERSONAL: Final = frozenset({PERSON, *COLLECTIONS, *ELEMENTS, OIDC_TOKEN, OIDC_USERINFO})
ROUTES: Final = (
    *(AUTHORIZE, CHOOSE, TOKEN, PERSON, *COLLECTIONS, *ELEMENTS, LOGOUT),
    *(OIDC_CONFIGURATION, OIDC_AUTHORIZE, OIDC_CHOOSE, OIDC_TOKEN, OIDC_JWKS, OIDC_USERINFO),
)
"""Everything that can be struck."""

STATUSES: Final = (500, 503)
FORGERIES: Final = ("expired", "wrong_signature", "wrong_audience", "wrong_issuer", "wrong_subject")

_WHERE: Final[Mapping[str, frozenset[str]]] = {
    "status": frozenset(ROUTES),
    "delay_ms": frozenset(ROUTES),
    "wrong_state": frozenset({TOKEN}),
    "wrong_nonce": frozenset({OIDC_TOKEN}),
    "missing_scope": PERSONAL,
    **dict.fromkeys(FORGERIES, TOKENS),
}
"""What each fault can strike."""

_optional = attrs.validators.optional
_flag = attrs.validators.instance_of(bool)

TokenName = Literal["access", "id"]


@attrs.frozen(kw_only=True)
class Faults:
    """Which troubles are on.

    `status`: requests are refused with this HTTP status. `delay_ms`: answers come late. `wrong_state`: the token answer
    of the direct protocol carries another state. `wrong_nonce`: the id token of OpenID Connect carries another nonce.
    `missing_scope`: data of this scope are left out, as if the right to it had been withdrawn.

    Forged tokens: `expired` an hour ago; `wrong_signature`, by a key never published, under the usual key id;
    `wrong_audience`, issued to another client; `wrong_issuer`; `wrong_subject`, about somebody else. With `token` only
    the `access` or only the `id` token is forged; the access token of OpenID Connect is opaque and cannot be.

    All strike what `routes` names (method and path as in `ROUTES`; empty means all) and, with `times`, only that many
    requests.
    """

    status: int | None = attrs.field(default=None, validator=_optional(attrs.validators.in_(STATUSES)))
    delay_ms: int = attrs.field(
        default=0,
        validator=[attrs.validators.instance_of(int), attrs.validators.ge(0), attrs.validators.le(60_000)],
    )
    wrong_state: bool = attrs.field(default=False, validator=_flag)
    wrong_nonce: bool = attrs.field(default=False, validator=_flag)
    missing_scope: str | None = attrs.field(default=None, validator=_optional(attrs.validators.instance_of(str)))
    expired: bool = attrs.field(default=False, validator=_flag)
    wrong_signature: bool = attrs.field(default=False, validator=_flag)
    wrong_audience: bool = attrs.field(default=False, validator=_flag)
    wrong_issuer: bool = attrs.field(default=False, validator=_flag)
    wrong_subject: bool = attrs.field(default=False, validator=_flag)
    token: TokenName | None = attrs.field(default=None, validator=_optional(attrs.validators.in_(("access", "id"))))
    routes: tuple[str, ...] = attrs.field(
        default=(), converter=tuple, validator=attrs.validators.deep_iterable(attrs.validators.in_(ROUTES))
    )
    times: int | None = attrs.field(
        default=None, validator=_optional([attrs.validators.instance_of(int), attrs.validators.ge(0)])
    )

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_emu/faults`."""
        return attrs.asdict(self)

    @property
    def on(self) -> tuple[str, ...]:
        """The names of the troubles that are on."""
        return tuple(name for name in _WHERE if getattr(self, name)) if self.times != 0 else ()

    def strikes(self, route: str) -> bool:
        """Whether a request is among the struck ones."""
        return (not self.routes or route in self.routes) and any(route in _WHERE[name] for name in self.on)

    def forging(self, token: TokenName) -> frozenset[str]:
        """What is wrong with such a token, in the words of `FORGERIES`."""
        wanted = self.token in {None, token}
        return frozenset(name for name in FORGERIES if wanted and getattr(self, name))
