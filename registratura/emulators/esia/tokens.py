"""Claims of the direct protocol's tokens, and what faults make of the claims of any token."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from registratura.emulators.esia.config import EsiaEmulatorConfig
from registratura.emulators.esia.emulator import Emulator, Granted
from registratura.emulators.esia.faults import Faults, TokenName
from registratura.emulators.esia.persons import OWN_ACCOUNT_AT, Person, age_on

Claims = Mapping[str, Any]

_LONG_AGO: Final = timedelta(hours=1)
_FOREIGN_CLIENT: Final = "FOREIGN_CLIENT"
_FOREIGN_ISSUER: Final = "http://esia.example.org/"


def access_claims(config: EsiaEmulatorConfig, granted: Granted) -> Claims:
    """The access token."""
    return {
        "iss": config.issuer,
        "client_id": config.client_id,
        "scope": " ".join(sorted(granted.asked.scopes)),
        "urn:esia:sbj_id": granted.person.oid,
        "urn:esia:sid": str(uuid4()),
    }


def id_claims(config: EsiaEmulatorConfig, granted: Granted) -> Claims:
    """The id token. As in real traffic the subject is a number, and there is no nonce."""
    person = granted.person
    subject = {
        "urn:esia:sbj:oid": person.oid,
        "urn:esia:sbj:typ": "P",
        "urn:esia:sbj:nam": f"OID.{person.oid}",
        "urn:esia:sbj:lvl": _level(person, granted.at),
    }
    return {
        "iss": config.issuer,
        "aud": config.client_id,
        "sub": person.oid,
        "auth_time": int(granted.at.timestamp()),
        "amr": "PWD",
        "urn:esia:sid": str(uuid4()),
        # Present only for a confirmed account.
        "urn:esia:sbj": subject | ({"urn:esia:sbj:is_tru": True} if person.trusted else {}),
    }


def issue(emulator: Emulator, claims: Claims, faults: Faults, token: TokenName) -> str:
    """Sign a token for *claims*, valid from now for its lifetime, with what the *faults* forge."""
    forging, lifetime = faults.forging(token), emulator.config.token_lifetime
    issued = emulator.config.clock()
    if "expired" in forging:
        issued -= lifetime + _LONG_AGO
    moment = int(issued.timestamp())
    times = {"iat": moment, "nbf": moment, "exp": moment + int(lifetime.total_seconds())}
    return emulator.keys.sign(_forged(claims, forging) | times, forged="wrong_signature" in forging)


def valid_until(config: EsiaEmulatorConfig, faults: Faults) -> datetime:
    """Until when the services accept an access token issued now."""
    expired = "expired" in faults.forging("access")
    return config.clock() + (timedelta(0) if expired else config.token_lifetime)


def _level(person: Person, moment: datetime) -> str:
    if age_on(person.born, moment.date()) < OWN_ACCOUNT_AT:
        return "KD"
    return "PR" if person.trusted else "P"


def _forged(claims: Claims, forging: frozenset[str]) -> dict[str, Any]:
    forged = dict(claims)
    if "wrong_audience" in forging:
        forged["aud" if "aud" in claims else "client_id"] = _FOREIGN_CLIENT
    if "wrong_issuer" in forging:
        forged["iss"] = _FOREIGN_ISSUER
    if "wrong_subject" in forging:
        name = "sub" if "sub" in claims else "urn:esia:sbj_id"
        # Of the same type as the right one, which differs between the protocols.
        forged[name] = type(claims[name])(int(claims[name]) + 1)
    return forged
