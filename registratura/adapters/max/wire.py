"""Updates of MAX as it sends them (MAX reference, sections 4 and 8).

What is needed must have the right shape; nulls may be left out, and fields and kinds nobody knows are passed over. What
a person typed is never read.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from registratura.application.ports.messenger import Pressed, Started, Stopped, Typed, Update, line_of
from registratura.domain.identifiers import MessengerId

LONGEST_PAYLOAD = 1024
INT64 = range(-(2**63), 2**63)

Fields = Mapping[str, Any]


@attrs.frozen
class MalformedUpdate(ValueError):
    """An update without the shape MAX promises: where in it, and what was expected there; never what stood there."""

    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: {self.expected} expected"


def read_update(raw: object) -> Update:
    """The update in the body of a webhook (bytes), or one of a poll (decoded). Raises `MalformedUpdate`."""
    update = _decoded(raw) if isinstance(raw, bytes) else raw
    if not isinstance(update, Mapping):
        raise MalformedUpdate("$", "object")
    kind = _text(update, "update_type", "$")
    return READERS.get(kind, _unneeded)(kind, update)


def _decoded(raw: bytes) -> object:
    try:
        decoded: object = json.loads(raw)
    except (ValueError, RecursionError):
        # What could not be read would stand in the error that is replaced here.
        raise MalformedUpdate("$", "JSON in UTF-8") from None
    return decoded


def _started(kind: str, update: Fields) -> Update:
    user, chat = _user(update, "$"), _chat(update, "$")
    return _told(kind, update, Started(user=user, chat=chat, payload=_payload(update, "$")))


def _stopped(kind: str, update: Fields) -> Update:
    return _told(kind, update, Stopped(user=_user(update, "$")))


def _told(kind: str, update: Fields, incoming: Started | Stopped) -> Update:
    happened = _whole(update, "timestamp", "$")
    chat = _chat(update, "$")
    return Update(key=_key(kind, chat, incoming.user, happened), line=line_of(incoming.user), incoming=incoming)


def _pressed(kind: str, update: Fields) -> Update:
    callback = _object(update, "callback", "$")
    pressed = _text(callback, "callback_id", "$.callback")
    payload = _payload(callback, "$.callback")
    user = _user(callback, "$.callback")
    key, line = _key(kind, pressed, payload), line_of(user)
    if update.get("message") is None:
        return Update(
            key=key,
            line=line,
            incoming=Pressed(user=user, chat=None, callback=pressed, payload=payload, mid=None),
        )
    message = _object(update, "message", "$")
    mid = _mid(message)
    chat = _dialogue(message)
    # What the bot shows to one person must never be drawn into a group.
    incoming = Pressed(user=user, chat=chat, callback=pressed, payload=payload, mid=mid) if chat is not None else None
    return Update(key=key, line=line, incoming=incoming)


def _written(kind: str, update: Fields) -> Update:
    message = _object(update, "message", "$")
    key = _key(kind, _mid(message), _whole(update, "timestamp", "$"))
    chat = _dialogue(message)
    if chat is None or message.get("sender") is None:
        return Update(key=key, line="", incoming=None)
    sender = _object(message, "sender", "$.message")
    user = _id(sender, "user_id", "$.message.sender")
    incoming = None if sender.get("is_bot") is True else Typed(user=MessengerId(user), chat=chat)
    return Update(key=key, line=line_of(MessengerId(user)), incoming=incoming)


def _unneeded(kind: str, update: Fields) -> Update:
    named = (update.get(name) for name in ("chat_id", "user_id", "timestamp"))
    return Update(key=_key(kind, *named), line="", incoming=None)


READERS: dict[str, Callable[[str, Fields], Update]] = {
    "bot_started": _started,
    "bot_stopped": _stopped,
    "dialog_removed": _stopped,
    "message_callback": _pressed,
    "message_created": _written,
}
NEEDED_TYPES = frozenset(READERS)
"""What we subscribe to."""


def _key(kind: str, *parts: object) -> str:
    """The vendor's names have no bound and no promised alphabet; their digest fits any column."""
    told = json.dumps(parts)
    return f"max:{kind[:32]}:{hashlib.sha256(told.encode()).hexdigest()}"


def _dialogue(message: Fields) -> str | None:
    """The chat of a message in a dialogue with one person; None in groups and channels."""
    recipient = _object(message, "recipient", "$.message")
    if _text(recipient, "chat_type", "$.message.recipient") != "dialog":
        return None
    return _id(recipient, "chat_id", "$.message.recipient")


def _mid(message: Fields) -> str:
    return _text(_object(message, "body", "$.message"), "mid", "$.message.body")


def _user(fields: Fields, path: str) -> MessengerId:
    return MessengerId(_id(_object(fields, "user", path), "user_id", f"{path}.user"))


def _chat(fields: Fields, path: str) -> str | None:
    return None if fields.get("chat_id") is None else _id(fields, "chat_id", path)


def _payload(fields: Fields, path: str) -> str | None:
    """What a button or a link carried; None when it cannot be ours: anybody may write anything into a link."""
    payload = fields.get("payload")
    if payload is not None and not isinstance(payload, str):
        raise MalformedUpdate(f"{path}.payload", "text")
    return payload if payload and payload.isprintable() and len(payload) <= LONGEST_PAYLOAD else None


def _object(fields: Fields, name: str, path: str) -> Fields:
    value = fields.get(name)
    if not isinstance(value, Mapping):
        raise MalformedUpdate(f"{path}.{name}", "object")
    return value


def _text(fields: Fields, name: str, path: str) -> str:
    """A text that can be kept: no database takes a lone surrogate, and some take no NUL."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise MalformedUpdate(f"{path}.{name}", "printable text")
    return value


def _whole(fields: Fields, name: str, path: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value not in INT64:
        raise MalformedUpdate(f"{path}.{name}", "int64")
    return value


def _id(fields: Fields, name: str, path: str) -> str:
    return str(_whole(fields, name, path))
