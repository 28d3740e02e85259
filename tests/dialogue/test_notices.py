"""Reminders: what is said, to whom, and what its buttons do; and the link on the card of a booking."""

from datetime import timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.confirmation import Terms
from registratura.application.consultations import EndConsultation
from registratura.domain.appointments import VisitKind
from registratura.domain.people import Relation
from registratura.testing.mis import Way
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat, consultation_link
from tests.dialogue.clinic import MOTHER, SON
from tests.dialogue.notices import (
    AT_HAND,
    DAY,
    MINUTE,
    STARTS,
    TOMORROW,
    book_oneself,
    book_the_child,
    kept,
    only,
    reminders,
)

pytestmark = pytest.mark.anyio


@pytest.mark.req("TMK-87", "TMK-88", "TMK-89", "TMK-90", "TMK-91", "TMK-92", "TMK-93", "TMK-95", "TMK-96", "TMK-100")
async def test_one_reminder_a_day_before_and_one_with_the_link(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await bot.at(STARTS - DAY - MINUTE)
    assert reminders(mother) == []
    await bot.at(STARTS - DAY)
    assert mother.text.splitlines() == [
        TOMORROW,
        "",
        "24 ноября, вторник, 14:30, время местное",
        "Пациент: Каноева Мария Петровна",
        "Врач: Терапевтова Вера Ильинична, Терапия",
        "Поликлиника: Городская поликлиника",
        "Цель: Первичная",
        "",
        "Ссылка придёт за 15 минут до начала. Если не сможете — позвоните 122: время достанется другому.",
    ]
    assert mother.links == []
    assert mother.buttons == ["Условия консультации"]

    await bot.at(STARTS - 16 * MINUTE)
    assert reminders(mother) == [TOMORROW]
    await bot.at(STARTS - 15 * MINUTE)
    assert mother.text.splitlines() == [
        AT_HAND,
        "",
        "24 ноября, вторник, 14:30, время местное",
        "Пациент: Каноева Мария Петровна",
        "Врач: Терапевтова Вера Ильинична, Терапия",
        "Поликлиника: Городская поликлиника",
        "Цель: Первичная",
        "",
        "Нажмите кнопку и дождитесь врача в чате.",
    ]
    assert mother.links == [consultation_link(booked)]
    assert mother.buttons == ["Перейти к консультации", "Условия консультации", "Не получается войти"]

    for later in (MINUTE, 14 * MINUTE, DAY):
        await bot.at(STARTS - 15 * MINUTE + later)
    assert reminders(mother) == [TOMORROW, AT_HAND]


@pytest.mark.req("TMK-97")
async def test_the_parent_is_reminded_of_the_childs_visit(mother: Chat, bot: Bot) -> None:
    await book_the_child(mother)
    starts = only(bot).starts
    await bot.at(starts - DAY)
    await bot.at(starts - 15 * MINUTE)
    assert reminders(mother) == [TOMORROW, AT_HAND]
    assert "Пациент: Каноев Пётр Петровна" in mother.text


@pytest.mark.req("TMK-98")
async def test_a_representative_is_reminded_of_the_wards_visit(mother: Chat, bot: Bot) -> None:
    held = next(iter(bot.memory.state.representations.values()))
    bot.memory.state.representations.clear()
    key = (MOTHER, SON, Relation.LEGAL.value)
    bot.memory.state.representations[key] = attrs.evolve(held, relation=Relation.LEGAL)
    await book_the_child(mother)
    starts = only(bot).starts
    await bot.at(starts - DAY)
    assert reminders(mother) == [TOMORROW]
    await bot.at(starts - 15 * MINUTE)
    assert reminders(mother) == [TOMORROW, AT_HAND]
    assert "Пациент: Каноев Пётр Петровна" in mother.text


@pytest.mark.req("TMK-94")
async def test_the_conditions_are_a_press_away_and_the_notice_stays(mother: Chat, bot: Bot) -> None:
    await book_oneself(mother)
    await bot.at(STARTS - DAY)
    notice = mother.last
    await mother.press("Условия")
    assert mother.text.startswith("Как пройдёт консультация")
    assert mother.messages[-2].message == notice
    await mother.press("Назад")
    assert mother.text == "Мария, что нужно сделать?"


async def test_buttons_of_a_notice_never_get_stale(mother: Chat, bot: Bot) -> None:
    bot.allow_cancel = True
    await book_oneself(mother)
    await bot.at(STARTS - DAY)
    assert "Если не сможете — отмените" in mother.text
    cancel, conditions = mother.payload("Отменить"), mother.payload("Условия")
    await mother.send_payload(conditions)
    await mother.press("В начало", "Мои записи")
    await mother.send_payload(cancel)
    assert mother.text.startswith("Отменить запись: Терапевтова")
    await mother.press("Да, отменить")
    assert mother.text == "Запись отменена."
    await mother.send_payload(cancel)
    assert mother.text == "Мария, что нужно сделать?"


async def test_a_strangers_notice_opens_nothing(mother: Chat, man: Chat, bot: Bot) -> None:
    bot.allow_cancel = True
    await book_oneself(mother)
    await bot.at(STARTS - DAY)
    payloads = [mother.payload("Отменить"), mother.payload("Условия")]
    await man.start()
    for payload in payloads:
        await man.send_payload(payload)
        assert man.text == "Денис, что нужно сделать?"
    assert only(bot).patient == MOTHER


async def test_whoever_cannot_get_in_is_helped(mother: Chat, bot: Bot) -> None:
    await book_oneself(mother)
    await bot.at(STARTS - 15 * MINUTE)
    await mother.press("Не получается войти")
    assert "позвоните 122" in mother.text


@pytest.mark.req("TMK-99")
async def test_whose_messenger_nobody_knows_is_not_reminded(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    card = bot.memory.state.patients[MOTHER]
    bot.memory.state.patients[MOTHER] = attrs.evolve(card, messenger=None)
    await bot.at(STARTS - DAY)
    assert reminders(mother) == []
    assert kept(bot, "day_before", booked) == ("skipped", "no_messenger")
    bot.memory.state.patients[MOTHER] = card
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == [AT_HAND]


@pytest.mark.req("AUTH-46")
async def test_whoever_stopped_the_bot_is_not_reminded(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await mother.stop()
    await bot.at(STARTS - DAY)
    assert reminders(mother) == []
    assert kept(bot, "day_before", booked) == ("skipped", "stopped")
    await mother.start()
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == [AT_HAND]


@pytest.mark.req("TMK-103")
@pytest.mark.parametrize(("ahead", "before"), [(DAY + MINUTE, []), (timedelta(hours=2), [TOMORROW])])
async def test_a_cancelled_booking_is_not_reminded_of(
    mother: Chat, bot: Bot, ahead: timedelta, before: list[str]
) -> None:
    bot.allow_cancel = True
    await book_oneself(mother)
    await bot.at(STARTS - max(ahead, DAY))
    bot.clock.move(STARTS - ahead - bot.clock.now())
    assert reminders(mother) == before
    await mother.start()
    await mother.press("Мои записи", "1", "Отменить", "Да, отменить")
    assert mother.text == "Запись отменена."
    for moment in (STARTS - DAY, STARTS - 15 * MINUTE, STARTS - MINUTE):
        await bot.at(moment)
    assert reminders(mother) == before


@pytest.mark.req("TMK-109", "TMK-110", "TMK-112")
async def test_the_card_of_the_booking_shows_the_link_in_time(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    bot.clock.move(STARTS - 16 * MINUTE - bot.clock.now())
    await mother.start()
    await mother.press("Мои записи", "1")
    assert "Ссылка появится здесь 24 ноября, 14:15." in mother.text
    assert mother.links == []
    for moment in (STARTS - 15 * MINUTE, STARTS + timedelta(hours=3)):
        bot.clock.move(moment - bot.clock.now())
        await mother.press("В начало", "Мои записи", "1")
        assert mother.links == [consultation_link(booked)]
    bot.clock.move(timedelta(hours=1, minutes=1))
    await mother.press("В начало", "Мои записи")
    assert mother.text == "Предстоящих записей нет."


@pytest.mark.req("TMK-111")
async def test_the_card_of_a_visit_in_person_shows_no_link(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    bot.memory.state.appointments[booked] = attrs.evolve(only(bot), kind=VisitKind.APPOINTMENT)
    for moment in (STARTS - 5 * MINUTE, STARTS + 5 * MINUTE):
        bot.clock.move(moment - bot.clock.now())
        await mother.start()
        await mother.press("Мои записи", "1")
        assert "24 ноября, вторник, 14:30" in mother.text
        assert mother.links == []


@pytest.mark.req("TMK-112")
async def test_the_link_goes_with_the_end_that_the_doctor_records(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    bot.clock.move(STARTS + 10 * MINUTE - bot.clock.now())
    await mother.start()
    await mother.press("Мои записи", "1")
    assert mother.links == [consultation_link(booked)]
    assert is_successful(await EndConsultation(storage=bot.storage, clock=bot.clock)(booked))
    await mother.press("В начало", "Мои записи")
    assert mother.text == "Предстоящих записей нет."


async def test_nobody_is_reminded_of_what_the_clinic_has_not_confirmed(mother: Chat, bot: Bot) -> None:
    bot.terms = Terms()
    bot.clock.move(STARTS - 5 * MINUTE - bot.clock.now())
    bot.mis.script(Way(answered=False), Way(answered=False))
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    await bot.remind()
    assert reminders(mother) == []
    while not mother.text.startswith("Вы записаны"):
        bot.clock.move(timedelta(seconds=20))
        await bot.ask()
    await bot.at(bot.clock.now() + timedelta(seconds=30))
    assert len(reminders(mother)) == 1


async def test_a_visit_in_person_is_not_reminded_of(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    held = only(bot)
    bot.memory.state.appointments[booked] = attrs.evolve(held, kind=VisitKind.APPOINTMENT, patient=SON)
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == []
