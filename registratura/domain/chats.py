"""The chat of a consultation: made once ahead of its beginning, people let in, and what is done when that fails.

One transition table in functions. A chat is never made twice: whoever dies, or hears nothing, after asking for one
leaves a chat that may exist (UNKNOWN), and a person decides what becomes of it.
"""

from datetime import datetime, timedelta
from enum import Enum

import attrs

from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.identifiers import AppointmentId
from registratura.domain.moments import aware
from registratura.domain.telemedicine import Platform

TRY_AGAIN = timedelta(seconds=60)
"""Between one attempt and the next."""
TRIES_AFTER_START = timedelta(minutes=10)
"""How long after the beginning of the consultation one goes on trying."""


LATEST = timedelta(hours=4)
"""After so long a consultation that nobody ended counts as over."""


class ChatState(Enum):
    """Where a chat stands."""

    WANTED = "wanted"
    MAKING = "making"
    """The messenger is being asked, or whoever asked it died."""
    UNKNOWN = "unknown"
    """It may have been made; nobody makes another by themselves."""
    MADE = "made"
    """There, and not everybody is in it."""
    READY = "ready"
    """Nobody more is let in: everybody is in it, or the messenger will never let in who is missing."""
    GIVEN_UP = "given_up"


class Side(Enum):
    """Whose side somebody in the chat is on."""

    DOCTOR = "doctor"
    PATIENT = "patient"


@attrs.frozen
class Guest:
    """Somebody to let in, by phone: 7XXXXXXXXXX."""

    phone: str = attrs.field(repr=False)
    side: Side


@attrs.frozen(kw_only=True)
class ConsultationChat:
    """The chat of one consultation."""

    appointment: AppointmentId
    state: ChatState
    starts: datetime = attrs.field(validator=aware)
    """Of the consultation."""
    due: datetime | None
    """When something is to be done for it next; None for never."""
    guests: tuple[Guest, ...] = ()
    missing: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    """Phones of those who are not in it yet."""
    chat: str | None = None
    """Its id in the messenger."""
    link: str | None = attrs.field(default=None, repr=False)
    attempts: int = 0
    reason: str | None = None
    """Why it failed last, in a machine's words."""
    told: bool = False
    """People know that it failed."""

    @property
    def gives_up_at(self) -> datetime:
        """When one stops trying."""
        return self.starts + TRIES_AFTER_START

    @property
    def is_open(self) -> bool:
        """Whether one can go in."""
        return self.state in {ChatState.MADE, ChatState.READY}

    @property
    def missing_sides(self) -> frozenset[Side]:
        """Who is missing."""
        missing = {guest.side for guest in self.guests if guest.phone in self.missing}
        return frozenset(missing if _has_doctor(self) else {*missing, Side.DOCTOR})


def wanted(booked: Appointment, guests: tuple[Guest, ...], now: datetime) -> ConsultationChat:
    """The chat of *booked*, to be made at once."""
    return ConsultationChat(
        appointment=booked.id,
        state=ChatState.WANTED,
        starts=booked.starts,
        due=now,
        guests=guests,
        missing=frozenset(guest.phone for guest in guests),
    )


def may_be_made(booked: Appointment, lead: timedelta, now: datetime) -> bool:
    """Whether *booked*, which has no chat, may get one: not before that is due, nor when it is of no use any more."""
    is_ours = booked.kind is VisitKind.ONLINE_CONSULTING and booked.platform is Platform.MAX
    return is_ours and booked.starts - lead <= now < booked.starts + LATEST


def taken(chat: ConsultationChat, now: datetime, term: timedelta) -> ConsultationChat:
    """Somebody does what is due for *chat*: theirs for *term*.

    What is due of a chat that somebody was making is nothing but to say that nobody knows whether it is there.
    """
    match chat.state:
        case ChatState.WANTED:
            return attrs.evolve(chat, state=ChatState.MAKING, due=now + term, attempts=chat.attempts + 1)
        case ChatState.MAKING:
            return in_doubt(chat, "died", now)
        case ChatState.MADE if chat.missing:
            return attrs.evolve(chat, due=now + term, attempts=chat.attempts + 1)
        case ChatState.MADE:
            return added(chat, chat.missing, frozenset(), None, now)
        case _:
            return attrs.evolve(chat, due=None)


def made(chat: ConsultationChat, id: str, link: str, now: datetime) -> ConsultationChat:
    """The messenger made it; its guests are let in next."""
    if chat.state not in {ChatState.MAKING, ChatState.UNKNOWN}:
        return chat
    return attrs.evolve(chat, state=ChatState.MADE, chat=id, link=link, due=now, attempts=0, reason=None)


def not_made(chat: ConsultationChat, reason: str, now: datetime) -> ConsultationChat:
    """Certainly none was made: another attempt, until it is too late."""
    if chat.state is not ChatState.MAKING:
        return chat
    if now + TRY_AGAIN > chat.gives_up_at:
        return attrs.evolve(chat, state=ChatState.GIVEN_UP, due=_to_be_told(chat, now), reason=reason)
    return attrs.evolve(chat, state=ChatState.WANTED, due=now + TRY_AGAIN, reason=reason)


def in_doubt(chat: ConsultationChat, reason: str, now: datetime) -> ConsultationChat:
    """One may have been made."""
    if chat.state is not ChatState.MAKING:
        return chat
    return attrs.evolve(chat, state=ChatState.UNKNOWN, due=_to_be_told(chat, now), reason=reason)


def refused(chat: ConsultationChat, reason: str, now: datetime) -> ConsultationChat:
    """The messenger will never accept this call."""
    return attrs.evolve(chat, state=ChatState.GIVEN_UP, due=_to_be_told(chat, now), reason=reason)


def added(
    chat: ConsultationChat,
    asked: frozenset[str],
    missing: frozenset[str],
    reason: str | None,
    now: datetime,
    *,
    final: bool = False,
) -> ConsultationChat:
    """Those *asked* for were let in, all but *missing*; those are tried again until it is too late, or not if *final*.

    Whoever was invited meanwhile is let in next.
    """
    if chat.state is not ChatState.MADE:
        return chat
    still = (chat.missing - asked) | (chat.missing & missing)
    if not still:
        due = None if _has_doctor(chat) else _to_be_told(chat, now)
        return attrs.evolve(chat, state=ChatState.READY, missing=still, due=due, reason=None)
    again = now if still - asked else now + TRY_AGAIN
    after = attrs.evolve(chat, missing=still, due=again, reason=reason)
    if still - asked or not (final or again > chat.gives_up_at):
        return after
    due = _to_be_told(chat, now) if Side.DOCTOR in after.missing_sides else None
    # All that is due of a chat that was refused for good is to tell people of it.
    return attrs.evolve(after, state=ChatState.READY if final else after.state, due=due)


def invited(chat: ConsultationChat, guest: Guest, now: datetime) -> ConsultationChat:
    """One more is to be let in; who is in it, or is about to be, changes nothing."""
    known = guest.phone in {one.phone for one in chat.guests}
    if known and (guest.phone not in chat.missing or chat.due is not None):
        return chat
    guests = chat.guests if known else (*chat.guests, guest)
    more = attrs.evolve(chat, guests=guests, missing=chat.missing | {guest.phone})
    return attrs.evolve(more, state=ChatState.MADE, due=now, attempts=0) if chat.is_open else more


def again(chat: ConsultationChat, now: datetime) -> ConsultationChat:
    """Somebody looked and decided that another chat is to be made; too long after the beginning nobody needs it."""
    if chat.state not in {ChatState.UNKNOWN, ChatState.GIVEN_UP} or now >= chat.starts + LATEST:
        return chat
    return attrs.evolve(chat, state=ChatState.WANTED, due=now, reason=None, attempts=0)


def to_be_told(chat: ConsultationChat, now: datetime) -> bool:
    """Whether people are to hear at *now* that a consultation begins without a chat, or without its doctor in it."""
    if chat.told or now < chat.starts or (chat.state is ChatState.MAKING and chat.reason is None):
        # It may be there in a moment, and whatever else becomes of it has a reason.
        return False
    was_tried = chat.state is ChatState.READY or chat.reason is not None
    return not chat.is_open or (was_tried and Side.DOCTOR in chat.missing_sides)


def told(chat: ConsultationChat) -> ConsultationChat:
    """They heard."""
    return attrs.evolve(chat, told=True)


def withdrawn(chat: ConsultationChat) -> ConsultationChat:
    """The booking is over: nothing more is done."""
    return attrs.evolve(chat, due=None)


def _has_doctor(chat: ConsultationChat) -> bool:
    """Whether anybody knows the doctor's phone."""
    return any(guest.side is Side.DOCTOR for guest in chat.guests)


def _to_be_told(chat: ConsultationChat, now: datetime) -> datetime | None:
    return None if chat.told else max(chat.starts, now)
