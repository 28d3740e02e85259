"""The methods: what they demand of a form, what they do, and what they answer.

Nobody publishes their rules. Ours, all on the strict side: the type is ``telemedicine`` and nothing else, a title has
128 characters at most, at least one person is added at a time, a phone is eleven digits from 7, roles are those that
were seen, and one wrong person refuses the whole call.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import orjson

from registratura.emulators.sferum import chats
from registratura.emulators.sferum.chats import Member, State
from registratura.emulators.sferum.config import SferumEmulatorConfig
from registratura.emulators.sferum.errors import bad_parameter
from registratura.emulators.sferum.faults import Faults, Shape
from registratura.emulators.sferum.store import Tx

Json = dict[str, Any]
Fields = Mapping[str, str]

TITLE_LIMIT = 128
PHONE = re.compile(r"7[0-9]{10}")
CHAT_ID = re.compile(r"[0-9]{1,18}")
CHAT_ROLES = ("teacher", "student")
MEMBER_ROLES = ("admin", "member")


@attrs.frozen
class World:
    """What the methods know beside the form."""

    config: SferumEmulatorConfig
    faults: Faults


def create_chat(tx: Tx, world: World, fields: Fields) -> Json:
    """``educationSchool.createChat``: an empty chat and the invitation to it."""
    if _given(fields, "type") != "telemedicine":
        raise bad_parameter("type is invalid")
    title = _given(fields, "chat_title")
    if len(title) > TITLE_LIMIT:
        raise bad_parameter("chat_title is too long")
    chat = chats.create(tx, title)
    return {"chat_id": chat.chat_id, "invite_link": world.config.link(chat.code), "all_can_post": True}


def add_chat_users(tx: Tx, world: World, fields: Fields) -> Json:
    """``educationSchool.addChatUsers``: lets people in by phone; whoever is there already is no failure."""
    given = _given(fields, "chat_id")
    if CHAT_ID.fullmatch(given) is None or not chats.exists(tx, chat_id := int(given)):
        raise bad_parameter("chat_id is invalid")
    failed: list[object] = []
    queued: list[str] = []
    for member in _members(_given(fields, "users")):
        if member.phone in world.config.not_in_max | world.faults.failing:
            failed.append(_listed(member.phone, world.faults.failed_as))
        elif member.phone in world.config.pending:
            queued.append(member.phone)
            chats.join(tx, chat_id, attrs.evolve(member, state=State.QUEUED))
        else:
            chats.join(tx, chat_id, member)
    return {"failed_users": failed, "queued_users": queued}


Method = Callable[[Tx, World, Fields], Json]
METHODS: Mapping[str, Method] = {
    "educationSchool.createChat": create_chat,
    "educationSchool.addChatUsers": add_chat_users,
}


def _given(fields: Fields, name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise bad_parameter(f"{name} is undefined")
    return value


def _members(text: str) -> list[Member]:
    try:
        users = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise bad_parameter("users is not a valid JSON") from fault
    if not isinstance(users, list) or not users:
        raise bad_parameter("users should be a not empty array")
    return [_member(user) for user in users]


def _member(user: object) -> Member:
    fields = user if isinstance(user, dict) else {}
    phone, chat_role, member_role = (fields.get(name) for name in ("phone", "chat_role", "member_role"))
    if not isinstance(phone, str) or PHONE.fullmatch(phone) is None:
        raise bad_parameter("users.phone is invalid")
    if chat_role not in CHAT_ROLES:
        raise bad_parameter("users.chat_role is invalid")
    if member_role not in MEMBER_ROLES:
        raise bad_parameter("users.member_role is invalid")
    return Member(phone=phone, chat_role=chat_role, member_role=member_role)


def _listed(phone: str, shape: Shape) -> object:
    match shape:
        case Shape.TEXT:
            return phone
        case Shape.NUMBER:
            return int(phone)
        case Shape.OBJECT:
            return {"phone": phone, "error": "user_not_found"}
