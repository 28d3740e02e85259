"""The life of a booking that the clinic decides about: one table, one schedule, one law of versions."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import pytest

from registratura.domain import confirmation as rules
from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.confirmation import (
    Answer,
    Confirmation,
    Confirmed,
    Declined,
    Kept,
    News,
    NotThere,
    Question,
    Silence,
    State,
)
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.refusals import BookingCode

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PATIENCE = timedelta(minutes=10)
TERM = timedelta(seconds=30)
BOOKED = Appointment(
    id=AppointmentId("a-1"),
    patient=PatientId("p-anna"),
    slot=SlotId("s-1"),
    organisation=OrganisationId("mo-1"),
    resource=ResourceId("dr-1"),
    speciality=None,
    starts=NOW + timedelta(days=2),
    ends=NOW + timedelta(days=2, minutes=15),
    kind=VisitKind.ONLINE_CONSULTING,
    channel=Channel.MAX,
    booked_at=NOW,
)
YES, NO, NOTHING, STANDS = Confirmed("T-7"), Declined(BookingCode.TAKEN), NotThere(), Kept()
UNREACHED, DOUBT = Silence(in_doubt=False), Silence(in_doubt=True)
PENDING = rules.pending(BOOKED, NOW, PATIENCE)


def ask(held: Confirmation, now: datetime | None = None) -> Confirmation:
    return rules.asked(held, now or held.due or NOW, TERM)


def tell(held: Confirmation, answer: Answer, now: datetime | None = None) -> Confirmation:
    return rules.answered(held, answer, to=held.version, now=now or held.asked_at or NOW)


def at(state: State) -> Confirmation:
    """A booking that came into *state* in one of the ways there are."""
    unknown = tell(ask(PENDING), DOUBT)
    yes = tell(ask(PENDING), YES)
    given_up = rules.withdrawn(unknown, NOW)
    return {
        State.PENDING: PENDING,
        State.UNKNOWN: unknown,
        State.CONFIRMED: yes,
        State.REFUSED: tell(ask(PENDING), NO),
        State.GIVEN_UP: given_up,
        State.WITHDRAWING: tell(ask(given_up), YES),
        State.CANCELLING: rules.cancelling(yes, NOW),
        State.CANCELLED: tell(ask(rules.cancelling(yes, NOW)), NOTHING),
    }[state]


ANSWERS: list[Answer] = [YES, NO, NOTHING, STANDS, UNREACHED, DOUBT]
TABLE = {
    State.PENDING: [State.CONFIRMED, State.REFUSED, State.UNKNOWN, State.PENDING, State.UNKNOWN, State.UNKNOWN],
    State.UNKNOWN: [State.CONFIRMED, State.REFUSED, *[State.UNKNOWN] * 4],
    State.GIVEN_UP: [State.WITHDRAWING, State.REFUSED, *[State.GIVEN_UP] * 4],
    State.WITHDRAWING: [*[State.WITHDRAWING] * 2, State.CANCELLED, *[State.WITHDRAWING] * 3],
    State.CANCELLING: [*[State.CANCELLING] * 2, State.CANCELLED, State.CONFIRMED, *[State.CANCELLING] * 2],
}


@pytest.mark.parametrize("state", TABLE)
def test_each_answer_leads_where_the_table_says(state: State) -> None:
    assert at(state).state is state
    assert [tell(ask(at(state)), answer).state for answer in ANSWERS] == TABLE[state]


@pytest.mark.parametrize("state", [state for state in State if state not in TABLE])
def test_what_is_settled_is_asked_no_more(state: State) -> None:
    assert at(state).state is state
    assert at(state).due is None


@pytest.mark.parametrize("state", TABLE)
def test_what_is_open_is_asked_again_after_every_answer_that_settles_nothing(state: State) -> None:
    for answer in ANSWERS:
        after = tell(ask(at(state)), answer)
        assert (after.due is None) is (after.state not in TABLE)


def questions(held: Confirmation, until: datetime, answer: Answer = DOUBT) -> list[float]:
    """Seconds after *held* began at which questions go out while each gets *answer* at once."""
    begun, seconds = held.due or NOW, []
    while held.due is not None and held.due < until:
        held = ask(held)
        seconds.append((held.asked_at - begun).total_seconds() if held.asked_at else 0)
        held = tell(held, answer)
    return seconds


def test_one_asks_again_after_5_15_and_60_seconds_and_then_every_5_minutes() -> None:
    patient = rules.pending(BOOKED, NOW, timedelta(hours=24))
    assert questions(patient, NOW + timedelta(minutes=17)) == [0, 5, 15, 60, 360, 660, 960]


@pytest.mark.parametrize("state", [State.WITHDRAWING, State.CANCELLING])
def test_a_cancellation_is_asked_for_at_once_and_then_on_the_same_schedule(state: State) -> None:
    assert questions(at(state), NOW + timedelta(minutes=7)) == [0, 5, 15, 60, 360]


def test_a_slow_answer_does_not_shift_the_schedule_nor_bring_it_into_the_past() -> None:
    first = tell(ask(at(State.UNKNOWN)), DOUBT, NOW + 13 * SECOND)
    assert first.due == NOW + 15 * SECOND
    assert tell(ask(first), DOUBT, NOW + timedelta(hours=1)).due is not None
    late = tell(ask(at(State.CANCELLING)), DOUBT, NOW + timedelta(hours=1))
    assert late.due == NOW + timedelta(hours=1)


def test_the_last_question_goes_out_when_patience_ends() -> None:
    assert questions(PENDING, NOW + timedelta(minutes=10, seconds=1)) == [0, 5, 15, 60, 360, 600]


def test_patience_ends_with_the_start_of_the_visit() -> None:
    soon = rules.pending(attrs.evolve(BOOKED, starts=NOW + 90 * SECOND), NOW, PATIENCE)
    assert soon.gives_up_at == NOW + 90 * SECOND


def test_silence_past_all_patience_is_a_no_that_is_watched() -> None:
    given_up = tell(ask(at(State.UNKNOWN), PENDING.gives_up_at), DOUBT)
    assert given_up.state is State.GIVEN_UP
    assert questions(given_up, NOW + timedelta(minutes=20)) == [0, 10, 55, 355]


def test_what_certainly_never_arrived_needs_no_watching() -> None:
    unreached = tell(ask(PENDING), UNREACHED)
    over = tell(ask(unreached, PENDING.gives_up_at), UNREACHED)
    assert (over.state, over.due) == (State.CANCELLED, None)


def test_a_yes_past_all_patience_is_a_yes_while_nobody_was_told_no() -> None:
    assert tell(ask(at(State.UNKNOWN), PENDING.gives_up_at), YES).state is State.CONFIRMED


def test_a_late_yes_is_looked_for_until_the_clinic_says_a_day_later_that_there_is_nothing() -> None:
    given_up = at(State.GIVEN_UP)
    a_day_later = given_up.since + timedelta(hours=24)
    assert tell(ask(given_up), NOTHING, a_day_later - SECOND).due is not None
    assert tell(ask(given_up), DOUBT, a_day_later).due is not None
    assert tell(ask(given_up), NOTHING, a_day_later).due is None


def test_the_first_question_books_and_a_doubt_looks_first() -> None:
    assert rules.question(ask(PENDING)) is Question.BOOK
    assert rules.question(ask(tell(ask(PENDING), UNREACHED))) is Question.BOOK
    assert rules.question(ask(tell(ask(PENDING), DOUBT))) is Question.BOOK_UNLESS_THERE
    assert rules.question(ask(ask(PENDING))) is Question.BOOK_UNLESS_THERE, "the first asker was lost"


def test_nothing_is_booked_when_we_are_about_to_say_no_or_have_said_it() -> None:
    assert rules.question(ask(at(State.UNKNOWN), PENDING.gives_up_at)) is Question.FIND
    assert rules.question(ask(at(State.GIVEN_UP))) is Question.FIND
    assert rules.question(ask(at(State.WITHDRAWING))) is Question.CANCEL
    assert rules.question(ask(at(State.CANCELLING))) is Question.CANCEL


def test_an_answer_to_an_older_question_changes_nothing() -> None:
    first = ask(PENDING)
    second = ask(first, NOW + TERM)
    assert rules.answered(second, NO, to=first.version, now=NOW + TERM) is second
    settled = tell(second, YES)
    assert rules.answered(settled, NO, to=first.version, now=NOW + TERM) is settled
    assert rules.answered(settled, NO, to=second.version, now=NOW + TERM) is settled


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    assert rules.answered(PENDING, YES, to=PENDING.version, now=NOW) is PENDING


def test_a_withdrawal_waits_for_the_question_under_way_and_drops_its_answer() -> None:
    under_way = ask(PENDING)
    given_up = rules.withdrawn(under_way, NOW + SECOND)
    assert (given_up.state, given_up.due) == (State.GIVEN_UP, under_way.due)
    assert rules.answered(given_up, YES, to=under_way.version, now=NOW + SECOND) is given_up
    assert tell(ask(given_up), YES).state is State.WITHDRAWING


def test_a_withdrawal_before_any_question_is_the_end() -> None:
    assert rules.withdrawn(PENDING, NOW).state is State.CANCELLED


def test_versions_only_grow() -> None:
    one = PENDING
    life = [one, one := ask(one), one := tell(one, DOUBT), one := ask(one), one := rules.withdrawn(one, NOW)]
    assert all(before.version < after.version for before, after in pairwise(life))


def test_the_answer_is_kept() -> None:
    assert at(State.CONFIRMED).number == "T-7"
    assert at(State.REFUSED).code is BookingCode.TAKEN


@pytest.mark.parametrize(
    ("before", "answer", "said"),
    [
        (State.PENDING, DOUBT, News.NO_ANSWER_YET),
        (State.PENDING, UNREACHED, News.NO_ANSWER_YET),
        (State.PENDING, YES, News.BOOKED),
        (State.UNKNOWN, YES, News.BOOKED),
        (State.PENDING, NO, News.REFUSED),
        (State.UNKNOWN, DOUBT, None),
        (State.GIVEN_UP, YES, None),
        (State.GIVEN_UP, NO, None),
        (State.WITHDRAWING, NOTHING, None),
        (State.CANCELLING, NOTHING, News.CANCELLED),
        (State.CANCELLING, STANDS, News.KEPT),
        (State.CANCELLING, DOUBT, News.CANCELLATION_UNANSWERED),
    ],
)
def test_what_is_told(before: State, answer: Answer, said: News | None) -> None:
    under_way = ask(at(before))
    assert rules.news(under_way, tell(under_way, answer)) is said


def test_an_unanswered_cancellation_is_told_once() -> None:
    again = ask(tell(ask(at(State.CANCELLING)), DOUBT))
    assert rules.news(again, tell(again, DOUBT)) is None


def test_every_way_out_of_waiting_but_yes_and_no_is_a_no_of_ours() -> None:
    last = ask(at(State.UNKNOWN), PENDING.gives_up_at)
    assert rules.news(last, tell(last, DOUBT)) is News.NOT_CONFIRMED
    overtaken = rules.withdrawn(tell(ask(PENDING), YES), NOW)
    assert overtaken.state is State.WITHDRAWING
    assert rules.news(ask(PENDING), overtaken) is News.NOT_CONFIRMED
