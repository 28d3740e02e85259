"""What is offered at each step, and to whom."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from registratura.application.ports.failures import Unavailable
from registratura.application.records import AbsenceRecord
from registratura.domain.appointments import Checks, Rules
from registratura.domain.identifiers import PatientId, ResourceId
from registratura.domain.organisations import Accepts, AgeLimits, OrganisationAge
from registratura.domain.people import Sex
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, DayLimits, SlotStatus
from registratura.domain.telemedicine import Platform
from tests.dialogue.broken import WithoutLists
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import (
    GYNAECOLOGIST,
    GYNAECOLOGY,
    HOSPITAL,
    MOTHER,
    PAEDIATRICIAN,
    SECOND_THERAPIST,
    THERAPIST,
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


def with_checks(bot: Bot, **switched: bool) -> None:
    bot.rules = attrs.evolve(bot.rules, checks=Checks(**switched))


@pytest.mark.req("TMK-19")
async def test_purposes_follow_the_settings(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать себя")
    assert mother.choices == ["Первичная", "Повторная", "Закрытие листа нетрудоспособности"]
    await load(
        bot.storage,
        [
            purpose("first", "Первый раз", 9),
            purpose("again", "Повторная", 2, active=False),
            purpose("men", "Только мужчинам", 1, sex=Sex.MALE),
            purpose("young", "До 18", 1, ages=AgeLimits(oldest=17)),
        ],
    )
    await mother.press("Назад", "Записать себя")
    assert mother.choices == ["Закрытие листа нетрудоспособности", "Первый раз"]


@pytest.mark.req("TMK-19")
async def test_a_purpose_may_be_kept_to_specialities_and_clinics(mother: Chat, bot: Bot) -> None:
    only = purpose("only", "Ведение беременности", 9, specialities=frozenset({GYNAECOLOGY}))
    here = purpose("here", "Только в районной", 10, organisations=frozenset({HOSPITAL}))
    await load(bot.storage, [only, here])
    await mother.start()
    await mother.press("Записать себя", "Ведение")
    assert mother.choices == ["Акушерство и гинекология"]
    await mother.press("Назад", "Только в районной", "Терапия")
    assert mother.choices == ["Районная больница"]


@pytest.mark.req("TMK-23", "TMK-31")
async def test_only_doctors_with_free_time_lead_to_a_speciality(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("s6", GYNAECOLOGIST, at(26, 9), status=SlotStatus.BLOCKED)])
    await mother.start()
    await mother.press("Записать себя", "Первичная")
    assert mother.choices == ["Терапия"]
    await load(
        bot.storage, [slot("s4", SECOND_THERAPIST, at(24, 16), organisation=HOSPITAL, status=SlotStatus.RECORDED)]
    )
    await mother.press("Терапия")
    assert mother.choices == ["Городская поликлиника"]


@pytest.mark.req("TMK-23")
async def test_slots_for_visits_in_person_are_not_offered(mother: Chat, bot: Bot) -> None:
    tags = frozenset({ChannelTag.EPGU, ChannelTag.ORDINARY})
    await load(bot.storage, [slot("s6", GYNAECOLOGIST, at(26, 9), channels=tags)])
    await mother.start()
    await mother.press("Записать себя", "Первичная")
    assert mother.choices == ["Терапия"]


@pytest.mark.req("TMK-27", "TMK-60")
async def test_doctors_closed_for_the_internet_are_left_out(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [doctor(GYNAECOLOGIST, "Женская", GYNAECOLOGY, internet_booking=False)])
    await mother.start()
    await mother.press("Записать себя", "Первичная")
    assert mother.choices == ["Терапия"]
    with_checks(bot, internet_booking=False)
    await mother.press("Назад", "Первичная")
    assert mother.choices == ["Акушерство и гинекология", "Терапия"]


@pytest.mark.req("TMK-28", "TMK-29", "TMK-60")
async def test_specialities_follow_the_sex_and_age_of_the_patient(man: Chat, bot: Bot) -> None:
    await man.start()
    await man.press("Записать себя", "Первичная")
    assert man.choices == ["Терапия"]
    with_checks(bot, sex_age=False)
    await man.press("Назад", "Первичная")
    assert man.choices == ["Акушерство и гинекология", "Педиатрия", "Терапия"]


@pytest.mark.req("TMK-31")
async def test_the_clinic_of_attachment_stands_first(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [organisation(HOSPITAL, "Аптекарская больница")])
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия")
    assert mother.choices == ["Городская поликлиника", "Аптекарская больница"]


async def test_a_clinic_for_children_is_not_offered_to_adults(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [organisation(HOSPITAL, "Детская больница", age=OrganisationAge.CHILD)])
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия")
    assert mother.choices == ["Городская поликлиника"]


async def test_a_clinic_that_accepts_its_own_only_is_not_offered_to_others(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [organisation(HOSPITAL, "Районная больница", accepts=Accepts.ATTACHED_HERE)])
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия")
    assert mother.choices == ["Городская поликлиника"]


@pytest.mark.req("TMK-35", "TMK-36", "TMK-37")
async def test_in_max_only_doctors_who_are_there_are_listed(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [doctor(SECOND_THERAPIST, "Вторая", organisation=HOSPITAL, messenger=None)])
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия")
    assert mother.choices == ["Городская поликлиника"]
    bot.rules = attrs.evolve(bot.rules, platform=Platform.OTHER)
    await mother.press("Назад", "Терапия", "Районная")
    assert mother.choices == ["Вторая В. И. — 24 ноя, 16:00"]


@pytest.mark.req("TMK-41", "TMK-42", "TMK-43", "TMK-60")
async def test_a_district_doctor_serves_people_of_the_area(mother: Chat, man: Chat, bot: Bot) -> None:
    await load(
        bot.storage,
        [doctor("own", "Участковая", areas=frozenset({"1"})), doctor("other", "Чужая", areas=frozenset({"2"}))],
        [slot("own", "own", at(24, 9)), slot("other", "other", at(24, 9))],
    )
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия", "Городская")
    assert mother.choices == ["Участковая В. И. — 24 ноя, 09:00", "Терапевтова В. И. — 24 ноя, 14:30"]
    await man.start()
    await man.press("Записать себя", "Первичная", "Терапия", "Городская")
    assert man.choices == ["Терапевтова В. И. — 24 ноя, 14:30"], "not attached anywhere"
    with_checks(bot, district=False)
    await man.press("Назад", "Городская")
    assert [label.split()[0] for label in man.choices] == ["Участковая", "Чужая", "Терапевтова"]


@pytest.mark.req("TMK-44")
async def test_only_days_with_free_time_within_the_horizon_are_listed(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("late", THERAPIST, at(30, 10)), slot("far", THERAPIST, at(30, 11))])
    bot.rules = attrs.evolve(bot.rules, days=DayLimits(horizon_days=5))
    await mother.start()
    await mother.press(*TO_SUMMARY[:5])
    assert mother.choices == ["Вт, 24 ноября — 2", "Ср, 25 ноября — 1"]
    bot.rules = Rules()
    await mother.press("Назад", "Терапевтова")
    assert mother.choices == ["Вт, 24 ноября — 2", "Ср, 25 ноября — 1", "Пн, 30 ноября — 2"]


@pytest.mark.req("TMK-48", "TMK-49")
async def test_today_is_listed_if_allowed_and_only_what_has_not_begun(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("gone", THERAPIST, at(20, 11, 30)), slot("soon", THERAPIST, at(20, 12, 30))])
    await mother.start()
    await mother.press(*TO_SUMMARY[:5])
    assert mother.choices[0] == "Пт, 20 ноября — 1"
    await mother.press("Пт")
    assert mother.choices == ["12:30"]
    bot.rules = attrs.evolve(bot.rules, days=DayLimits(same_day=False))
    await mother.press("Назад")
    assert mother.choices[0] == "Вт, 24 ноября — 2"


@pytest.mark.req("TMK-48")
async def test_a_clinic_may_close_the_current_day_for_itself(mother: Chat, bot: Bot) -> None:
    await load(
        bot.storage,
        [organisation(same_day=False)],
        [slot("soon", THERAPIST, at(20, 12, 30))],
    )
    await mother.start()
    await mother.press(*TO_SUMMARY[:5])
    assert mother.choices[0] == "Вт, 24 ноября — 2"


@pytest.mark.req("TMK-50")
@pytest.mark.parametrize(("minutes", "listed"), [(5 * 60 + 59, True), (6 * 60, False)])
async def test_tomorrow_closes_at_its_hour(mother: Chat, bot: Bot, minutes: int, listed: bool) -> None:
    await load(bot.storage, [slot("tomorrow", THERAPIST, at(21, 10))])
    bot.rules = attrs.evolve(bot.rules, days=DayLimits(tomorrow_closes_at=time(18)))
    bot.clock.move(timedelta(minutes=minutes))
    await mother.start()
    await mother.press(*TO_SUMMARY[:5])
    assert ("Сб, 21 ноября — 1" in mother.choices) is listed
    assert "Вт, 24 ноября — 2" in mother.choices


async def test_times_of_an_absence_are_not_offered(mother: Chat, bot: Bot) -> None:
    away = AbsenceRecord(
        id="away", resource=ResourceId(THERAPIST), reason=AbsenceReason.VACATION, begins=at(24, 0), ends=at(24, 14, 30)
    )
    await load(bot.storage, [away])
    await mother.start()
    await mother.press(*TO_SUMMARY[:5])
    assert mother.choices == ["Вт, 24 ноября — 1", "Ср, 25 ноября — 1"]


async def test_slots_for_another_age_are_not_offered(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [slot("s1", THERAPIST, at(24, 14, 30), age=AgeTag.CHILD)])
    await mother.start()
    await mother.press(*TO_SUMMARY[:6])
    assert mother.choices == ["15:00"]


@pytest.mark.req("TMK-30")
async def test_a_baby_sees_slots_for_babies(mother: Chat, bot: Bot) -> None:
    baby = PatientId("baby")
    await load(
        bot.storage,
        [patient(baby, "Каноева", "Ева", date(2026, 5, 20), Sex.FEMALE)],
        [child_of(MOTHER, baby)],
        [
            slot("baby", PAEDIATRICIAN, at(24, 12), age=AgeTag.BABY),
            slot("child", PAEDIATRICIAN, at(24, 13), age=AgeTag.CHILD),
        ],
    )
    await mother.start()
    await mother.press("Записать другого", "Ева, 6 мес.", "Первичная", "Педиатрия", "Городская", "Детская", "Вт")
    assert mother.choices == ["11:00", "12:00"]


@pytest.mark.req("TMK-52")
async def test_times_are_those_of_the_clinic_and_the_difference_is_named(mother: Chat, bot: Bot) -> None:
    await load(
        bot.storage,
        [organisation(HOSPITAL, "Дальняя больница", zone=ZoneInfo("Asia/Yekaterinburg"))],
        [doctor("far", "Дальняя", organisation=HOSPITAL)],
        [
            slot("far-2", "far", at(24, 9, 15), organisation=HOSPITAL),
            slot("far-1", "far", at(24, 8), organisation=HOSPITAL),
        ],
    )
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия", "Дальняя больница", "Дальняя В.", "Вт")
    assert mother.choices == ["08:00", "09:15"]
    assert "Часы этой поликлиники отличаются от времени региона" in mother.text


@pytest.mark.req("TMK-15")
async def test_an_empty_list_is_no_fault(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать себя")
    everybody = (THERAPIST, SECOND_THERAPIST, GYNAECOLOGIST)
    closing = [doctor(who, "Закрытая", internet_booking=False) for who in everybody]
    await load(bot.storage, closing)
    await mother.press("Первичная")
    assert mother.text.startswith("Сейчас записаться некуда: нет доступных специальностей.")
    assert mother.buttons == ["Назад", "В начало"]


@pytest.mark.req("TMK-15")
@pytest.mark.parametrize(
    ("presses", "words"),
    [
        (2, "Сейчас записаться некуда: нет доступных специальностей."),
        (3, "Сейчас записаться некуда: нет доступных поликлиник."),
        (4, "Сейчас записаться некуда: нет доступных врачей."),
        (5, "У этого врача всё занято на ближайшие 14 дней."),
        (6, "У этого врача на этот день всё занято."),
    ],
)
async def test_whatever_is_gone_meanwhile_is_said(mother: Chat, bot: Bot, presses: int, words: str) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY[: presses - 1])
    slots = [slot(f"s{n}", THERAPIST, at(24, 14, 30), status=SlotStatus.BLOCKED) for n in (1,)]
    slots += [slot("s2", THERAPIST, at(24, 15), status=SlotStatus.BLOCKED)]
    slots += [slot("s3", THERAPIST, at(25, 10), status=SlotStatus.BLOCKED)]
    slots += [slot("s4", SECOND_THERAPIST, at(24, 16), organisation=HOSPITAL, status=SlotStatus.BLOCKED)]
    slots += [slot("s6", GYNAECOLOGIST, at(26, 9), status=SlotStatus.BLOCKED)]
    await load(bot.storage, slots)
    await mother.press(TO_SUMMARY[presses - 1])
    assert mother.text.startswith(words)
    assert "Назад" in mother.buttons


@pytest.mark.req("TMK-21", "TMK-22", "TMK-25", "TMK-26", "TMK-33", "TMK-34", "TMK-39", "TMK-40", "TMK-46", "TMK-47")
@pytest.mark.req("TMK-54", "TMK-55", "AUTH-43")
@pytest.mark.parametrize("presses", range(1, 7))
async def test_a_list_that_cannot_be_had_is_said_and_can_be_asked_again(mother: Chat, bot: Bot, presses: int) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY[: presses - 1])
    before = mother.text
    whole = bot.storage
    bot.storage = WithoutLists(whole)
    await mother.press(TO_SUMMARY[presses - 1])
    assert mother.text == "Не получилось загрузить список: поликлиника не отвечает."
    assert mother.buttons == ["Повторить", "Назад", "В начало"]
    bot.storage = whole
    await mother.press("Повторить")
    after = mother.text
    await mother.press("Назад")
    assert mother.text == before
    await mother.press(TO_SUMMARY[presses - 1])
    assert mother.text == after


@pytest.mark.req("AUTH-43")
async def test_people_who_cannot_be_read_are_said(mother: Chat, bot: Bot) -> None:
    await mother.start()
    whole, bot.storage = bot.storage, WithoutLists(bot.storage)
    await mother.press("Записать другого")
    assert mother.text == "Не получилось загрузить список: поликлиника не отвечает."
    bot.storage = whole
    await mother.press("Назад")
    assert mother.text == "Мария, что нужно сделать?"


async def test_a_storage_that_is_wholly_gone_loses_nothing(mother: Chat, bot: Bot) -> None:
    await mother.start()
    whole, bot.storage = bot.storage, WithoutLists(bot.storage, nothing_at_all=True)
    with pytest.raises(Unavailable):
        await mother.press("Записать себя")
    bot.storage = whole
    await mother.write()
    assert "Мария, что нужно сделать?" in mother.text


@pytest.mark.req("TMK-35")
async def test_the_nearest_time_fits_a_patient_who_comes_of_age_meanwhile(mother: Chat, bot: Bot) -> None:
    grown = PatientId("grown")
    await load(
        bot.storage,
        [patient(grown, "Каноева", "Ася", date(2008, 11, 25), Sex.FEMALE)],
        [child_of(MOTHER, grown)],
        [slot("before", GYNAECOLOGIST, at(24, 9), age=AgeTag.ADULT)],
        [slot("after", GYNAECOLOGIST, at(25, 9), age=AgeTag.ADULT)],
        [slot("s6", GYNAECOLOGIST, at(26, 9), status=SlotStatus.BLOCKED)],
    )
    await mother.start()
    await mother.press("Записать другого", "Ася", "Первичная", "Акушерство", "Городская")
    assert mother.choices == ["Женская В. И. — 25 ноя, 09:00"]


async def test_many_coming_visits_fit_one_screen(mother: Chat, bot: Bot) -> None:
    bot.page_size = 25
    starts = [at(23 + n // 24, n % 24) for n in range(25)]
    tags = frozenset({ChannelTag.EPGU})
    for n, start in enumerate(starts):
        many = f"many-{n}"
        in_person = slot(many, many, start, channels=tags)
        await load(bot.storage, [doctor(many, "Врачева", GYNAECOLOGY)], [in_person], [book(many, MOTHER, many)])
    await mother.start()
    await mother.press("Мои записи")
    assert mother.choices == [str(number) for number in range(1, 26)]
    await mother.press("25")
    assert "Это очный приём" in mother.text


@pytest.mark.req("TMK-84", "TMK-86")
async def test_long_conditions_keep_the_clinic_and_fit_one_message(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [organisation(conditions="🩺 Правила. " * 360)])
    await mother.start()
    await mother.press(*TO_SUMMARY, "Условия")
    assert "Адрес: ул. Выдуманная, 1" in mother.text
    assert "🩺 Правила." in mother.text
    assert mother.text.endswith("…")
