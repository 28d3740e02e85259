"""Reminders when time is short, the messenger is busy or the clock jumps: none twice, none late, none at night."""

from datetime import timedelta

import pytest
from returns.pipeline import is_successful

from registratura.application.booking import CancelAppointment
from registratura.domain.notifications import QuietHours, ReminderRules
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import THERAPIST, at, load, slot
from tests.dialogue.notices import (
    AT_HAND,
    DAY,
    MINUTE,
    STARTS,
    TOMORROW,
    book_oneself,
    heads,
    kept,
    only,
    recover,
    refuse,
    reminders,
)

pytestmark = pytest.mark.anyio


@pytest.mark.req("TMK-102")
@pytest.mark.parametrize(
    ("ahead", "at_once", "later"),
    [
        (timedelta(hours=3), [], [AT_HAND]),
        (5 * MINUTE, ["Консультация через 5 минут"], ["Консультация через 5 минут"]),
        (4.5 * MINUTE, ["Консультация через 5 минут"], ["Консультация через 5 минут"]),
        (MINUTE, ["Консультация через 1 минуту"], ["Консультация через 1 минуту"]),
        (0.5 * MINUTE, ["Консультация через 1 минуту"], ["Консультация через 1 минуту"]),
    ],
)
async def test_whoever_books_late(
    mother: Chat, bot: Bot, ahead: timedelta, at_once: list[str], later: list[str]
) -> None:
    bot.clock.move(STARTS - ahead - bot.clock.now())
    await book_oneself(mother)
    await bot.remind()
    assert reminders(mother) == at_once
    if not at_once:
        await bot.at(STARTS - 15 * MINUTE)
    await bot.at(STARTS + MINUTE)
    assert reminders(mother) == later


@pytest.mark.req("TMK-104", "OPS-13")
async def test_what_was_due_while_nothing_ran_is_told_once_unless_it_is_too_late(mother: Chat, bot: Bot) -> None:
    await book_oneself(mother)
    for minutes in (5, 4, 3):
        await bot.at(STARTS - minutes * MINUTE)
        assert reminders(mother) == ["Консультация через 5 минут"], "nobody is told of tomorrow on the day itself"


@pytest.mark.req("TMK-104", "OPS-13")
async def test_a_reminder_that_could_not_be_sent_is_sent_once(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    refuse(bot)
    await bot.at(STARTS - 15 * MINUTE)
    assert kept(bot, "soon", booked) == ("waiting", "too.many.requests")
    recover(bot)
    for minutes in (12, 11, 10):
        await bot.at(STARTS - minutes * MINUTE)
        assert heads(mother) == [AT_HAND]
    assert kept(bot, "soon", booked) == ("sent", None)


@pytest.mark.req("TMK-104")
async def test_whom_the_clinic_cancelled_hears_of_it_and_of_nothing_before(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await bot.at(STARTS - 5 * MINUTE)
    refuse(bot)
    # The clock goes back by a day, to when the first reminder is ahead again.
    bot.clock.move(-DAY)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    await bot.remind()
    recover(bot)
    for minutes in (4, 3):
        await bot.at(STARTS - minutes * MINUTE)
        assert heads(mother) == ["Запись изменилась"]


async def test_a_reminder_that_waits_is_never_late(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    refuse(bot)
    await bot.at(STARTS - 15 * MINUTE)
    recover(bot)
    await bot.at(STARTS)
    assert mother.messages == []
    assert kept(bot, "soon", booked) == ("skipped", "late")


async def test_nobody_is_told_of_tomorrow_after_midnight(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    refuse(bot)
    await bot.at(STARTS - DAY)
    recover(bot)
    await bot.at(STARTS.replace(hour=0, minute=0))
    assert mother.messages == []
    assert kept(bot, "day_before", booked) == ("skipped", "late")


async def test_nobody_is_reminded_of_today_once_the_link_is_due(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    refuse(bot)
    await bot.at(STARTS - timedelta(hours=10))
    recover(bot)
    await bot.at(STARTS - 15 * MINUTE)
    await bot.send()
    assert heads(mother) == [AT_HAND]
    assert kept(bot, "day_before", booked) == ("skipped", "late")


async def test_a_reminder_that_waits_goes_with_its_booking(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    refuse(bot)
    await bot.at(STARTS - DAY)
    recover(bot)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    await bot.at(STARTS - DAY + 10 * MINUTE)
    await bot.send()
    assert heads(mother) == ["Запись изменилась"]
    assert kept(bot, "day_before", booked) == ("skipped", "withdrawn")


@pytest.mark.req("TMK-104")
async def test_a_clock_that_jumps_sends_nothing_twice(mother: Chat, bot: Bot) -> None:
    await book_oneself(mother)
    for moment in (STARTS - DAY, STARTS - DAY - timedelta(hours=1), STARTS - DAY + timedelta(hours=1)):
        await bot.at(moment)
    for moment in (STARTS - 15 * MINUTE, STARTS - 75 * MINUTE, STARTS - 10 * MINUTE, STARTS - DAY, STARTS - MINUTE):
        await bot.at(moment)
    assert reminders(mother) == [TOMORROW, AT_HAND]


async def test_nobody_is_woken_at_night(mother: Chat, bot: Bot) -> None:
    bot.reminders = ReminderRules(quiet=QuietHours())
    await load(bot.storage, [slot("night", THERAPIST, at(25, 6, 40))])
    await mother.start()
    await mother.press(*TO_SUMMARY[:5], "Ср", "06:40", "Даю согласие")
    starts = only(bot).starts
    await bot.at(starts - DAY)
    assert reminders(mother) == []
    await bot.at(starts - DAY + 80 * MINUTE)
    assert reminders(mother) == [TOMORROW]


async def test_a_late_reminder_of_the_same_day_says_today(mother: Chat, bot: Bot) -> None:
    await book_oneself(mother)
    await bot.at(STARTS - timedelta(hours=10))
    assert reminders(mother) == ["Сегодня консультация врача"]
