"""Numbered crash points: every boundary at which a killed process leaves something half done behind it.

Wrappers around the ports count the boundaries as work passes them, 1, 2, 3 …, and tell each to `on_point`; nothing in
the product knows of them. Run once and write the points down; then, for each number, run in a process whose `on_point`
ends it with SIGKILL at that number, start again without, and compare how it ended. The same work passes the same
points in the same order as long as one thing is done at a time.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result

from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.chats import Added, Chat, ChatRefused, Chats, Participant
from registratura.application.ports.deciding import (
    BookingJudge,
    CancelJudge,
    Decision,
    Known,
    Overtaken,
    ToBook,
    ToCancel,
)
from registratura.application.ports.messenger import Messenger, Outgoing, Receipt, Send, Throttle
from registratura.application.ports.storage import Storage, Transaction

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")

OnPoint = Callable[[int, str], None]
"""Called with the number and the name of the point that is passed, in whatever thread passes it."""

_READ_ONLY = frozenset({"schedule"})
_READS = frozenset(
    {
        "accounts.all",
        "accounts.by_login",
        "accounts.by_messenger",
        "accounts.by_subject",
        "accounts.find",
        "accounts.link",
        "accounts.session",
        "agenda.describe",
        "agenda.due",
        "agenda.next",
        "agenda.now",
        "appointments.coming",
        "appointments.facts",
        "appointments.find",
        "chats.due",
        "chats.find",
        "chats.of",
        "confirmations.due",
        "confirmations.find",
        "confirmations.now",
        "confirmations.states",
        "consultations.end_of",
        "consultations.of_doctor",
        "consultations.offer",
        "dialogues.find",
        "inbox.marker",
        "inbox.next",
        "patients.attachments",
        "patients.born_on",
        "patients.by_messenger",
        "patients.by_snils",
        "patients.find",
        "patients.represented_by",
        "patients.representing",
        "requests.remembered",
    }
)
"""What a transaction may do without an effect. Whatever is not named counts as one, lest a new one be passed over."""


@attrs.define
class Points:
    """Counts the points that are passed; safe to share between threads."""

    on_point: OnPoint
    passed: int = attrs.field(default=0, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def reach(self, name: str) -> None:
        """Pass the next point."""
        with self._lock:
            self.passed += 1
            number = self.passed
        self.on_point(number, name)


@attrs.frozen
class WatchedStorage(Storage):
    """A storage whose transactions with effects are points: «outbox.lease: before commit», «outbox.lease: committed».

    A transaction is named by its effects. Looking for work and finding none is no effect, and neither is anything that
    a `Failure` undoes. One transaction runs at a time, or the numbers would be a matter of luck.
    """

    storage: Storage
    points: Points
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """See the port."""
        effects: list[str] = []

        def watched(tx: Transaction) -> T:
            value = work(cast("Transaction", _Watched(tx, "", effects)))
            if effects and not isinstance(value, Failure):
                self.points.reach(f"{_name(effects)}: before commit")
            return value

        async with self._turn:
            value = await self.storage.transact(watched)
            if effects and not isinstance(value, Failure):
                self.points.reach(f"{_name(effects)}: committed")
            return value

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:
        """See the port: «book: decided» and «book: committed», if anything is decided that has to be kept."""
        deciding = _Deciding("book", judge, self.points)
        async with self._turn:
            return deciding.kept(await self.storage.book(asked, deciding))

    async def cancel(self, asked: ToCancel, judge: CancelJudge[T, R]) -> Result[T, R | Overtaken]:
        """See the port; points as of `book`."""
        deciding = _Deciding("cancel", judge, self.points)
        async with self._turn:
            return deciding.kept(await self.storage.cancel(asked, deciding))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See the port; reading is no point."""
        return await self.storage.read(work)

    async def availability(self, asked: AvailabilityQuery) -> Availability | None:
        """See the port; counting is no point."""
        return await self.storage.availability(asked)

    async def ping(self) -> None:
        """See the port."""
        await self.storage.ping()


def _name(effects: list[str]) -> str:
    return ", ".join(dict.fromkeys(effects))


@attrs.define
class _Deciding(Generic[K, T, R]):
    """A judge whose decisions are points when they are made and when they are kept."""

    name: str
    judge: Callable[[Known[K]], Result[Decision[T], R]]
    points: Points
    has_effect: bool = False

    def __call__(self, known: Known[K]) -> Result[Decision[T], R]:
        verdict = self.judge(known)
        self.has_effect = is_successful(verdict) and not _changes_nothing(verdict.unwrap())
        if self.has_effect:
            self.points.reach(f"{self.name}: decided")
        return verdict

    def kept(self, result: Result[T, R | Overtaken]) -> Result[T, R | Overtaken]:
        if self.has_effect and is_successful(result):
            self.points.reach(f"{self.name}: committed")
        return result


def _changes_nothing(decision: Decision[Any]) -> bool:
    return decision.change is None and decision.answer is None


@attrs.frozen
class _Watched:
    """Collections of a transaction, or methods of one of them, that write down which effects they had."""

    _target: object
    _path: str
    _effects: list[str]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # stands for whatever the target has
        found = getattr(self._target, name)
        if not self._path:
            return _Watched(found, name, self._effects)
        return self._noting(f"{self._path}.{name}", found)

    def _noting(self, name: str, method: Callable[..., T]) -> Callable[..., T]:
        def call(*arguments: Any, **named: Any) -> T:  # noqa: ANN401  # those of the method
            value = method(*arguments, **named)
            nothing_done = value is not None and not value
            if not (nothing_done or name in _READS or name.partition(".")[0] in _READ_ONLY):
                self._effects.append(name)
            return value

        return call


@attrs.frozen
class WatchedMessenger(Messenger):
    """A messenger with a point before each delivery and one after it, when nobody has recorded it yet."""

    messenger: Messenger
    points: Points

    async def deliver(self, outgoing: Outgoing) -> Receipt:
        """See the port."""
        kind = type(outgoing).__name__.lower()
        self.points.reach(f"{kind}: before sending")
        receipt = await self.messenger.deliver(outgoing)
        self.points.reach(f"{kind}: {receipt.delivery.value}, not recorded")
        return receipt

    async def was_sent(self, sent: Send, since: datetime) -> bool | None:
        """See the port; looking is no point."""
        return await self.messenger.was_sent(sent, since)


@attrs.frozen
class WatchedChats(Chats):
    """Chats with a point before each call and one after it, when nobody has recorded it yet."""

    chats: Chats
    points: Points

    async def create(self, title: str) -> Chat | ChatRefused:
        """See the port."""
        self.points.reach("chats.create: before")
        made = await self.chats.create(title)
        self.points.reach("chats.create: done, not recorded")
        return made

    async def add(self, chat_id: str, people: Sequence[Participant]) -> Added | ChatRefused:
        """See the port."""
        self.points.reach("chats.add: before")
        added = await self.chats.add(chat_id, people)
        self.points.reach("chats.add: done, not recorded")
        return added


@attrs.frozen
class WatchedThrottle(Throttle):
    """A throttle with a point before and after each place it gives."""

    throttle: Throttle
    points: Points

    async def reserve(self, lines: dict[str, float]) -> float:
        """See the port."""
        self.points.reach("throttle.reserve: before")
        seconds = await self.throttle.reserve(lines)
        self.points.reach("throttle.reserve: done")
        return seconds
