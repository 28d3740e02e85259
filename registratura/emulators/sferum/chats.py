"""The chats themselves: made, joined, written into and looked at, each within one transaction."""

import secrets
from datetime import UTC, datetime
from enum import Enum

import attrs

from registratura.emulators.sferum.store import Row, Tx

SHOWN = 100
CODE_BYTES = 16

JOIN = """
INSERT INTO members VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET chat_role = excluded.chat_role, member_role = excluded.member_role,
    state = CASE state WHEN 'member' THEN state ELSE excluded.state END
"""


class State(Enum):
    """Whether somebody is in the chat."""

    MEMBER = "member"
    QUEUED = "queued"
    """Accepted, and let in later."""


@attrs.frozen(kw_only=True)
class Member:
    """Somebody in a chat, known by phone."""

    phone: str
    chat_role: str
    member_role: str
    state: State = State.MEMBER


@attrs.frozen(kw_only=True)
class Message:
    """Words of a member."""

    phone: str
    text: str
    written: datetime


@attrs.frozen(kw_only=True)
class Chat:
    """A chat as its people see it; messages are there only where one chat is looked at."""

    chat_id: int
    code: str
    title: str
    created: datetime
    members: tuple[Member, ...] = ()
    messages: tuple[Message, ...] = ()


def create(tx: Tx, title: str) -> Chat:
    """A new chat; nobody is in it yet."""
    # By chance, because who kept the id of a chat must not meet another one after the database was deleted.
    chat_id, code = 10**8 + secrets.randbelow(9 * 10**8), secrets.token_urlsafe(CODE_BYTES)
    sql = "INSERT INTO chats (chat_id, code, title, created) VALUES (?, ?, ?, ?)"
    tx.do(sql, chat_id, code, title, tx.now)
    return Chat(chat_id=chat_id, code=code, title=title, created=_moment(tx.now))


def exists(tx: Tx, chat_id: int) -> bool:
    """Whether there is such a chat."""
    return tx.one("SELECT 1 FROM chats WHERE chat_id = ?", chat_id) is not None


def join(tx: Tx, chat_id: int, member: Member) -> None:
    """Let somebody in; who is there already stays and gets the roles named last."""
    values = (chat_id, member.phone, member.chat_role, member.member_role, member.state.value)
    tx.do(JOIN, *values)


def write(tx: Tx, chat_id: int, phone: str, text: str) -> None:
    """Words of a member."""
    tx.do("INSERT INTO messages (chat_id, phone, text, written) VALUES (?, ?, ?, ?)", chat_id, phone, text, tx.now)


def newest(tx: Tx, most: int = SHOWN) -> list[Chat]:
    """The newest chats with their people, oldest of them first."""
    rows = tx.all("SELECT * FROM chats ORDER BY number DESC LIMIT ?", most)
    return [_chat(tx, row) for row in reversed(rows)]


def behind(tx: Tx, code: str) -> Chat | None:
    """The chat an invitation leads to, with its latest messages."""
    row = tx.one("SELECT * FROM chats WHERE code = ?", code)
    if row is None:
        return None
    latest = tx.all("SELECT * FROM messages WHERE chat_id = ? ORDER BY id DESC LIMIT ?", row["chat_id"], SHOWN)
    messages = (
        Message(phone=said["phone"], text=said["text"], written=_moment(said["written"])) for said in reversed(latest)
    )
    return attrs.evolve(_chat(tx, row), messages=tuple(messages))


def _chat(tx: Tx, row: Row) -> Chat:
    rows = tx.all("SELECT * FROM members WHERE chat_id = ? ORDER BY rowid", row["chat_id"])
    members = (
        Member(
            phone=member["phone"],
            chat_role=member["chat_role"],
            member_role=member["member_role"],
            state=State(member["state"]),
        )
        for member in rows
    )
    return Chat(
        chat_id=row["chat_id"],
        code=row["code"],
        title=row["title"],
        created=_moment(row["created"]),
        members=tuple(members),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
