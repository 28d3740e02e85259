"""Reading requests, and the checks both steps of the direct protocol share."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from registratura.emulators.esia import errors
from registratura.emulators.esia.config import EsiaEmulatorConfig
from registratura.emulators.esia.errors import Refused, missing
from registratura.emulators.esia.signatures import raw_signature, signed_message

FORM: Final = "application/x-www-form-urlencoded"
_TIMESTAMP = re.compile(r"\d{4}\.\d{2}\.\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

Fields = Mapping[str, str]


def query_of(request: Request) -> Fields:
    """The query; a repeated parameter is refused."""
    return _read(request.url.query)


async def form_of(request: Request) -> Fields:
    """The fields of a form in the body; a repeated field or another kind of body is refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise Refused(errors.MALFORMED)
    return _read((await request.body()).decode("utf-8", "replace"))


def required(fields: Fields, name: str) -> str:
    """A parameter that must be there and not be empty."""
    if not fields.get(name):
        raise missing(name)
    return fields[name]


def check_client(config: EsiaEmulatorConfig, fields: Fields) -> None:
    """The client is the registered system."""
    if required(fields, "client_id") != config.client_id:
        raise Refused(errors.FOREIGN_CLIENT)


def allowed_redirect(config: EsiaEmulatorConfig, address: str) -> bool:
    """Whether people may be sent to *address*: its host is registered."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme in {"http", "https"} and not parts.fragment and "@" not in parts.netloc
    return plain and port != 0 and parts.hostname in config.redirect_hosts


def check_signed(config: EsiaEmulatorConfig, fields: Fields, code: str = "") -> frozenset[str]:
    """The part both steps share; gives the scopes asked for.

    Raises:
        Refused: a parameter is missing or wrong, the moment is too far from now, a scope is not registered for the
            system, or the signature is not the client's.
    """
    for name in ("client_certificate_hash", "client_secret", "timestamp", "state"):
        required(fields, name)
    if fields["client_certificate_hash"] != config.certificate_hash:
        raise Refused(errors.WRONG_SECRET)
    moment = _moment(fields["timestamp"])
    if moment is None or abs(config.clock() - moment) > config.timestamp_tolerance:
        raise Refused(errors.WRONG_TIME)
    if not _UUID.fullmatch(fields["state"]):
        raise Refused(errors.MALFORMED)
    scopes = _scopes(config, fields)
    signature = raw_signature(fields["client_secret"])
    if signature is None or not config.verifier.verify(signed_message(fields, code), signature):
        raise Refused(errors.WRONG_SECRET)
    return scopes


def _read(encoded: str) -> Fields:
    pairs = parse_qsl(encoded, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Refused(errors.MALFORMED)
    return fields


def _moment(timestamp: str) -> datetime | None:
    if not _TIMESTAMP.fullmatch(timestamp):
        return None
    try:
        return datetime.strptime(timestamp, "%Y.%m.%d %H:%M:%S %z")
    except ValueError:
        return None


def _scopes(config: EsiaEmulatorConfig, fields: Fields) -> frozenset[str]:
    scopes = frozenset(fields.get("scope", "").split(" ")) - {""}
    if not scopes:
        raise Refused(errors.NO_SCOPE)
    if not scopes <= config.scopes:
        raise Refused(errors.WRONG_SCOPE)
    return scopes
