"""What people are told without having asked: when, what, to whom, and never twice or too late."""

from datetime import datetime, timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.booking import CancelAppointment, MoveAppointment
from registratura.application.confirmation import Terms
from registratura.application.ports.messenger import Delivery, Receipt
from registratura.domain.appointments import Appointment, VisitKind
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.domain.notifications import QuietHours, ReminderRules
from registratura.domain.people import Relation
from registratura.domain.schedule import SlotStatus
from registratura.testing.mis import Way
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat, consultation_link
from tests.dialogue.clinic import MOSCOW, MOTHER, SON, THERAPIST, at, load, slot

pytestmark = pytest.mark.anyio

STARTS = datetime(2026, 11, 24, 14, 30, tzinfo=MOSCOW)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TOMORROW, AT_HAND = "Завтра консультация врача", "Консультация через 15 минут"


async def book_oneself(chat: Chat) -> AppointmentId:
    await chat.start()
    await chat.press(*TO_SUMMARY, "Даю согласие")
    assert chat.text.startswith("Вы записаны")
    return only(chat.bot).id


async def book_the_child(chat: Chat) -> AppointmentId:
    await chat.start()
    await chat.press("Записать другого", "Пётр", "Первичная", "Педиатрия", "Городская", "Детская", "Вт", "11:00")
    await chat.press("Даю согласие")
    return only(chat.bot).id


def only(bot: Bot) -> Appointment:
    (held,) = bot.memory.state.in_force()
    return held


def heads(chat: Chat) -> list[str]:
    """The first lines of all messages."""
    return [shown.message.text.split("\n")[0] for shown in chat.messages]


def reminders(chat: Chat) -> list[str]:
    return [head for head in heads(chat) if ("онсультация" in head and "врача" in head) or "через" in head]


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
    await bot.at(only(bot).starts - 15 * MINUTE)
    assert reminders(mother) == [AT_HAND]


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
    kept = bot.memory.state.outbox[f"notice:day_before:{booked}"]
    assert (kept.state.value, kept.reason) == ("skipped", "no_messenger")
    bot.memory.state.patients[MOTHER] = card
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == [AT_HAND]


@pytest.mark.req("AUTH-46")
async def test_whoever_stopped_the_bot_is_not_reminded(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await mother.stop()
    await bot.at(STARTS - DAY)
    assert reminders(mother) == []
    kept = bot.memory.state.outbox[f"notice:day_before:{booked}"]
    assert (kept.state.value, kept.reason) == ("skipped", "stopped")
    await mother.start()
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == [AT_HAND]


@pytest.mark.req("TMK-102")
@pytest.mark.parametrize(
    ("ahead", "at_once", "later"),
    [
        (timedelta(hours=3), [], [AT_HAND]),
        (5 * MINUTE, ["Консультация через 5 минут"], ["Консультация через 5 минут"]),
        (MINUTE, ["Консультация через 1 минуту"], ["Консультация через 1 минуту"]),
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


@pytest.mark.req("TMK-103")
async def test_a_cancelled_booking_is_not_reminded_of(mother: Chat, bot: Bot) -> None:
    bot.allow_cancel = True
    await book_oneself(mother)
    await mother.press("Мои записи", "1", "Отменить", "Да, отменить")
    for moment in (STARTS - DAY, STARTS - 15 * MINUTE):
        await bot.at(moment)
    assert reminders(mother) == []


@pytest.mark.req("TMK-103")
async def test_a_booking_that_was_moved_is_reminded_of_at_its_new_time(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    move = MoveAppointment(storage=bot.storage, desk=bot.desk)
    moved = await move(booked, SlotId("s3"), consent_version="1")
    assert is_successful(moved)
    await bot.remind()
    assert mother.text.splitlines() == [
        "Запись изменилась",
        "",
        "Было: 24 ноября, 14:30, Терапевтова Вера Ильинична",
        "Стало: 25 ноября, 10:00, Терапевтова Вера Ильинична, Городская поликлиника. Просим прощения за неудобство.",
    ]
    await bot.at(STARTS - DAY)
    assert reminders(mother) == []
    await bot.at(moved.unwrap().starts - DAY)
    assert "25 ноября, среда, 10:00" in mother.text
    await bot.at(STARTS - 15 * MINUTE)
    assert reminders(mother) == [TOMORROW]


async def test_whom_the_clinic_cancelled_is_told_and_may_book_again(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    await bot.remind()
    await bot.remind()
    assert heads(mother).count("Запись изменилась") == 1
    assert mother.text.endswith("Поликлиника отменила приём. Просим прощения за неудобство.")
    assert mother.buttons == ["Записаться снова", "Мои записи"]
    await mother.press("Записаться снова")
    assert mother.text == "Зачем нужна консультация?"


async def test_a_withdrawn_slot_is_told_of(mother: Chat, bot: Bot) -> None:
    await book_the_child(mother)
    await load(bot.storage, [slot("s5", "d3", at(24, 11), status=SlotStatus.CANCELED)])
    await bot.remind()
    assert mother.text.startswith("Запись изменилась\n\nБыло: 24 ноября, 11:00, Детская")
    await mother.press("Записаться снова")
    assert mother.choices[0].startswith("Пётр")


async def test_who_cancels_is_not_told_of_it(mother: Chat, bot: Bot) -> None:
    bot.allow_cancel = True
    await book_oneself(mother)
    await mother.press("Мои записи", "1", "Отменить", "Да, отменить")
    await bot.remind()
    assert mother.text == "Запись отменена."


@pytest.mark.req("TMK-104", "OPS-13")
async def test_what_could_not_be_sent_in_time_is_sent_once_or_not_at_all(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await bot.at(STARTS - 5 * MINUTE)
    assert reminders(mother) == ["Консультация через 5 минут"], "nobody is told of tomorrow on the day itself"

    bot.messenger.script(Receipt(delivery=Delivery.LATER, reason="too.many.requests"), times=50)
    bot.clock.move(-DAY)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    await bot.remind()
    await bot.at(STARTS - 4 * MINUTE)
    assert reminders(mother) == ["Консультация через 5 минут"]


async def test_a_reminder_that_waits_is_never_late(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    bot.messenger.script(Receipt(delivery=Delivery.LATER, reason="too.many.requests"), times=50)
    await bot.at(STARTS - 15 * MINUTE)
    bot.messenger = type(bot.messenger)(clock=bot.clock)
    await bot.at(STARTS)
    assert mother.messages == []
    kept = bot.memory.state.outbox[f"notice:soon:{booked}"]
    assert (kept.state.value, kept.reason) == ("skipped", "late")


async def test_a_reminder_that_waits_goes_with_its_booking(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    bot.messenger.script(Receipt(delivery=Delivery.LATER, reason="too.many.requests"), times=50)
    await bot.at(STARTS - DAY)
    bot.messenger = type(bot.messenger)(clock=bot.clock)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    await bot.at(STARTS - DAY + 10 * MINUTE)
    await bot.send()
    assert heads(mother) == ["Запись изменилась"]
    kept = bot.memory.state.outbox[f"notice:day_before:{booked}"]
    assert (kept.state.value, kept.reason) == ("skipped", "withdrawn")


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


@pytest.mark.req("TMK-109", "TMK-110", "TMK-111", "TMK-112")
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
