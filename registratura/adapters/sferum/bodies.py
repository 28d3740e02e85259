"""What we want as the fields that the methods take."""

from collections.abc import Mapping, Sequence

import orjson

from registratura.application.ports.chats import Participant, Role

TITLE = 128
"""Characters of a title. No source names a limit; titles this long are read in no list of chats anyway."""
ROLES: Mapping[Role, Mapping[str, str]] = {
    Role.DOCTOR: {"chat_role": "teacher", "member_role": "admin"},
    Role.PATIENT: {"chat_role": "student", "member_role": "member"},
}


def chat_fields(title: str) -> dict[str, str]:
    """The fields of `educationSchool.createChat`. Raises ValueError for a title nobody could read."""
    return {"type": "telemedicine", "chat_title": fitted(title)}


def users_fields(chat_id: str, people: Sequence[Participant]) -> dict[str, str]:
    """The fields of `educationSchool.addChatUsers`."""
    users = [{"phone": person.phone, **ROLES[person.role]} for person in people]
    return {"chat_id": chat_id, "users": orjson.dumps(users).decode()}


def fitted(title: str) -> str:
    """*title* on one line, cut after a word when it is too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in title).split())
    if not line:
        raise ValueError("title: words expected")
    if len(line) <= TITLE:
        return line
    head = line[: TITLE - 1]
    words = head if line[TITLE - 1] == " " else head.rpartition(" ")[0]
    return (words or head).rstrip(" ,;:·—-") + "…"
