"""OpenID Connect over the same people, as a certified gateway in front of ESIA offers it."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.responses import Response

from registratura.emulators.esia import choosing
from registratura.emulators.esia.config import SCOPES, EsiaEmulatorConfig, OidcClient
from registratura.emulators.esia.emulator import TOKEN_MEMORY, Access, Asked, Granted
from registratura.emulators.esia.errors import Refusal, Refused, RestRefused
from registratura.emulators.esia.gate import Call, Handler, json_response
from registratura.emulators.esia.keys import ALGORITHM
from registratura.emulators.esia.parameters import Fields, form_of, query_of
from registratura.emulators.esia.persons import Child, Person, snils_text
from registratura.emulators.esia.rest import access_of
from registratura.emulators.esia.tokens import issue, valid_until

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

CLAIMS: Final = (
    *("sub", "iss", "aud", "exp", "iat", "nonce", "family_name", "given_name", "middle_name", "birthdate"),
    *("gender", "snils", "phone_number", "trusted", "children"),
)
WRONG_CLIENT: Final = Refusal("invalid_client", None, "The client is unknown or its secret is wrong")
WRONG_CODE: Final = Refusal("invalid_grant", None, "The code, its redirect_uri or the code_verifier is wrong")


def discovery(config: EsiaEmulatorConfig) -> Mapping[str, Any]:
    """The provider's metadata."""
    issuer = issuer_of(config)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid"],
        "claims_supported": list(CLAIMS),
    }


def issuer_of(config: EsiaEmulatorConfig) -> str:
    """The issuer of this face; ESIA's own tokens name another."""
    return f"{config.public_url}/oidc"


async def configuration(call: Call) -> Response:
    """`GET /oidc/.well-known/openid-configuration`."""
    return json_response(discovery(call.emulator.config))


async def jwks(call: Call) -> Response:
    """`GET /oidc/jwks`."""
    return json_response(call.emulator.keys.jwks())


def authorize(client: OidcClient) -> Handler:
    """`GET /oidc/authorize`: an unknown client or address is told on a page, the rest goes back to the client."""

    async def handler(call: Call) -> Response:
        fields = query_of(call.request)
        if fields.get("client_id") != client.client_id:
            raise Refused(WRONG_CLIENT)
        address = fields.get("redirect_uri", "")
        if address not in client.redirect_uris:
            raise Refused(_wrong("redirect_uri is not registered"))
        try:
            asked = _asked(fields, address)
        except Refused as refused:
            return choosing.send_back(address, refused.refusal, fields.get("state"))
        return choosing.ask(call, asked, fields.get("auto"))

    return handler


def _asked(fields: Fields, address: str) -> Asked:
    if fields.get("response_type") != "code":
        raise Refused(Refusal("unsupported_response_type", None, "response_type must be code"))
    if "openid" not in fields.get("scope", "").split(" "):
        raise Refused(Refusal("invalid_scope", None, "scope must contain openid"))
    for name in ("state", "nonce"):
        if not fields.get(name):
            raise Refused(_wrong(f"{name} is required"))
    challenge = fields.get("code_challenge", "")
    if fields.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise Refused(_wrong("code_challenge with the method S256 is required"))
    return Asked(
        face="oidc",
        redirect_uri=address,
        state=fields["state"],
        scopes=SCOPES,
        nonce=fields["nonce"],
        challenge=challenge,
    )


def token(client: OidcClient) -> Handler:
    """`POST /oidc/token`: a code presented by the right client is used up, whatever else is wrong."""

    async def handler(call: Call) -> Response:
        try:
            granted = await _granted(call, client)
        except Refused as refused:
            told = refused.refusal
            unknown = told is WRONG_CLIENT
            headers = {"WWW-Authenticate": 'Basic realm="oidc"'} if unknown else {}
            body = {"error": told.error, "error_description": told.description}
            return json_response(body, 401 if unknown else 400, headers)
        return _tokens(call, client, granted)

    return handler


async def _granted(call: Call, client: OidcClient) -> Granted:
    fields = await form_of(call.request)
    _authenticate(call, client, fields)
    if fields.get("grant_type") != "authorization_code":
        raise Refused(Refusal("unsupported_grant_type", None, "grant_type must be authorization_code"))
    granted = call.emulator.codes.take(fields.get("code", ""))
    if granted is None or granted.asked.redirect_uri != fields.get("redirect_uri"):
        raise Refused(WRONG_CODE)
    # A code of ESIA's own protocol has no challenge, so nothing proves it.
    if not _proves(fields.get("code_verifier", ""), granted.asked.challenge):
        raise Refused(WRONG_CODE)
    return granted


def _authenticate(call: Call, client: OidcClient, fields: Fields) -> None:
    header = call.request.headers.get("authorization")
    given = (fields.get("client_id", ""), fields.get("client_secret", ""))
    if header is not None:
        if "client_secret" in fields:
            raise Refused(_wrong("one way of client authentication, not two"))
        given = _basic(header)
    right = (client.client_id, client.client_secret)
    if not all(hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(given, right, strict=True)):
        raise Refused(WRONG_CLIENT)


def _basic(header: str) -> tuple[str, str]:
    """Id and secret; both are form-encoded before they are joined (RFC 6749, 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise Refused(WRONG_CLIENT) from fault
    if scheme.lower() != "basic":
        raise Refused(WRONG_CLIENT)
    return unquote_plus(name), unquote_plus(secret)


def _proves(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return _VERIFIER.fullmatch(verifier) is not None and digest == challenge


def _tokens(call: Call, client: OidcClient, granted: Granted) -> Response:
    emulator, faults, config = call.emulator, call.faults, call.emulator.config
    access_token = secrets.token_urlsafe(48)
    access = Access("oidc", granted.person, granted.asked.scopes, valid_until(config, faults))
    emulator.tokens.keep(access_token, access, TOKEN_MEMORY)
    claims = {
        "iss": issuer_of(config),
        "aud": client.client_id,
        "nonce": secrets.token_urlsafe() if faults.wrong_nonce else granted.asked.nonce,
        "auth_time": int(granted.at.timestamp()),
        **person_claims(granted.person, granted.asked.scopes - {faults.missing_scope or ""}),
    }
    return json_response(
        {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(config.token_lifetime.total_seconds()),
            "scope": "openid",
            "id_token": issue(emulator, claims, faults, "id"),
        }
    )


async def userinfo(call: Call) -> Response:
    """`GET /oidc/userinfo`: the claims about the person."""
    try:
        access = access_of(call, "oidc")
    except RestRefused as refused:
        challenge = 'Bearer error="invalid_token"'
        body = {"error": "invalid_token", "error_description": refused.message}
        return json_response(body, 401, {"WWW-Authenticate": challenge})
    return json_response(person_claims(access.person, access.scopes - {call.faults.missing_scope or ""}))


def person_claims(person: Person, scopes: frozenset[str]) -> Mapping[str, Any]:
    """What the gateway tells of a person by ESIA's *scopes*; what is unknown is left out."""
    claims: dict[str, Any] = {"sub": str(person.oid), "trusted": person.trusted, **_about(person, scopes, "")}
    if person.mobile and "mobile" in scopes:
        claims["phone_number"] = person.mobile
    claims["children"] = [_about(child, scopes, "kid_") for child in person.kids]
    return claims


def _about(one: Person | Child, scopes: frozenset[str], prefix: str) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    if f"{prefix}fullname" in scopes:
        claims |= {"family_name": one.last_name, "given_name": one.first_name}
        claims |= {"middle_name": one.middle_name} if one.middle_name else {}
    if f"{prefix}birthdate" in scopes:
        claims["birthdate"] = one.born.isoformat()
    if f"{prefix}gender" in scopes:
        claims["gender"] = "male" if one.gender == "M" else "female"
    if f"{prefix}snils" in scopes and one.snils:
        claims["snils"] = snils_text(one.snils)
    return claims


def _wrong(text: str) -> Refusal:
    return Refusal("invalid_request", None, text)
