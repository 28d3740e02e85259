"""What the answers of Sferum mean (error codes of VK), as plain functions."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import attrs
import orjson

from registratura.application.ports.chats import PHONE, Added, Chat, ChatRefused, Participant, RefusalKind

TRY_AGAIN = frozenset({1, 6, 9, 10, 29})
"""Unknown error, too many per second, flood, internal error, limit reached: VK asks to repeat the call."""
OUR_FAULT = frozenset({8, 100})
"""Bad request, bad parameter."""
MALFORMED = "answer.malformed"
NUMBER = re.compile(r"[0-9]{1,18}")


@attrs.frozen
class Reply:
    """A success: what stands below `response`."""

    fields: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen
class NotNow:
    """Certainly nothing was done, and the call may be repeated."""

    reason: str


@attrs.frozen
class InDoubt:
    """The call may have had its effect."""

    reason: str


Outcome = Reply | ChatRefused | NotNow | InDoubt


def outcome_of(status: int, body: bytes) -> Outcome:
    """How a call ended. A readable body decides whatever the status says; without one the status does."""
    fields = _json(body)
    refusal, response = fields.get("error"), fields.get("response")
    code = _number(refusal.get("error_code")) if isinstance(refusal, dict) else None
    if code is not None:
        return _refusal(code)
    if isinstance(response, dict) and refusal is None:
        return Reply(response)
    return _by_status(status)


def chat_of(reply: Reply) -> Chat | InDoubt:
    """The chat that was made; in doubt when there is one that nobody can find or enter."""
    chat_id, link = _number(reply.fields.get("chat_id")), reply.fields.get("invite_link")
    if chat_id is None or not isinstance(link, str) or not _is_web_address(link):
        return InDoubt(MALFORMED)
    return Chat(str(chat_id), link)


def added_of(reply: Reply, people: Sequence[Participant]) -> Added | InDoubt:
    """Who of *people* is missing.

    The shape of an element of `failed_users` is not known: a string, a number and an object are understood. Where one
    names nobody we asked for, nobody is certainly in, and everybody is missing.
    """
    failed = reply.fields.get("failed_users", MALFORMED)
    if not isinstance(failed, list | None):
        return InDoubt(MALFORMED)
    asked = frozenset(person.phone for person in people)
    named = [_phone(entry) for entry in failed or ()]
    return Added(asked.intersection(named) if asked.issuperset(named) else asked)


def _refusal(code: int) -> ChatRefused | NotNow:
    reason = f"vk.{code}"
    if code in TRY_AGAIN:
        return NotNow(reason)
    # A code that nobody told us about is looked at by people, not repeated at once.
    return ChatRefused(RefusalKind.BUG if code in OUR_FAULT else RefusalKind.ALARM, reason)


def _by_status(status: int) -> ChatRefused | NotNow | InDoubt:
    """What an answer means that is not in the form of VK: a page of some proxy, half a body, a server on its knees."""
    reason = f"http.{status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotNow(reason)
    if (
        HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.REQUEST_TIMEOUT
    ):
        # Somebody before the method turned the call away: a wrong address, a closed door.
        return ChatRefused(RefusalKind.ALARM, reason)
    return InDoubt(MALFORMED if status < HTTPStatus.MULTIPLE_CHOICES else reason)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _number(value: object) -> int | None:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.netloc)


def _phone(entry: object) -> str | None:
    """The phone that an element of `failed_users` names, if any."""
    if isinstance(entry, dict):
        return _phone(entry.get("phone")) or _phone(entry.get("user_id"))
    digits = "".join(sign for sign in str(entry) if sign in "0123456789") if isinstance(entry, str | int) else ""
    phone = f"7{digits[-10:]}" if digits[:-10] in {"", "7", "8"} else digits
    return phone if PHONE.fullmatch(phone) else None
