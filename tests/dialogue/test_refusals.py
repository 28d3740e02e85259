"""The no at the moment of confirming: each check has its own reason, and nothing is booked."""

from collections.abc import Sequence
from datetime import date, time, timedelta

import attrs
import pytest

from registratura.adapters.max import texts
from registratura.application.dialogue.screens import Remark
from registratura.application.records import AbsenceRecord, Record
from registratura.domain.appointments import Checks
from registratura.domain.identifiers import PatientId, ResourceId
from registratura.domain.organisations import AgeLimits, ControllingNote, Speciality
from registratura.domain.people import Relation, Sex
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, DayLimits, SlotStatus
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import (
    GYNAECOLOGIST,
    HOSPITAL,
    MAN,
    MOTHER,
    MOTHER_IN_MAX,
    SECOND_THERAPIST,
    THERAPIST,
    THERAPY,
    at,
    book,
    child_of,
    doctor,
    load,
    organisation,
    patient,
    purpose,
    slot,
)

pytestmark = pytest.mark.anyio


def switch_off(bot: Bot, *names: str) -> None:
    bot.rules = attrs.evolve(bot.rules, checks=Checks(**dict.fromkeys(names, False)))


async def held(bot: Bot, who: PatientId = MOTHER) -> int:
    return len(await bot.storage.read(lambda tx: tx.appointments.coming([who], None, bot.clock.now())))


def mother_card(**more: object) -> Record:
    return patient(MOTHER, "Каноева", "Мария", date(1990, 3, 5), Sex.FEMALE, messenger=MOTHER_IN_MAX, **more)


@pytest.mark.req("TMK-56", "TMK-60", "TMK-61")
async def test_a_closed_card_is_refused(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await load(bot.storage, [mother_card(died=date(2026, 11, 1))])
    await mother.press("Даю согласие")
    assert mother.text == texts.REFUSAL_DECEASED
    assert await held(bot) == 0
    switch_off(bot, "deceased")
    await mother.press("Назад", "14:30", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-57", "TMK-60", "TMK-61")
async def test_a_second_visit_to_the_speciality_in_the_clinic_is_refused(mother: Chat, bot: Bot) -> None:
    in_person = slot("person", "colleague", at(27, 9), channels=frozenset({ChannelTag.EPGU}))
    await load(bot.storage, [doctor("colleague", "Коллега")], [in_person], [book("held", MOTHER, "person")])
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    assert mother.text.startswith("К такому же специалисту в этой поликлинике уже есть запись: Коллега Вера Ильинична")
    assert mother.buttons == ["Мои записи", "Назад", "В начало"]
    assert await held(bot) == 1
    switch_off(bot, "repeat_speciality_mo")
    await mother.press("Назад", "14:30", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-57")
async def test_another_clinic_or_speciality_may_be_booked(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие", "В начало")
    await mother.press("Записать себя", "Первичная", "Терапия", "Районная", "Вторая", "Вт", "16:00", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")
    await mother.press("В начало", "Записать себя", "Первичная", "Акушерство", "Городская", "Женская", "Чт", "09:00")
    await mother.press("Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")
    assert await held(bot) == 3


@pytest.mark.req("TMK-58", "TMK-60")
@pytest.mark.parametrize(("day", "hour", "refused"), [("Вт", "15:00", True), ("Ср", "10:00", False)])
async def test_the_same_day_is_refused_on_its_own(mother: Chat, bot: Bot, day: str, hour: str, refused: bool) -> None:
    morning = slot("morning", "colleague", at(24, 8), channels=frozenset({ChannelTag.EPGU}))
    await load(bot.storage, [doctor("colleague", "Коллега")], [morning], [book("held", MOTHER, "morning")])
    switch_off(bot, "repeat_speciality_mo")
    await mother.start()
    await mother.press(*TO_SUMMARY[:5], day, hour, "Даю согласие")
    assert mother.text.startswith("К такому же специалисту в этой поликлинике в этот день") is refused
    assert await held(bot) == (1 if refused else 2)


@pytest.mark.req("TMK-59", "TMK-60", "TMK-61")
@pytest.mark.parametrize("whose", ["slot", "doctor"])
async def test_a_note_that_limits_the_age_is_kept(mother: Chat, bot: Bot, whose: str) -> None:
    note = ControllingNote(ages=AgeLimits(oldest=17), text="до 18")
    limited: Sequence[Record] = (
        [slot("s1", THERAPIST, at(24, 14, 30), note=note)]
        if whose == "slot"
        else [doctor(THERAPIST, "Терапевтова", note=note)]
    )
    await load(bot.storage, limited)
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await mother.press("Даю согласие")
    assert mother.text == texts.REFUSAL_AGE
    assert mother.buttons == ["К списку врачей", "Назад", "В начало"]
    assert await held(bot) == 0
    switch_off(bot, "note_age")
    await mother.press("Назад", "14:30", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-60")
async def test_a_clinic_may_switch_a_check_off_for_itself(mother: Chat, bot: Bot) -> None:
    note = ControllingNote(ages=AgeLimits(oldest=17))
    await load(
        bot.storage, [organisation(checks={"note_age": False})], [slot("s1", THERAPIST, at(24, 14, 30), note=note)]
    )
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-51")
async def test_a_day_that_closed_meanwhile_is_refused_and_other_days_are_shown(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("tomorrow", THERAPIST, at(21, 10))])
    bot.rules = attrs.evolve(bot.rules, days=DayLimits(tomorrow_closes_at=time(18)))
    bot.clock.move(timedelta(hours=5, minutes=50))
    await mother.start()
    await mother.press(*TO_SUMMARY[:5], "Сб", "10:00")
    bot.clock.move(timedelta(minutes=15))
    await mother.press("Даю согласие")
    assert mother.text.startswith(texts.REFUSAL_DAY_CLOSED)
    assert mother.choices == ["Вт, 24 ноября — 2", "Ср, 25 ноября — 1"]
    assert await held(bot) == 0


@pytest.mark.req("TMK-62")
async def test_a_slot_that_begins_meanwhile_is_refused(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("soon", THERAPIST, at(20, 12, 5))])
    await mother.start()
    await mother.press(*TO_SUMMARY[:5], "Пт", "12:05")
    bot.clock.move(timedelta(minutes=6))
    await mother.press("Даю согласие")
    assert mother.text.startswith(texts.REFUSAL_PAST)
    assert await held(bot) == 0


@pytest.mark.req("TMK-61", "TMK-79")
@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        ([slot("s1", THERAPIST, at(24, 14, 30), status=SlotStatus.CANCELED)], texts.REFUSAL_ANNULLED),
        ([slot("s1", THERAPIST, at(24, 14, 30), status=SlotStatus.BLOCKED)], texts.REFUSAL_TAKEN),
        ([slot("s1", THERAPIST, at(24, 14, 30), status=SlotStatus.RESERVED)], texts.REFUSAL_TAKEN),
        (
            [
                AbsenceRecord(
                    id="ill",
                    resource=ResourceId(THERAPIST),
                    reason=AbsenceReason.SICK_LEAVE,
                    begins=at(24, 14),
                    ends=at(24, 14, 45),
                )
            ],
            texts.REFUSAL_ABSENT,
        ),
    ],
)
async def test_a_time_gone_meanwhile_opens_the_times_left(
    mother: Chat, bot: Bot, meanwhile: Sequence[Record], words: str
) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await load(bot.storage, meanwhile)
    await mother.press("Даю согласие")
    assert mother.text.startswith(words)
    assert mother.choices == ["15:00"]
    assert await held(bot) == 0
    await mother.press("15:00", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-61", "TMK-62")
@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        ([doctor(THERAPIST, "Терапевтова", internet_booking=False)], texts.REFUSAL_INTERNET),
        ([doctor(THERAPIST, "Терапевтова", messenger=None)], texts.REFUSAL_DOCTOR_NOT_IN_MAX),
        ([doctor(THERAPIST, "Терапевтова", areas=frozenset({"7"}))], texts.REFUSAL_DISTRICT),
        ([slot("s1", THERAPIST, at(24, 14, 30), age=AgeTag.CHILD)], texts.REFUSAL_AGE),
        ([slot("s1", THERAPIST, at(24, 14, 30), channels=frozenset({ChannelTag.EPGU}))], texts.REFUSAL_CHANNEL),
        ([Speciality(id=THERAPY, name="Терапия", ages=AgeLimits(oldest=17))], texts.REFUSAL_AGE),
        ([Speciality(id=THERAPY, name="Терапия", sex=Sex.MALE)], texts.REFUSAL_SEX),
        ([purpose("first", "Первичная", active=False)], texts.REFUSAL_PURPOSE),
    ],
)
async def test_what_lists_would_hide_is_checked_again_at_the_end(
    mother: Chat, bot: Bot, meanwhile: Sequence[Record], words: str
) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await load(bot.storage, meanwhile)
    await mother.press("Даю согласие")
    assert mother.text == words
    assert "Назад" in mother.buttons
    assert await held(bot) == 0


@pytest.mark.req("TMK-61")
async def test_another_visit_at_that_time_is_named(mother: Chat, bot: Bot) -> None:
    busy = slot("busy", GYNAECOLOGIST, at(24, 14, 20), channels=frozenset({ChannelTag.EPGU}))
    await load(bot.storage, [busy], [book("held", MOTHER, "busy")])
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    assert mother.text == texts.REFUSAL_SAME_TIME.format(other="Женская Вера Ильинична, 24 ноября, 14:20")
    assert await held(bot) == 1
    await mother.press("Назад", "15:00", "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-61")
async def test_the_same_doctor_that_day_is_named(mother: Chat, bot: Bot) -> None:
    switch_off(bot, "repeat_speciality_mo", "repeat_speciality_mo_day")
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие", "В начало", *TO_SUMMARY[:-1], "15:00", "Даю согласие")
    assert mother.text == texts.REFUSAL_SAME_DOCTOR.format(other="Терапевтова Вера Ильинична, 24 ноября, 14:30")
    assert await held(bot) == 1


@pytest.mark.req("AUTH-44", "TMK-62")
async def test_a_representation_that_ended_is_asked_about_at_the_end(mother: Chat, bot: Bot) -> None:
    ward = PatientId("ward")
    await load(
        bot.storage,
        [patient(ward, "Подопечный", "Олег", date(1950, 1, 1), Sex.MALE)],
        [child_of(MOTHER, ward, relation=Relation.LEGAL)],
    )
    await mother.start()
    await mother.press("Записать другого", "Олег", *TO_SUMMARY[1:])
    await load(bot.storage, [child_of(MOTHER, ward, relation=Relation.LEGAL, until=date(2026, 11, 1))])
    await mother.press("Даю согласие")
    assert await held(bot, ward) == 0
    assert mother.text == texts.REFUSAL_NOT_REPRESENTED


async def test_a_changed_consent_is_shown_again_before_anything_is_booked(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    bot.rules = attrs.evolve(bot.rules, consent_version="2")
    await mother.press("Даю согласие")
    assert mother.text.startswith("Проверьте запись")
    assert await held(bot) == 0
    await mother.press("Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


async def test_a_visit_may_be_cancelled_where_the_region_allows_it(mother: Chat, man: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие", "Мои записи", "1")
    assert "Отменить запись" not in mother.buttons
    bot.allow_cancel = True
    await mother.press("Назад", "1", "Отменить запись")
    assert mother.text.startswith("Отменить запись: Терапевтова Вера Ильинична, 24 ноября, 14:30?")
    await mother.press("Не отменять")
    assert "Пациент: Мария К." in mother.text
    await mother.press("Отменить запись", "Да, отменить")
    assert mother.text == "Запись отменена."
    assert await held(bot) == 0
    await man.start()
    await man.press(*TO_SUMMARY, "Даю согласие")
    assert man.text.startswith("Вы записаны ✓")
    assert await held(bot, MAN) == 1


async def test_a_hospital_of_another_day_is_free_of_the_first(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("again", SECOND_THERAPIST, at(25, 16), organisation=HOSPITAL)])
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия", "Районная", "Вторая", "Вт", "16:00", "Даю согласие")
    await mother.press("В начало", "Записать себя", "Первичная", "Терапия", "Районная", "Вторая", "Ср", "16:00")
    await mother.press("Даю согласие")
    assert mother.text.startswith("К такому же специалисту в этой поликлинике уже есть запись: Вторая")


@pytest.mark.req("AUTH-44")
async def test_a_lost_race_after_a_representation_ended_leads_to_the_menu(mother: Chat, man: Chat, bot: Bot) -> None:
    ward = PatientId("ward")
    await load(
        bot.storage,
        [patient(ward, "Подопечный", "Олег", date(1950, 1, 1), Sex.MALE)],
        [child_of(MOTHER, ward, relation=Relation.LEGAL)],
    )
    await mother.start()
    await mother.press("Записать другого", "Олег", *TO_SUMMARY[1:])
    await man.start()
    await man.press(*TO_SUMMARY, "Даю согласие")
    await load(bot.storage, [child_of(MOTHER, ward, relation=Relation.LEGAL, until=date(2026, 11, 1))])
    await mother.press("Даю согласие")
    assert mother.text.endswith("Мария, что нужно сделать?")
    assert await held(bot, ward) == 0


async def test_a_hand_made_cancellation_does_nothing_where_it_is_not_offered(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие", "Мои записи", "1")
    for key in ("cancel", "drop"):
        await mother.send_payload(mother.payload("Назад").replace(".back", f".{key}"))
        assert texts.ABOVE[Remark.FOREIGN] in mother.text
    assert await held(bot) == 1
