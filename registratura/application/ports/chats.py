"""Chats for telemedicine consultations (ТМК), where the messenger is the platform they are held on.

Sources: Sferum, `educationSchool.createChat` and `educationSchool.addChatUsers`; error codes of VK.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import attrs

PHONE = re.compile(r"7[0-9]{10}")


def _phone(_: object, __: "attrs.Attribute[str]", value: str) -> None:
    # The words of attrs' own validators would carry the number.
    if PHONE.fullmatch(value) is None:
        raise ValueError("phone: 11 digits from 7 expected")


class Role(Enum):
    """As whom somebody takes part."""

    DOCTOR = "doctor"
    """Leads the chat."""
    PATIENT = "patient"
    """The patient, or the legal representative who speaks for them."""


@attrs.frozen
class Participant:
    """Somebody to add; the messenger knows people by phone, digits only: 7XXXXXXXXXX."""

    phone: str = attrs.field(repr=False, validator=_phone)
    role: Role


@attrs.frozen
class Chat:
    """A chat that was made. Whoever has its link can come in, so it is shown only to whom it is meant for."""

    id: str
    link: str = attrs.field(repr=False)


@attrs.frozen
class Added:
    """How adding ended: `missing` are the phones of those who are not certainly in.

    Whom the messenger lets in later (`queued_users`) is accepted and not missing.
    """

    missing: frozenset[str] = attrs.field(default=frozenset(), repr=False)


class RefusalKind(Enum):
    """What a refusal asks for."""

    ALARM = "alarm"
    """Somebody must act (token, rights, captcha, address): VK 5, 7, 14, 15. Sensible to try again later."""
    BUG = "bug"
    """The call itself is wrong: VK 8, 100. It is never repeated."""


@attrs.frozen
class ChatRefused:
    """The messenger heard the call and did nothing; `reason` is its machine-readable code, never its text."""

    kind: RefusalKind
    reason: str


class Chats(Protocol):
    """Makes chats and lets people in. Calls run outside of any transaction, and none is repeated inside."""

    async def create(self, title: str) -> Chat | ChatRefused:
        """Make a chat with nobody in it.

        The counterpart knows no idempotency key: asked twice it makes two chats. Raises `Unavailable` when certainly
        no chat was made and the call may be repeated (no connection, or VK 1, 6, 9, 10, 29), and `OutcomeUnknown` when
        one may have been made: a time-out or a broken connection after sending, a failing server, an answer that cannot
        be read. A call that is cut off counts as unknown too.

        The title is seen by everybody in the chat and by the messenger, so it names no patient and no purpose; one
        that is too long is cut. Raises ValueError for a title without words.
        """
        ...

    async def add(self, chat_id: str, people: Sequence[Participant]) -> Added | ChatRefused:
        """Let *people* in; who is there already is no failure, so the call may be repeated whatever became of it.

        Raises `Unavailable` when it is not known that they are in. With nobody to add nothing is asked.
        """
        ...
