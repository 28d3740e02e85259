"""Where a dialogue goes: onwards, back, to the menu; what was chosen and what is forgotten."""

from datetime import UTC, date, datetime

import attrs
import pytest

from registratura.domain.dialogue import (
    BOOKING_ORDER,
    CHOSEN_AT,
    Choices,
    Dialogue,
    Place,
    Step,
    at_menu,
    back,
    back_to,
    choosing,
    dropping_from,
    for_oneself,
    opened_at_doctor,
    replaced,
    to_step,
    turned,
)
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)

VALUES = {
    Step.WHOM: "p-kira",
    Step.PURPOSE: "first",
    Step.SPECIALITY: "49",
    Step.ORGANISATION: "mo-1",
    Step.DOCTOR: "dr-1",
    Step.DAY: "2026-03-12",
    Step.TIME: "slot-1",
}
START = Dialogue(
    user=MessengerId("1"), session="session-of-anna", touched_at=datetime(2026, 3, 10, 9, tzinfo=UTC), revision=3
)
ALL_CHOSEN = Choices(
    patient=PatientId("p-kira"),
    purpose=PurposeId("first"),
    speciality=SpecialityId("49"),
    organisation=OrganisationId("mo-1"),
    resource=ResourceId("dr-1"),
    day=date(2026, 3, 12),
    slot=SlotId("slot-1"),
)


def walked_to(step: Step) -> Dialogue:
    """The dialogue after choosing at each step before *step*, for another person."""
    dialogue = to_step(START, Step.WHOM)
    while dialogue.step is not step:
        dialogue = choosing(dialogue, VALUES[dialogue.step])
    return dialogue


def chosen(dialogue: Dialogue) -> list[str]:
    return [name for name, value in attrs.asdict(dialogue.choices).items() if value is not None]


def steps_behind(dialogue: Dialogue) -> list[Step]:
    return [place.step for place in dialogue.trail]


def test_choosing_leads_step_by_step_to_the_summary() -> None:
    summary = walked_to(Step.SUMMARY)
    assert summary.choices == ALL_CHOSEN
    assert steps_behind(summary) == [Step.MENU, *CHOSEN_AT]


@pytest.mark.parametrize("step", BOOKING_ORDER)
def test_at_each_step_exactly_the_earlier_choices_are_known(step: Step) -> None:
    assert chosen(walked_to(step)) == list(CHOSEN_AT.values())[: BOOKING_ORDER.index(step)]


@pytest.mark.req("TMK-17")
@pytest.mark.parametrize("step", BOOKING_ORDER[1:])
def test_going_back_keeps_the_earlier_choices_and_drops_the_later_ones(step: Step) -> None:
    before = BOOKING_ORDER[BOOKING_ORDER.index(step) - 1]
    assert back(walked_to(step)) == attrs.evolve(walked_to(before), offers=())


@pytest.mark.req("TMK-17")
def test_another_doctor_after_going_back_is_the_one_in_the_summary() -> None:
    again = back(back(walked_to(Step.TIME)))
    assert again.step is Step.DOCTOR
    day = choosing(again, "dr-2")
    assert day.choices == attrs.evolve(ALL_CHOSEN, resource=ResourceId("dr-2"), day=None, slot=None)


@pytest.mark.req("TMK-17")
def test_no_later_choice_survives_a_new_one() -> None:
    seen_again = attrs.evolve(walked_to(Step.SUMMARY), place=Place(step=Step.DOCTOR))
    expected = attrs.evolve(ALL_CHOSEN, resource=ResourceId("dr-2"), day=None, slot=None)
    assert choosing(seen_again, "dr-2").choices == expected


def test_going_back_shows_the_page_that_was_left() -> None:
    third_page = turned(turned(walked_to(Step.DOCTOR), +1), +1)
    assert back(choosing(third_page, "dr-23")).place == Place(step=Step.DOCTOR, page=2)


def test_there_is_no_page_before_the_first() -> None:
    assert turned(walked_to(Step.DOCTOR), -1).place == Place(step=Step.DOCTOR)


def test_turning_a_page_takes_the_old_offers_away_and_nothing_else() -> None:
    listed = attrs.evolve(walked_to(Step.DOCTOR), offers=("dr-1", "dr-2"))
    assert turned(listed, +1) == attrs.evolve(listed, place=Place(step=Step.DOCTOR, page=1), offers=())


@pytest.mark.parametrize("step", BOOKING_ORDER)
def test_the_menu_forgets_everything_but_who_talks(step: Step) -> None:
    far = attrs.evolve(walked_to(step), appointment=AppointmentId("a"), consent_version="1", offers=("x",))
    assert at_menu(far) == START


def test_going_back_from_the_first_step_is_the_menu_with_nothing_chosen() -> None:
    assert back(to_step(START, Step.WHOM)) == START
    assert back(START) == START


def test_going_back_to_the_menu_forgets_a_booking_looked_at() -> None:
    looking = attrs.evolve(to_step(START, Step.UPCOMING), appointment=AppointmentId("a"))
    assert back(looking) == START


def test_for_oneself_the_patient_is_known_and_the_menu_is_behind() -> None:
    own = for_oneself(walked_to(Step.TIME), PatientId("p-anna"))
    assert own.choices == Choices(patient=PatientId("p-anna"))
    assert (own.step, steps_behind(own)) == (Step.PURPOSE, [Step.MENU])
    assert back(own) == START


@pytest.mark.req("TMK-17")
def test_the_patient_chosen_for_oneself_survives_until_the_menu() -> None:
    own = choosing(for_oneself(START, PatientId("p-anna")), "first")
    assert back(own).choices == Choices(patient=PatientId("p-anna"))


@pytest.mark.parametrize("step", [Step.DAY, Step.TIME, Step.SUMMARY])
@pytest.mark.parametrize("wanted", [Step.PURPOSE, Step.SPECIALITY, Step.ORGANISATION, Step.DOCTOR])
def test_jumping_back_is_the_same_as_going_back_step_by_step(step: Step, wanted: Step) -> None:
    by_steps = walked_to(step)
    while by_steps.step is not wanted:
        by_steps = back(by_steps)
    assert back_to(walked_to(step), wanted) == by_steps


def test_a_refusal_takes_the_place_of_the_summary() -> None:
    refused = replaced(walked_to(Step.SUMMARY), Step.REFUSED)
    assert back(refused) == walked_to(Step.TIME)
    assert back_to(refused, Step.TIME) == walked_to(Step.TIME)
    assert back_to(refused, Step.DAY) == walked_to(Step.DAY)


def test_reading_the_conditions_loses_nothing() -> None:
    summary = walked_to(Step.SUMMARY)
    assert back(to_step(summary, Step.CONDITIONS)) == summary


@pytest.mark.parametrize("step", CHOSEN_AT)
def test_dropping_forgets_a_step_and_what_follows(step: Step) -> None:
    names = list(CHOSEN_AT.values())
    assert chosen(dropping_from(walked_to(Step.SUMMARY), step)) == names[: names.index(CHOSEN_AT[step])]


@pytest.mark.parametrize("step", [step for step in Step if step not in CHOSEN_AT])
def test_steps_that_choose_nothing_drop_nothing(step: Step) -> None:
    assert dropping_from(walked_to(Step.SUMMARY), step).choices == ALL_CHOSEN


def from_a_notice(speciality: SpecialityId | None = None) -> Dialogue:
    return opened_at_doctor(
        walked_to(Step.TIME),
        patient=PatientId("p-anna"),
        purpose=PurposeId("leave"),
        speciality=speciality,
        organisation=OrganisationId("mo-2"),
        resource=ResourceId("dr-9"),
    )


def test_a_notice_opens_the_days_of_its_doctor_with_no_step_before() -> None:
    opened = from_a_notice()
    assert opened.step is Step.DAY
    assert not opened.has_previous
    assert chosen(opened) == ["patient", "purpose", "organisation", "resource"]
    assert back(choosing(opened, "2026-03-12")) == opened


def test_another_doctor_may_be_chosen_after_a_notice() -> None:
    doctors = back_to(from_a_notice(), Step.DOCTOR)
    assert (doctors.step, doctors.has_previous) == (Step.DOCTOR, False)
    assert chosen(doctors) == ["patient", "purpose", "organisation"]


@pytest.mark.parametrize("step", BOOKING_ORDER)
def test_a_move_leaves_the_person_and_the_revision_and_takes_the_old_offers_away(step: Step) -> None:
    dialogue = attrs.evolve(walked_to(step), offers=("a", "b"))
    for moved in (
        back(dialogue),
        at_menu(dialogue),
        turned(dialogue, 1),
        back_to(dialogue, Step.DOCTOR),
        to_step(dialogue, Step.HELP),
        replaced(dialogue, Step.REFUSED),
    ):
        assert (moved.user, moved.session, moved.revision) == (START.user, START.session, START.revision)
        assert moved.offers == ()
