"""What a button carries, and what a press is worth before it may do anything."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from registratura.domain.dialogue import (
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
    is_idle,
    read_token,
    shown,
    standing,
)
from registratura.domain.identifiers import MessengerId

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
MINE, YOURS = "session-of-anna", "session-of-boris"

LIST_KEYS = "back home prev next retry"
UNDERSTOOD = {
    Step.UNLINKED: "retry",
    Step.MENU: "self other mine help",
    Step.WHOM: f"{LIST_KEYS} self",
    Step.PURPOSE: LIST_KEYS,
    Step.SPECIALITY: LIST_KEYS,
    Step.ORGANISATION: LIST_KEYS,
    Step.DOCTOR: LIST_KEYS,
    Step.DAY: f"{LIST_KEYS} doctors",
    Step.TIME: f"{LIST_KEYS} doctors",
    Step.SUMMARY: "back home yes cond retry",
    Step.CONDITIONS: "back home",
    Step.DONE: "mine cond home",
    Step.REFUSED: "back home mine doctors times retry help",
    Step.UPCOMING: f"{LIST_KEYS} self",
    Step.APPOINTMENT: "back home cancel cond",
    Step.CANCELLING: "back home drop",
    Step.CANCELLED: "self other mine home",
    Step.HELP: "back home",
}


def dialogue_at(step: Step, *, offers: tuple[str, ...] = (), revision: int = 7) -> Dialogue:
    return Dialogue(
        user=MessengerId("1"),
        session=MINE,
        revision=revision,
        place=Place(step=step),
        offers=offers,
        touched_at=NOW,
    )


def judged(dialogue: Dialogue, press: Press, *, session: str = MINE, revision: int = 7) -> Standing:
    return standing(dialogue, Token(session, revision, press))


def test_every_step_is_in_the_table() -> None:
    assert set(UNDERSTOOD) == set(OFFERED) == set(Step)


@pytest.mark.parametrize("key", Key)
@pytest.mark.parametrize("step", Step)
def test_a_step_understands_its_own_keys_and_judges_all_others(step: Step, key: Key) -> None:
    expected = Standing.FRESH if key.value in UNDERSTOOD[step].split() else Standing.FOREIGN
    assert judged(dialogue_at(step), key) is expected


@pytest.mark.parametrize("step", Step)
def test_every_button_of_another_screen_is_stale_at_every_step(step: Step) -> None:
    dialogue = dialogue_at(step, offers=("a",))
    for press in (*(key for key in Key if key is not Key.HOME), Pick(0)):
        assert {judged(dialogue, press, revision=revision) for revision in (0, 6, 8)} == {Standing.STALE}


@pytest.mark.parametrize("step", Step)
def test_the_way_to_the_start_is_open_from_every_screen_behind(step: Step) -> None:
    dialogue = dialogue_at(step, offers=("a",))
    assert {judged(dialogue, Key.HOME, revision=revision) for revision in (0, 6)} == {Standing.FRESH}
    assert judged(dialogue, Key.HOME, revision=8) is Standing.STALE, "a screen that was never drawn"


@pytest.mark.req("AUTH-44")
@pytest.mark.parametrize("step", Step)
def test_every_button_of_another_person_is_foreign_at_every_step(step: Step) -> None:
    dialogue = dialogue_at(step, offers=("a",))
    for press in (*Key, Pick(0)):
        assert {judged(dialogue, press, session=YOURS, revision=revision) for revision in (6, 7)} == {Standing.FOREIGN}


def test_what_we_did_not_write_is_foreign() -> None:
    assert standing(dialogue_at(Step.MENU), None) is Standing.FOREIGN


@pytest.mark.req("AUTH-44")
@pytest.mark.parametrize("step", [step for step in Step if step in LISTS])
def test_only_what_stands_on_the_page_can_be_chosen(step: Step) -> None:
    dialogue = dialogue_at(step, offers=("a", "b"))
    verdicts = [judged(dialogue, Pick(index)) for index in (0, 1, 2, 999)]
    assert verdicts == [Standing.FRESH, Standing.FRESH, Standing.FOREIGN, Standing.FOREIGN]


@pytest.mark.parametrize("step", Step)
def test_where_nothing_is_offered_nothing_can_be_chosen(step: Step) -> None:
    assert judged(dialogue_at(step), Pick(0)) is Standing.FOREIGN


def test_a_button_is_worth_one_press() -> None:
    drawn = shown(dialogue_at(Step.PURPOSE), ("first",), NOW)
    press = Token(MINE, drawn.revision, Pick(0))
    assert standing(drawn, press) is Standing.FRESH
    assert standing(shown(drawn, ("first",), NOW), press) is Standing.STALE


def test_drawing_a_screen_keeps_its_offers_and_the_moment() -> None:
    later = NOW + timedelta(minutes=3)
    drawn = shown(dialogue_at(Step.DAY), ("2026-03-12",), later)
    expected = attrs.evolve(dialogue_at(Step.DAY), revision=8, offers=("2026-03-12",), touched_at=later)
    assert drawn == expected


@pytest.mark.parametrize("press", [*Key, Pick(0), Pick(9), Pick(999)])
def test_a_token_is_read_as_it_was_written(press: Press) -> None:
    token = Token(MINE, 41, press)
    assert read_token(token.write()) == token


def test_a_payload_says_only_session_revision_and_button() -> None:
    assert Token(MINE, 41, Key.BACK).write() == f"v1.{MINE}.41.back"
    assert Token(MINE, 41, Pick(3)).write() == f"v1.{MINE}.41.3"


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "",
        "back",
        f"v2.{MINE}.7.back",
        f"v1.{MINE}.7.unheard",
        f"v1.{MINE}.7.Back",
        f"v1.{MINE}.-7.back",
        f"v1.{MINE}.7.-1",
        f"v1.{MINE}.7.1000",
        f"v1.{MINE}.٧.back",
        f"v1.{MINE}.7",
        f"v1.{MINE}.7.back\n",
        f" v1.{MINE}.7.back",
        f"v1.{MINE}.7.back.back",
        "v1.short.7.back",
        f"v1.{'x' * 65}.7.back",
        "v1.session of anna.7.back",
    ],
)
def test_a_forged_payload_is_no_token(payload: str | None) -> None:
    assert read_token(payload) is None


@pytest.mark.parametrize(("away", "idle"), [(timedelta(hours=24), False), (timedelta(hours=24, seconds=1), True)])
def test_a_dialogue_is_idle_after_its_limit(away: timedelta, idle: bool) -> None:
    assert is_idle(dialogue_at(Step.TIME), NOW + away, timedelta(hours=24)) is idle


def test_a_repr_tells_neither_who_talks_nor_what_about() -> None:
    shown_text = repr(dialogue_at(Step.DAY, offers=("p-anna",)))
    assert MINE not in shown_text
    assert "p-anna" not in shown_text
