"""The signature that a client of the direct protocol puts into `client_secret`."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Protocol

import attrs

SIGNATURE_BYTES = 64
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")


class Verifier(Protocol):
    """Knows the signatures of the client's key."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether *signature*, raw 64 bytes, is the client's under *message*."""
        ...


@attrs.frozen
class FakeVerifier:
    """A stand-in for GOST R 34.10-2012 (256), whose raw signature has 64 bytes too; proves nothing outside a test.

    The signature is HMAC-SHA256 of `1` and the message, then of `2` and the message, under a secret both sides know.
    """

    secret: bytes = attrs.field(repr=False)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the two halves are right."""
        halves = (hmac.digest(self.secret, salt + message, hashlib.sha256) for salt in (b"1", b"2"))
        return hmac.compare_digest(b"".join(halves), signature)


def signed_message(fields: Mapping[str, str], code: str = "") -> bytes:
    """What the client signs: values joined with nothing, the *code* of a token request at the end."""
    names = ("client_id", "scope", "scope_org", "timestamp", "state", "redirect_uri")
    return ("".join(fields.get(name, "") for name in names) + code).encode()


def raw_signature(client_secret: str) -> bytes | None:
    """The 64 bytes in a `client_secret`; nothing if it is not URL-safe base64 without padding.

    Clients in the wild differ in alphabet and padding; the stricter reading is taken, which a client that follows it
    passes everywhere.
    """
    if not _URL_SAFE.fullmatch(client_secret):
        return None
    padding = "=" * (-len(client_secret) % 4)
    try:
        signature = base64.urlsafe_b64decode(client_secret + padding)
    except ValueError:
        return None
    return signature if len(signature) == SIGNATURE_BYTES else None
