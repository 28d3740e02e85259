"""The life of a booking that the clinic's own system (МИС) decides: asked, answered, asked again, withdrawn.

Three laws of this file. «Записан» is said after the clinic's yes only. A no that we gave never turns into a booking:
whatever the clinic holds then is cancelled there. Silence is a state and no error: one asks again until one knows.

Each question carries the version of the booking it was asked with. An answer to any but the newest question is
dropped: the newest will bring one of its own, so answers may come in any order, late, or never.
"""

from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

import attrs

from registratura.domain.appointments import Appointment
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.moments import aware
from registratura.domain.refusals import BookingCode, CancelCode


class State(Enum):
    """Where a booking at a remote MIS stands."""

    PENDING = "pending"
    """No answer yet; the slot is held."""
    UNKNOWN = "unknown"
    """A question went unanswered; the slot is held."""
    CONFIRMED = "confirmed"
    """The clinic's yes."""
    REFUSED = "refused"
    """The clinic's no; final."""
    GIVEN_UP = "given_up"
    """We said no while nobody knew; a late yes is looked for."""
    WITHDRAWING = "withdrawing"
    """The clinic holds what we said no to: it is cancelled there, however often one must ask."""
    CANCELLING = "cancelling"
    """Confirmed, and its cancellation is asked for: in force until the clinic agrees."""
    CANCELLED = "cancelled"
    """The clinic holds nothing any more; final."""


HOLDING = frozenset({State.PENDING, State.UNKNOWN, State.CONFIRMED, State.CANCELLING})
"""The states in which our booking is in force and its slot RECORDED; in all others both are released."""

UNANSWERED = frozenset({State.PENDING, State.UNKNOWN})
"""The states in which neither yes nor no may be told."""


@attrs.frozen
class Confirmed:
    """The booking stands at the clinic, under its own `number` where it gives one."""

    number: str | None = None


@attrs.frozen
class Declined:
    """The clinic said no; nothing is booked under our id and nothing will be."""

    code: BookingCode = BookingCode.IMPOSSIBLE


@attrs.frozen
class NotThere:
    """The clinic holds nothing under our id at this moment; what is still on its way may come later."""


@attrs.frozen
class Kept:
    """The clinic does not accept the cancellation: the booking stands."""

    code: ClassVar[CancelCode] = CancelCode.IMPOSSIBLE


@attrs.frozen
class Silence:
    """No answer. With `in_doubt` the question may have arrived and had its effect."""

    in_doubt: bool


Answer = Confirmed | Declined | NotThere | Kept | Silence


class Question(Enum):
    """What the clinic is asked."""

    BOOK = "book"
    BOOK_UNLESS_THERE = "book_unless_there"
    """Look first: an earlier question may have had its effect."""
    FIND = "find"
    CANCEL = "cancel"


PAUSES = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=45))
"""Between one question and the next: asked again 5, 15 and 60 seconds after the first silence."""
LATER_PAUSE = timedelta(minutes=5)
LOOKED_FOR = timedelta(hours=24)
"""How long, at least, a late yes is looked for after we said no."""


@attrs.frozen(kw_only=True)
class Confirmation:
    """A booking of ours as it stands with the clinic."""

    appointment: AppointmentId
    state: State = State.PENDING
    since: datetime = attrs.field(validator=aware)
    """When it came into this state."""
    gives_up_at: datetime = attrs.field(validator=aware)
    """From then on silence means that we say no."""
    version: int = 1
    attempts: int = 0
    """Questions asked in this state."""
    asked_at: datetime | None = None
    """When the question under way was asked; None while none is."""
    in_doubt: bool = False
    """A question to book may have arrived and was never answered."""
    due: datetime | None
    """When to ask next; while a question is under way, when it counts as lost. None when there is nothing to ask."""
    number: str | None = None
    """The clinic's own number of the booking."""
    code: BookingCode | None = None
    """Why the clinic said no."""
    user: MessengerId | None = attrs.field(default=None, repr=False)
    """Who waits for the answer in the messenger; None where the caller waits."""
    chat: str | None = None
    """The dialogue in which they wait, where it is known."""


_LEADS: dict[State, dict[type[Answer], State]] = {
    State.PENDING: {
        Confirmed: State.CONFIRMED,
        Declined: State.REFUSED,
        NotThere: State.UNKNOWN,
        Silence: State.UNKNOWN,
    },
    State.UNKNOWN: {Confirmed: State.CONFIRMED, Declined: State.REFUSED},
    State.GIVEN_UP: {Confirmed: State.WITHDRAWING, Declined: State.REFUSED},
    State.WITHDRAWING: {NotThere: State.CANCELLED},
    State.CANCELLING: {NotThere: State.CANCELLED, Kept: State.CONFIRMED},
    State.CONFIRMED: {},
    State.REFUSED: {},
    State.CANCELLED: {},
}
"""Where an answer leads; after any other the state stays and one asks again."""


_ASKED_AT_ONCE = frozenset({State.WITHDRAWING, State.CANCELLING})


def confirmed(appointment: AppointmentId, now: datetime) -> Confirmation:
    """A booking that we know from the clinic itself, by a load for example."""
    return Confirmation(appointment=appointment, state=State.CONFIRMED, since=now, gives_up_at=now, due=None)


def pending(booked: Appointment, now: datetime, patience: timedelta) -> Confirmation:
    """A booking about which the clinic is to be asked at once.

    After *patience* silence counts as no, and at the start of the visit at the latest.
    """
    return Confirmation(appointment=booked.id, since=now, gives_up_at=min(now + patience, booked.starts), due=now)


def question(held: Confirmation) -> Question:
    """What the clinic is asked by the question under way."""
    match held.state:
        case State.CANCELLING | State.WITHDRAWING:
            return Question.CANCEL
        case State.PENDING | State.UNKNOWN if held.asked_at is None or held.asked_at < held.gives_up_at:
            return Question.BOOK_UNLESS_THERE if held.in_doubt else Question.BOOK
        case _:
            # We are about to say no, or have said it: another question to book would only add to the doubt.
            return Question.FIND


def asked(held: Confirmation, now: datetime, term: timedelta) -> Confirmation:
    """A question goes out; nobody else asks before *term* is over."""
    return attrs.evolve(
        held,
        version=held.version + 1,
        attempts=held.attempts + 1,
        asked_at=now,
        # Whoever asked before and never recorded an answer may have been heard.
        in_doubt=held.in_doubt or held.asked_at is not None,
        due=now + term,
    )


def answered(held: Confirmation, answer: Answer, *, to: int, now: datetime) -> Confirmation:
    """What *answer* to the question of version *to* makes of *held*; the very same where it is out of date."""
    if to != held.version or held.asked_at is None:
        return held
    known = attrs.evolve(
        held,
        in_doubt=held.in_doubt or (isinstance(answer, Silence) and answer.in_doubt),
        number=answer.number if isinstance(answer, Confirmed) else held.number,
        code=answer.code if isinstance(answer, Declined) else held.code,
    )
    state = _LEADS[held.state].get(type(answer), held.state)
    after = _moved(known, state, now) if state is not held.state else _again(known, held.asked_at, answer, now)
    return withdrawn(after, now) if state in UNANSWERED and now >= held.gives_up_at else after


def cancelling(held: Confirmation, now: datetime) -> Confirmation:
    """A confirmed booking whose cancellation is wished."""
    return _moved(held, State.CANCELLING, now)


def withdrawn(held: Confirmation, now: datetime) -> Confirmation:
    """We hold the booking no longer and say no: what the clinic holds, or may come to hold, is cancelled there."""
    if held.state not in UNANSWERED:
        return _moved(held, State.WITHDRAWING, now)
    if held.asked_at is None:
        return _moved(held, State.GIVEN_UP if held.in_doubt else State.CANCELLED, now)
    # The question under way is let end, so that two never ask about one booking at once.
    given_up = _moved(held, State.GIVEN_UP, now)
    return attrs.evolve(given_up, asked_at=held.asked_at, due=held.due)


def pause(held: Confirmation) -> timedelta:
    """How long after the question under way the next one is asked, if it goes unanswered."""
    # Where the state began with a question and not with a silence, the first pause is still to come.
    silences = held.attempts - 1 if held.state in _ASKED_AT_ONCE else held.attempts
    return PAUSES[silences] if silences < len(PAUSES) else LATER_PAUSE


def _moved(held: Confirmation, state: State, now: datetime) -> Confirmation:
    due = {
        State.UNKNOWN: min(now + PAUSES[0], held.gives_up_at),
        State.GIVEN_UP: now + PAUSES[0],
        State.WITHDRAWING: now,
        State.CANCELLING: now,
    }.get(state)
    return attrs.evolve(held, state=state, since=now, version=held.version + 1, attempts=0, asked_at=None, due=due)


def _again(held: Confirmation, begun: datetime, answer: Answer, now: datetime) -> Confirmation:
    due = max(now, begun + pause(held))
    if held.state in UNANSWERED:
        due = min(due, held.gives_up_at)
    # Silence proves nothing, however old: only the clinic's word ends the search for a late yes.
    over = held.state is State.GIVEN_UP and isinstance(answer, NotThere) and now >= held.since + LOOKED_FOR
    return attrs.evolve(held, version=held.version + 1, asked_at=None, due=None if over else due)


class News(Enum):
    """What a person who waits is told when an answer is recorded."""

    NO_ANSWER_YET = "no_answer_yet"
    BOOKED = "booked"
    REFUSED = "refused"
    NOT_CONFIRMED = "not_confirmed"
    """We say no because the clinic does not say yes."""
    CANCELLATION_UNANSWERED = "cancellation_unanswered"
    CANCELLED = "cancelled"
    KEPT = "kept"


def news(before: Confirmation, after: Confirmation) -> News | None:
    """What is new for the person between two states of one booking."""
    if before.state in UNANSWERED:
        return _news_of_booking(before, after)
    if before.state is State.CANCELLING:
        return _news_of_cancelling(before, after)
    return None


def _news_of_booking(before: Confirmation, after: Confirmation) -> News | None:
    match after.state:
        case State.PENDING | State.UNKNOWN:
            return News.NO_ANSWER_YET if before.state is State.PENDING else None
        case State.CONFIRMED:
            return News.BOOKED
        case State.REFUSED:
            return News.REFUSED
        case _:
            return News.NOT_CONFIRMED


def _news_of_cancelling(before: Confirmation, after: Confirmation) -> News | None:
    match after.state:
        case State.CANCELLING:
            return News.CANCELLATION_UNANSWERED if before.attempts == 1 else None
        case State.CONFIRMED:
            return News.KEPT
        case _:
            return News.CANCELLED
