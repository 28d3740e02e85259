"""The chat of a consultation: made once, tried again while that is certainly harmless, and never twice in silence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.domain import chats
from registratura.domain.appointments import VisitKind
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.domain.identifiers import AppointmentId
from registratura.domain.telemedicine import Platform
from tests.unit.domain.builders import appointment

STARTS = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
NOW = STARTS - timedelta(minutes=20)
TERM = timedelta(seconds=30)
DOCTOR, PATIENT = Guest("79000000001", Side.DOCTOR), Guest("79000000002", Side.PATIENT)
EVERYBODY = frozenset({DOCTOR.phone, PATIENT.phone})


def chat(state: ChatState, **changes: Any) -> ConsultationChat:
    known: dict[str, Any] = {"due": NOW, "guests": (DOCTOR, PATIENT), "missing": EVERYBODY}
    return ConsultationChat(appointment=AppointmentId("1"), state=state, starts=STARTS, **known | changes)


MAKING, MADE = chat(ChatState.MAKING), chat(ChatState.MADE, chat="7", link="https://max.example/7")


@pytest.mark.req("CONS-16")
def test_whoever_dies_while_making_it_leaves_a_doubt() -> None:
    taken = chats.taken(chat(ChatState.WANTED), NOW, TERM)
    assert (taken.state, taken.due, taken.attempts) == (ChatState.MAKING, NOW + TERM, 1)
    found = chats.taken(taken, NOW + TERM, TERM)
    assert (found.state, found.reason) == (ChatState.UNKNOWN, "died")
    assert found.due == STARTS, "people are told when the consultation begins"


@pytest.mark.req("CONS-16")
def test_an_answer_that_comes_late_still_counts() -> None:
    doubtful = chats.in_doubt(MAKING, "TimeoutError", NOW)
    made = chats.made(doubtful, "7", "https://max.example/7", NOW)
    assert (made.state, made.chat, made.link, made.due, made.reason) == (
        ChatState.MADE,
        "7",
        "https://max.example/7",
        NOW,
        None,
    )


@pytest.mark.req("CONS-19")
def test_it_is_tried_each_minute_until_ten_minutes_after_the_beginning() -> None:
    again = chats.not_made(MAKING, "9", NOW)
    assert (again.state, again.due, again.reason) == (ChatState.WANTED, NOW + timedelta(seconds=60), "9")
    late = STARTS + timedelta(minutes=9)
    assert chats.not_made(MAKING, "9", late).state is ChatState.WANTED
    last = chats.not_made(MAKING, "9", late + timedelta(seconds=1))
    assert (last.state, last.due) == (ChatState.GIVEN_UP, late + timedelta(seconds=1))


@pytest.mark.req("CONS-12", "CONS-22")
def test_a_missed_chat_may_be_made_from_when_it_was_due_until_nobody_needs_it() -> None:
    lead, moment = timedelta(minutes=20), timedelta(microseconds=1)
    held = appointment(starts=STARTS, kind=VisitKind.ONLINE_CONSULTING, platform=Platform.MAX)
    over = STARTS + chats.LATEST
    moments = (NOW - moment, NOW, STARTS, over - moment, over)
    assert [chats.may_be_made(held, lead, at) for at in moments] == [False, True, True, True, False]
    elsewhere = attrs.evolve(held, platform=None)
    in_person = attrs.evolve(held, kind=VisitKind.APPOINTMENT)
    assert not any(chats.may_be_made(one, lead, STARTS) for one in (elsewhere, in_person))


@pytest.mark.req("CONS-19")
def test_nobody_is_told_of_a_first_attempt_that_is_still_under_way() -> None:
    assert not chats.to_be_told(MAKING, STARTS)
    assert chats.to_be_told(chats.taken(MAKING, STARTS, TERM), STARTS), "whoever made it died"
    assert chats.to_be_told(chat(ChatState.MAKING, reason="vk.6"), STARTS)


@pytest.mark.req("CONS-20")
def test_who_is_missing_is_tried_again_alone() -> None:
    some = chats.added(MADE, EVERYBODY, frozenset({PATIENT.phone, "79999999999"}), "not_let_in", NOW)
    assert (some.state, some.missing, some.due) == (
        ChatState.MADE,
        frozenset({PATIENT.phone}),
        NOW + timedelta(seconds=60),
    )
    assert some.missing_sides == {Side.PATIENT}
    everybody = chats.added(some, some.missing, frozenset(), None, NOW)
    assert (everybody.state, everybody.due, everybody.missing) == (ChatState.READY, None, frozenset())
    late = chats.added(chats.told(MADE), EVERYBODY, EVERYBODY, "not_let_in", STARTS + timedelta(minutes=10))
    assert (late.state, late.due) == (ChatState.MADE, None), "the chat is there, so its link still leads in"


@pytest.mark.req("CONS-20")
def test_who_is_invited_while_others_are_let_in_is_let_in_next() -> None:
    more = chats.invited(chat(ChatState.MADE, guests=(DOCTOR,), missing=frozenset({DOCTOR.phone})), PATIENT, NOW)
    after = chats.added(more, frozenset({DOCTOR.phone}), frozenset(), None, NOW)
    assert (after.state, after.missing, after.due) == (ChatState.MADE, frozenset({PATIENT.phone}), NOW)


def test_a_wrong_call_to_let_people_in_is_not_repeated() -> None:
    after = chats.added(MADE, EVERYBODY, EVERYBODY, "100", NOW, final=True)
    assert (after.is_open, after.missing) == (True, EVERYBODY)
    assert after.due == STARTS, "when people are told"
    seen = chats.taken(after, STARTS, TERM)
    assert (seen.state, seen.due) == (ChatState.READY, None), "nobody is asked for again"
    assert chats.to_be_told(seen, STARTS)
    late = chats.added(chats.told(MADE), EVERYBODY, EVERYBODY, "100", STARTS, final=True)
    assert late.due is None


@pytest.mark.req("CONS-19")
def test_a_chat_without_its_doctor_is_told_of_when_the_consultation_begins() -> None:
    nobody_knows = chat(ChatState.MADE, guests=(PATIENT,), missing=frozenset({PATIENT.phone}))
    without = chats.added(nobody_knows, frozenset({PATIENT.phone}), frozenset(), None, NOW)
    assert (without.state, without.due) == (ChatState.READY, STARTS)
    assert without.missing_sides == {Side.DOCTOR}
    assert chats.to_be_told(without, STARTS)
    assert not chats.to_be_told(without, NOW)


@pytest.mark.req("CONS-19")
def test_a_chat_into_which_nobody_can_be_let_is_told_of() -> None:
    nobody = chats.made(chat(ChatState.MAKING, guests=(), missing=frozenset()), "7", "https://max.example/7", NOW)
    seen = chats.taken(nobody, NOW, TERM)
    assert (seen.state, seen.due) == (ChatState.READY, STARTS)
    assert chats.to_be_told(chats.taken(seen, STARTS, TERM), STARTS)


@pytest.mark.req("CONS-15")
def test_somebody_let_in_later_is_added_once() -> None:
    nobody = chat(ChatState.READY, guests=(DOCTOR,), missing=frozenset(), due=None)
    invited = chats.invited(nobody, PATIENT, NOW)
    assert (invited.state, invited.due, invited.missing) == (ChatState.MADE, NOW, frozenset({PATIENT.phone}))
    assert chats.invited(invited, PATIENT, NOW) is invited
    waiting = chats.invited(chat(ChatState.WANTED, guests=(DOCTOR,)), PATIENT, NOW)
    assert (waiting.state, waiting.guests) == (ChatState.WANTED, (DOCTOR, PATIENT))
    given_up = chat(ChatState.MADE, missing=frozenset({PATIENT.phone}), due=None, attempts=30)
    anew = chats.invited(given_up, PATIENT, NOW)
    assert (anew.state, anew.due, anew.missing) == (ChatState.MADE, NOW, frozenset({PATIENT.phone}))
    assert (anew.guests, anew.attempts) == ((DOCTOR, PATIENT), 0)
    in_it = chat(ChatState.READY, missing=frozenset(), due=None)
    assert chats.invited(in_it, PATIENT, NOW) is in_it


def test_another_one_is_made_only_when_somebody_says_so() -> None:
    for state in (ChatState.UNKNOWN, ChatState.GIVEN_UP):
        wanted = chats.again(chat(state, due=None, reason="died"), NOW)
        assert (wanted.state, wanted.due, wanted.reason) == (ChatState.WANTED, NOW, None)
    for fine in (MADE, MAKING, chat(ChatState.READY)):
        assert chats.again(fine, NOW) is fine
    forgotten = chat(ChatState.UNKNOWN)
    assert chats.again(forgotten, STARTS + timedelta(hours=4)) is forgotten, "nobody needs it any more"


@pytest.mark.req("CONS-19")
def test_people_are_told_once_and_not_before_the_beginning() -> None:
    for state in (ChatState.WANTED, ChatState.UNKNOWN, ChatState.GIVEN_UP):
        failing = chat(state)
        assert not chats.to_be_told(failing, STARTS - timedelta(seconds=1))
        assert chats.to_be_told(failing, STARTS)
        assert not chats.to_be_told(chats.told(failing), STARTS)
    assert not chats.to_be_told(MADE, STARTS), "nobody has tried to let anybody in"
    assert chats.to_be_told(chat(ChatState.MADE, reason="not_let_in"), STARTS), "its doctor is not in it"
    alone = chat(ChatState.MADE, missing=frozenset({PATIENT.phone}), reason="not_let_in")
    assert not chats.to_be_told(alone, STARTS), "the patient has its link"


def _refused(held: ConsultationChat, now: datetime) -> ConsultationChat:
    return chats.refused(held, "100", now) if held.state is ChatState.MAKING else held


STEPS: dict[str, Callable[[ConsultationChat, datetime], ConsultationChat]] = {
    "take": lambda held, now: chats.taken(held, now, TERM),
    "made": lambda held, now: chats.made(held, "7", "https://max.example/7", now),
    "not made": lambda held, now: chats.not_made(held, "9", now),
    "doubt": lambda held, now: chats.in_doubt(held, "TimeoutError", now),
    "refused": _refused,
    "added": lambda held, now: chats.added(held, held.missing, frozenset(), None, now),
    "partly added": lambda held, now: chats.added(held, EVERYBODY, EVERYBODY, "not_let_in", now),
    "invited": lambda held, now: chats.invited(held, Guest("79000000003", Side.PATIENT), now),
}


@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=30), wait=st.integers(1, 300))
def test_whatever_happens_a_chat_is_asked_for_again_only_after_a_certain_no(steps: list[str], wait: int) -> None:
    now, held, is_certain = NOW, chat(ChatState.WANTED), True
    for step in steps:
        now += timedelta(seconds=wait)
        before, held = held, STEPS[step](held, now)
        if step == "take" and held.state is ChatState.MAKING:
            assert is_certain, "asked for although one may be there"
            is_certain = False
        is_certain = is_certain or (step == "not made" and before.state is ChatState.MAKING)
        assert held.is_open == (held.state in {ChatState.MADE, ChatState.READY})
        assert not held.is_open or held.chat == "7"
        assert held.missing <= {guest.phone for guest in held.guests}
