"""The person's part of a sign-in, the same for both protocols: who comes in, or nobody."""

import secrets
from urllib.parse import urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from registratura.emulators.esia import errors
from registratura.emulators.esia.emulator import CHOICE_LIFETIME, Asked, Granted
from registratura.emulators.esia.errors import Refusal, Refused
from registratura.emulators.esia.gate import NO_STORE, Call
from registratura.emulators.esia.parameters import form_of

CANCEL = "cancel"


def ask(call: Call, asked: Asked, auto: str | None) -> Response:
    """Show the page with the people; with *auto* that person (or `cancel`) is chosen at once."""
    if auto is not None:
        return _answer(call, asked, auto)
    key = secrets.token_urlsafe()
    call.emulator.asked.keep(key, asked, CHOICE_LIFETIME)
    return call.emulator.pages.choose(key, origin_of(asked.redirect_uri))


async def choose(call: Call) -> Response:
    """The form of that page. The person may come back to the page and choose again."""
    fields = await form_of(call.request)
    asked = call.emulator.asked.get(fields.get("request", ""))
    if asked is None:
        raise Refused(errors.MALFORMED)
    return _answer(call, asked, fields.get("choice", ""))


def send_back(address: str, refusal: Refusal, state: str | None) -> Response:
    """Return the person to the client with the refusal."""
    fields = {"error": refusal.error, "error_description": refusal.description}
    return _redirect(address, fields | ({} if state is None else {"state": state}))


def origin_of(address: str) -> str:
    """Scheme, host and port of a checked address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _answer(call: Call, asked: Asked, choice: str) -> Response:
    if choice == CANCEL:
        return send_back(asked.redirect_uri, errors.DENIED, asked.state)
    person = call.emulator.persons.get(choice)
    if person is None:
        raise Refused(errors.MALFORMED)
    config, code = call.emulator.config, secrets.token_urlsafe(48)
    call.emulator.codes.keep(code, Granted(asked, person, config.clock()), config.code_lifetime)
    return _redirect(asked.redirect_uri, {"code": code, "state": asked.state})


def _redirect(address: str, fields: dict[str, str]) -> Response:
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    # 303: the person's browser must not repeat the form of the page at the client.
    return RedirectResponse(parts._replace(query=query).geturl(), 303, headers=NO_STORE)
