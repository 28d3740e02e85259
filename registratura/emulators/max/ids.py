"""Identifiers and signatures in the shapes real traffic shows (max-api reference, sections 4, 7 and 10)."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import quote

CALLBACK_ID_BYTES = 90
UPLOAD_TOKEN_BYTES = 48


def next_seq(timestamp: int, last: int) -> int:
    """A sequence number above *last* whose upper bits are *timestamp* (ms)."""
    return max((timestamp << 16) | secrets.randbits(16), last + 1)


def mid(chat_id: int, seq: int) -> str:
    """Message id: chat and sequence as sixteen hexadecimal digits each."""
    return f"mid.{chat_id & 0xFFFFFFFFFFFFFFFF:016x}{seq & 0xFFFFFFFFFFFFFFFF:016x}"


def dialog_id() -> int:
    """A fresh positive chat id, unlike any user id."""
    return 10**8 + secrets.randbelow(9 * 10**8)


def group_id() -> int:
    """A fresh negative chat id."""
    return -(10**13 + secrets.randbelow(9 * 10**13))


def callback_id() -> str:
    """An opaque string of 120 URL-safe characters."""
    return secrets.token_urlsafe(CALLBACK_ID_BYTES)


def upload_token() -> str:
    """An opaque token of an uploaded file."""
    return secrets.token_urlsafe(UPLOAD_TOKEN_BYTES)


def vcard(name: str, phone: str) -> str:
    """The vCard 3.0 of a shared contact; *phone* is digits only."""
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", f"TEL;TYPE=cell:{phone}", "END:VCARD", "")
    return "\r\n".join(lines)


def contact_hash(token: str, vcf_info: str) -> str:
    """Proof that the number belongs to the sender's own account."""
    return hmac.new(token.encode(), vcf_info.encode(), hashlib.sha256).hexdigest()


def init_data(token: str, fields: Mapping[str, str]) -> str:
    """The signed launch string of a mini-app, percent-encoded like a query."""
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    sign = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in [*fields.items(), ("hash", sign)])
