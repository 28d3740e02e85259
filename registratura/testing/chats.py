"""Chats in memory: who is in them, who cannot be added, and calls that can be ordered to be late, lost or refused."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import count

import attrs

from registratura.application.ports.chats import Added, Chat, ChatRefused, Participant, RefusalKind, Role
from registratura.application.ports.failures import OutcomeUnknown, Unavailable


@attrs.frozen(kw_only=True)
class Way:
    """How one call to come fares. What was heard and not refused has its effect before anything is answered."""

    heard: bool = True
    """False when it never is: no connection comes about."""
    refusal: ChatRefused | None = None
    """Instead of an effect."""
    delay: float = 0.0
    """Seconds until the answer comes."""
    answered: bool = True
    """False when the connection breaks before the answer."""
    silent: bool = False
    """Instead of breaking, the connection stays open without an answer."""


@attrs.frozen
class MemoryChat:
    """A chat that was made, and as whom people are in it by phone."""

    chat: Chat
    title: str
    people: dict[str, Role] = attrs.field(factory=dict, repr=False)


@attrs.define
class MemoryChats:
    """Keeps the published contract of chats without a network.

    `chats` are those that were made, by id. Phones in `absent` cannot be added, those in `queued` are let in later.
    `created` and `added` list what was asked, heard or not.
    """

    chats: dict[str, MemoryChat] = attrs.field(factory=dict)
    absent: set[str] = attrs.field(factory=set)
    queued: set[str] = attrs.field(factory=set)
    created: list[str] = attrs.field(factory=list)
    added: list[tuple[str, tuple[Participant, ...]]] = attrs.field(factory=list)
    _script: deque[Way] = attrs.field(factory=deque, init=False)
    _numbers: "count[int]" = attrs.field(factory=lambda: count(101), init=False)

    def script(self, *ways: Way) -> None:
        """Let the next calls fare so, one after the other; those after them are heard and answered at once."""
        self._script.extend(ways)

    async def create(self, title: str) -> Chat | ChatRefused:
        """Make a chat; see the port."""
        if not title.strip():
            raise ValueError("title: words expected")
        self.created.append(title)
        way = self._way()
        answer = way.refusal or self._create(title)
        await _answered(way, OutcomeUnknown("the connection broke"))
        return answer

    async def add(self, chat_id: str, people: Sequence[Participant]) -> Added | ChatRefused:
        """Let people in; see the port."""
        if not people:
            return Added()
        self.added.append((chat_id, tuple(people)))
        way = self._way()
        answer = way.refusal or self._add(chat_id, people)
        await _answered(way, Unavailable("the connection broke"))
        return answer

    def _way(self) -> Way:
        way = self._script.popleft() if self._script else Way()
        if not way.heard:
            raise Unavailable("no connection")
        return way

    def _create(self, title: str) -> Chat:
        number = next(self._numbers)
        chat = Chat(str(number), f"https://chats.example/join/{number}")
        self.chats[chat.id] = MemoryChat(chat, title)
        return chat

    def _add(self, chat_id: str, people: Sequence[Participant]) -> Added | ChatRefused:
        chat = self.chats.get(chat_id)
        if chat is None:
            return ChatRefused(RefusalKind.BUG, "chat.unknown")
        coming = {person.phone: person.role for person in people if person.phone not in self.absent}
        chat.people.update({phone: role for phone, role in coming.items() if phone not in self.queued})
        return Added(frozenset(person.phone for person in people) - coming.keys())


async def _answered(way: Way, broken: Exception) -> None:
    await asyncio.sleep(way.delay)
    if way.silent:
        await asyncio.Event().wait()
    if not way.answered:
        raise broken
