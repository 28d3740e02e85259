"""A person who presses whatever there is to press, and a stranger who tries to help."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import attrs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from registratura.application.dialogue.conversation import moved
from registratura.domain.dialogue import (
    BOOKING_ORDER,
    CHOSEN_AT,
    LISTS,
    OFFERED,
    Dialogue,
    Key,
    Pick,
    Place,
    Press,
    Standing,
    Step,
    Token,
    at_menu,
    back,
    back_to,
    opened_at_doctor,
    read_token,
    replaced,
    shown,
    standing,
)
from registratura.domain.identifiers import AppointmentId, MessengerId, OrganisationId, PurposeId, ResourceId
from tests.unit.domain.builders import patient

MINE = "session-of-anna"
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SETTLED_ELSEWHERE = frozenset({Key.CONFIRM, Key.CANCEL_YES})
"""Keys that book and cancel: where they lead depends on the answer."""


class Dialogues(RuleBasedStateMachine):
    """One dialogue from the menu, drawn again after each press as the bot draws it."""

    def __init__(self) -> None:
        super().__init__()
        self.dialogue = Dialogue(user=MessengerId("1"), session=MINE, touched_at=NOW)
        self.revisions = [0]

    def draw(self, dialogue: Dialogue, length: int = 3) -> None:
        values = [f"{dialogue.step.value}-{number}" for number in range(length)]
        if dialogue.step is Step.DAY:
            values = [(date(2026, 3, 12) + timedelta(days=number)).isoformat() for number in range(length)]
        offers = tuple(values) if dialogue.step in LISTS else ()
        self.dialogue = shown(dialogue, offers, NOW)
        self.revisions.append(self.dialogue.revision)

    def judged(self, press: Press, *, session: str = MINE, revision: int | None = None) -> Standing:
        wanted = self.dialogue.revision if revision is None else revision
        return standing(self.dialogue, read_token(Token(session, wanted, press).write()))

    @initialize()
    def greeted(self) -> None:
        self.draw(at_menu(self.dialogue))

    @rule(data=st.data(), length=st.integers(0, 3))
    def press_a_key_of_the_step(self, data: st.DataObject, length: int) -> None:
        keys = sorted(OFFERED[self.dialogue.step] - SETTLED_ELSEWHERE, key=lambda key: key.value)
        key = data.draw(st.sampled_from(keys))
        assert self.judged(key) is Standing.FRESH
        self.draw(moved(key, self.dialogue, patient()), length)

    @precondition(lambda self: self.dialogue.offers)
    @rule(data=st.data(), length=st.integers(0, 3))
    def choose(self, data: st.DataObject, length: int) -> None:
        pick = Pick(data.draw(st.integers(0, len(self.dialogue.offers) - 1)))
        assert self.judged(pick) is Standing.FRESH
        self.draw(moved(pick, self.dialogue, patient()), length)

    @precondition(lambda self: self.dialogue.step is Step.SUMMARY)
    @rule(answer=st.sampled_from([Step.DONE, Step.REFUSED, Step.TIME, Step.DAY]))
    def confirm(self, answer: Step) -> None:
        assert self.judged(Key.CONFIRM) is Standing.FRESH
        if answer is Step.DONE:
            booked = attrs.evolve(replaced(self.dialogue, answer), trail=(), appointment=AppointmentId("a"))
            self.draw(booked)
        elif answer is Step.REFUSED:
            self.draw(replaced(self.dialogue, answer))
        else:
            self.draw(back_to(self.dialogue, answer))

    @precondition(lambda self: self.dialogue.step is Step.CANCELLING)
    @rule()
    def cancel(self) -> None:
        assert self.judged(Key.CANCEL_YES) is Standing.FRESH
        self.draw(attrs.evolve(replaced(self.dialogue, Step.CANCELLED), trail=()))

    @rule()
    def open_a_notice(self) -> None:
        self.draw(
            opened_at_doctor(
                self.dialogue,
                patient=patient().id,
                purpose=PurposeId("leave"),
                speciality=None,
                organisation=OrganisationId("mo-2"),
                resource=ResourceId("dr-9"),
            )
        )

    @rule(data=st.data(), press=st.sampled_from([*Key, Pick(0), Pick(2)]))
    def a_button_of_an_earlier_screen_is_stale(self, data: st.DataObject, press: Press) -> None:
        revision = data.draw(st.sampled_from(self.revisions[:-1]))
        expected = Standing.FRESH if press is Key.HOME else Standing.STALE
        assert self.judged(press, revision=revision) is expected

    @rule(press=st.sampled_from([*Key, Pick(0), Pick(2)]))
    def a_button_of_another_person_is_foreign(self, press: Press) -> None:
        assert self.judged(press, session="session-of-boris") is Standing.FOREIGN

    @rule(beyond=st.integers(0, 900))
    def a_choice_that_is_not_on_the_page_is_foreign(self, beyond: int) -> None:
        assert self.judged(Pick(len(self.dialogue.offers) + beyond)) is Standing.FOREIGN

    @invariant()
    def each_screen_has_a_greater_revision(self) -> None:
        assert self.revisions == sorted(set(self.revisions))

    @invariant()
    def no_place_stands_twice_in_a_row(self) -> None:
        steps = [place.step for place in (*self.dialogue.trail, self.dialogue.place)]
        assert all(one is not following for one, following in pairwise(steps))

    @invariant()
    def nothing_is_chosen_at_this_step_or_later(self) -> None:
        step = self.dialogue.step
        if step not in BOOKING_ORDER:
            return
        for later in BOOKING_ORDER[BOOKING_ORDER.index(step) : -1]:
            assert getattr(self.dialogue.choices, CHOSEN_AT[later]) is None

    @invariant()
    def everything_before_this_step_is_chosen(self) -> None:
        step = self.dialogue.step
        if step not in BOOKING_ORDER:
            return
        for earlier in BOOKING_ORDER[: BOOKING_ORDER.index(step)]:
            chosen = getattr(self.dialogue.choices, CHOSEN_AT[earlier])
            assert chosen is not None or earlier is Step.SPECIALITY

    @invariant()
    def the_menu_knows_nothing(self) -> None:
        if self.dialogue.step is Step.MENU:
            expected = Dialogue(user=MessengerId("1"), session=MINE, touched_at=NOW)
            assert attrs.evolve(self.dialogue, revision=0, touched_at=NOW) == expected

    @invariant()
    def going_back_ends_at_the_menu(self) -> None:
        dialogue = self.dialogue
        for _ in range(len(dialogue.trail) + 1):
            dialogue = back(dialogue)
        assert dialogue.place == Place(step=Step.MENU)
        assert not dialogue.has_previous

    @invariant()
    def going_back_never_adds_a_choice_or_a_place(self) -> None:
        returned = back(self.dialogue)
        assert len(returned.trail) == max(0, len(self.dialogue.trail) - 1)
        kept = attrs.asdict(self.dialogue.choices)
        assert all(value in {None, kept[name]} for name, value in attrs.asdict(returned.choices).items())


TestDialogues = Dialogues.TestCase


@given(payload=st.text() | st.from_regex(r"v1\.[A-Za-z0-9_-]{1,70}\.[0-9]{1,10}\.[a-z0-9]{1,9}"))
def test_any_payload_is_read_or_not_ours(payload: str) -> None:
    token = read_token(payload)
    assert token is None or read_token(token.write()) == token
    forged = standing(Dialogue(user=MessengerId("1"), session=MINE, touched_at=NOW), token)
    assert forged is Standing.FOREIGN
