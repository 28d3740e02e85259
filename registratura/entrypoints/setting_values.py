"""Values of settings: their types, and how text becomes them; what was expected is said, what came is not."""

import re
from collections.abc import Callable
from datetime import time
from enum import Enum
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import cattrs

from registratura.entrypoints import texts

_WEBHOOK_SECRET_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_WEBHOOK_SECRET_LENGTH = range(5, 257)
_CERTIFICATE_HASH = re.compile(r"[0-9A-F]{64}")
PORTS = range(1, 65536)


@attrs.frozen(repr=False)
class Secret:
    """A secret: shown nowhere by accident, revealed on purpose."""

    reveal: str

    def __repr__(self) -> str:
        return "Secret(***)"


@attrs.frozen
class Between:
    """Bounds of a whole number, both inclusive."""

    least: int
    most: int


@attrs.frozen
class WebAddress:
    """An address that begins with http:// or https://, without a slash at its end."""

    text: str

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class ListenAddress:
    """Where to listen: `host:port`, or empty for nowhere."""

    text: str

    def __str__(self) -> str:
        return self.text


@attrs.frozen(repr=False)
class DatabaseUrl:
    """Where everything is kept; may hold a password, so it is not shown."""

    text: str

    def __str__(self) -> str:
        return self.text


@attrs.frozen(repr=False)
class HeaderSecret(Secret):
    """A token that travels in an HTTP header: printable Latin letters, digits and signs."""


@attrs.frozen(repr=False)
class WebhookSecret(Secret):
    """What MAX sends back with every update: 5 to 256 letters, digits, «_» or «-»."""


@attrs.frozen
class CertificateHash:
    """The digest of a certificate by GOST R 34.11-2012 (256 bits): 64 upper-case hexadecimal digits."""

    text: str

    def __str__(self) -> str:
        return self.text


VALUES: frozenset[type] = frozenset(
    {CertificateHash, DatabaseUrl, HeaderSecret, ListenAddress, WebAddress, WebhookSecret}
)


class Unfit(Exception):
    """What was expected; the value itself is not repeated, it may be a secret."""


_SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _switch(value: object, _: object) -> bool:
    if isinstance(value, bool):
        return value
    found = _SWITCHES.get(str(value).strip().lower())
    if found is None:
        raise Unfit(texts.SWITCH)
    return found


def _whole(value: object, bounded: Any) -> int:  # noqa: ANN401  # Annotated forms have no type of their own
    bounds = next(bound for bound in get_args(bounded) if isinstance(bound, Between))
    try:
        number = int(str(value))
    except ValueError:
        number = bounds.least - 1
    if not bounds.least <= number <= bounds.most:
        raise Unfit(texts.WHOLE.format(least=bounds.least, most=bounds.most))
    return number


def _label(value: object, kind: type[Enum]) -> Enum:
    try:
        return kind(str(value).strip())
    except ValueError:
        raise Unfit(texts.ONE_OF.format(values=", ".join(str(label.value) for label in kind))) from None


def _zone(value: object, _: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit(texts.ZONE) from None


def _clock(value: object, _: object) -> time | None:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(str(value)) if value else None
    except ValueError:
        raise Unfit(texts.CLOCK) from None


def _address(value: object, _: object) -> WebAddress:
    text = str(value).strip().rstrip("/")
    if not text.startswith(("http://", "https://")):
        raise Unfit(texts.ADDRESS)
    return WebAddress(text)


def _listen(value: object, _: object) -> ListenAddress:
    text = str(value).strip()
    host, _colon, port = text.rpartition(":")
    if text and not (host and port.isascii() and port.isdigit() and int(port) in PORTS):
        raise Unfit(texts.LISTEN)
    return ListenAddress(text)


def _database(value: object, _: object) -> DatabaseUrl:
    text = str(value).strip()
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")) or text == "sqlite:///:memory:":
        raise Unfit(texts.DATABASE_URL)
    return DatabaseUrl(text)


def _words(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise Unfit(texts.WORDS)
    return value


def _secret(value: object, _: object) -> HeaderSecret | None:
    text = str(value)
    if not (text.isascii() and text.isprintable()):
        raise Unfit(texts.TOKEN)
    return HeaderSecret(text) if text else None


def _webhook_secret(value: object, _: object) -> WebhookSecret | None:
    text = str(value)
    if text and not (len(text) in _WEBHOOK_SECRET_LENGTH and _WEBHOOK_SECRET_SIGNS.issuperset(text)):
        raise Unfit(texts.WEBHOOK_SECRET)
    return WebhookSecret(text) if text else None


def _certificate_hash(value: object, _: object) -> CertificateHash | None:
    text = str(value).strip()
    if text and not _CERTIFICATE_HASH.fullmatch(text):
        raise Unfit(texts.CERTIFICATE_HASH)
    return CertificateHash(text) if text else None


def _is_bounded(kind: Any) -> bool:  # noqa: ANN401  # Annotated forms have no type of their own
    return any(isinstance(bound, Between) for bound in get_args(kind))


def _reader() -> cattrs.Converter:
    reader = cattrs.Converter(detailed_validation=False)
    hooks: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (bool, _switch),
        (str, _words),
        (ZoneInfo, _zone),
        (time | None, _clock),
        (WebAddress, _address),
        (WebAddress | None, lambda value, kind: _address(value, kind) if str(value).strip() else None),
        (ListenAddress, _listen),
        (DatabaseUrl, _database),
        (HeaderSecret | None, _secret),
        (WebhookSecret | None, _webhook_secret),
        (CertificateHash | None, _certificate_hash),
    ]
    for kind, hook in hooks:
        reader.register_structure_hook(kind, hook)
    reader.register_structure_hook_func(_is_bounded, _whole)
    reader.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _label)
    return reader


READER = _reader()
