"""ESIA's own protocol: authorisation v2 with a signed request, tokens v3, logout."""

import secrets
from typing import Final
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from registratura.emulators.esia import choosing, errors
from registratura.emulators.esia.emulator import TOKEN_MEMORY, Access, Asked, Emulator, Granted
from registratura.emulators.esia.errors import Refused
from registratura.emulators.esia.gate import Call, json_response
from registratura.emulators.esia.parameters import (
    Fields,
    allowed_redirect,
    check_client,
    check_signed,
    form_of,
    query_of,
    required,
)
from registratura.emulators.esia.tokens import access_claims, id_claims, issue, valid_until

ACCESS_TYPES: Final = frozenset({"online", "offline"})


async def authorize(call: Call) -> Response:
    """Step 1: before the redirect address is trusted a refusal is a page, then it goes back to the client."""
    fields, config = query_of(call.request), call.emulator.config
    check_client(config, fields)
    if not allowed_redirect(config, required(fields, "redirect_uri")):
        raise Refused(errors.FOREIGN_REDIRECT)
    try:
        asked = _asked(call.emulator, fields)
    except Refused as refused:
        return choosing.send_back(fields["redirect_uri"], refused.refusal, fields.get("state"))
    return choosing.ask(call, asked, fields.get("auto"))


def _asked(emulator: Emulator, fields: Fields) -> Asked:
    if required(fields, "response_type") != "code":
        raise Refused(errors.WRONG_RESPONSE_TYPE)
    if required(fields, "access_type") not in ACCESS_TYPES:
        raise Refused(errors.MALFORMED)
    scopes = check_signed(emulator.config, fields)
    return Asked(face="direct", redirect_uri=fields["redirect_uri"], state=fields["state"], scopes=scopes)


async def token(call: Call) -> Response:
    """Step 3: a code for tokens. A code presented with a right signature is used up, whatever else is wrong."""
    fields: Fields = {}
    try:
        fields = await form_of(call.request)
        granted = _granted(call.emulator, fields)
    except Refused as refused:
        told = refused.refusal
        body = {"error": told.error, "error_description": told.description, "state": fields.get("state")}
        return json_response(body, 400)
    return _tokens(call, granted, fields["state"])


def _granted(emulator: Emulator, fields: Fields) -> Granted:
    check_client(emulator.config, fields)
    if required(fields, "grant_type") != "authorization_code":
        raise Refused(errors.WRONG_GRANT_TYPE)
    code, address = required(fields, "code"), required(fields, "redirect_uri")
    if required(fields, "token_type") != "Bearer":
        raise Refused(errors.MALFORMED)
    scopes = check_signed(emulator.config, fields, code)
    granted = emulator.codes.take(code)
    if granted is None or granted.asked.face != "direct" or granted.asked.redirect_uri != address:
        raise Refused(errors.WRONG_CODE)
    if granted.asked.scopes != scopes:
        raise Refused(errors.WRONG_SCOPE)
    if granted.asked.state == fields["state"]:
        raise Refused(errors.MALFORMED)
    return granted


def _tokens(call: Call, granted: Granted, state: str) -> Response:
    emulator, faults, config = call.emulator, call.faults, call.emulator.config
    access_token = issue(emulator, access_claims(config, granted), faults, "access")
    access = Access("direct", granted.person, granted.asked.scopes, valid_until(config, faults))
    emulator.tokens.keep(access_token, access, TOKEN_MEMORY)
    body = {
        "access_token": access_token,
        "refresh_token": secrets.token_urlsafe(),
        "expires_in": int(config.token_lifetime.total_seconds()),
        "state": str(uuid4()) if faults.wrong_state else state,
        "token_type": "Bearer",
    }
    if "openid" in granted.asked.scopes:
        body["id_token"] = issue(emulator, id_claims(config, granted), faults, "id")
    return json_response(body)


async def logout(call: Call) -> Response:
    """The end of a session, of which this emulator keeps none: back to the client, or a page without an address."""
    fields, config = query_of(call.request), call.emulator.config
    check_client(config, fields)
    address = fields.get("redirect_url")
    if address is None:
        return call.emulator.pages.left()
    if not allowed_redirect(config, address):
        raise Refused(errors.FOREIGN_REDIRECT)
    return RedirectResponse(address, 303)
