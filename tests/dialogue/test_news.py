"""News of a booking that nobody asked for: the clinic moved it, cancelled it or held it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from returns.pipeline import is_successful

from registratura.application.booking import CancelAppointment, MoveAppointment
from registratura.application.consultations import EndConsultation
from registratura.domain.identifiers import ResourceId, SlotId
from registratura.domain.schedule import SlotStatus
from tests.dialogue.chat import Bot, Chat
from tests.dialogue.clinic import HOSPITAL, SECOND_THERAPIST, THERAPIST, at, load, organisation, slot
from tests.dialogue.notices import DAY, MINUTE, STARTS, TOMORROW, book_oneself, book_the_child, heads, reminders

pytestmark = pytest.mark.anyio


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


async def test_a_booking_that_was_moved_to_another_clinic_names_its_doctor_and_its_clocks(
    mother: Chat, bot: Bot
) -> None:
    hospital = organisation(HOSPITAL, "Районная больница", zone=ZoneInfo("Asia/Yekaterinburg"))
    visit = slot("s4", SECOND_THERAPIST, at(24, 16), organisation=HOSPITAL)
    await load(bot.storage, [hospital], [visit])
    booked = await book_oneself(mother)
    move = MoveAppointment(storage=bot.storage, desk=bot.desk)
    assert is_successful(await move(booked, SlotId("s4"), consent_version="1"))
    await bot.remind()
    assert mother.text.splitlines()[2:] == [
        "Было: 24 ноября, 14:30, Терапевтова Вера Ильинична",
        "Стало: 24 ноября, 16:00, Вторая Вера Ильинична, Районная больница. Просим прощения за неудобство.",
    ]


async def test_what_was_cancelled_is_no_news_once_it_would_have_begun(mother: Chat, bot: Bot) -> None:
    booked = await book_oneself(mother)
    await bot.at(STARTS - 2 * MINUTE)
    bot.clock.move(MINUTE)
    assert is_successful(await CancelAppointment(storage=bot.storage, desk=bot.desk)(booked))
    before = heads(mother)
    await bot.at(STARTS)
    assert heads(mother) == before


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


@pytest.mark.req("CONS-24", "CONS-25", "CONS-26", "CONS-27", "CONS-28", "CONS-29")
@pytest.mark.parametrize(
    ("held_by", "doctor", "later", "ended"),
    [
        (None, "Терапевтова", 20 * MINUTE, "14:50"),
        (THERAPIST, "Терапевтова", 20 * MINUTE, "14:50"),
        (SECOND_THERAPIST, "Вторая", 20 * MINUTE, "14:50"),
        (None, "Терапевтова", timedelta(hours=9, minutes=31), "25 ноября, 00:01"),
    ],
)
async def test_the_end_is_told_of_once_with_the_doctor_who_held_it(
    mother: Chat, bot: Bot, held_by: str | None, doctor: str, later: timedelta, ended: str
) -> None:
    booked = await book_oneself(mother)
    bot.clock.move(STARTS + timedelta(hours=10) - bot.clock.now())
    end = EndConsultation(storage=bot.storage, clock=bot.clock)
    stood_in = ResourceId(held_by) if held_by is not None else None
    for ended_at in (STARTS + later, STARTS + later + MINUTE):
        assert is_successful(await end(booked, ended_at, stood_in))
        await bot.remind()
    assert heads(mother).count("Консультация завершена") == 1
    assert mother.text.splitlines() == [
        "Консультация завершена",
        "",
        "Начало: 24 ноября, 14:30",
        f"Окончание: {ended}",
        f"Врач: {doctor} Вера Ильинична, Терапия",
        "Цель: Первичная",
        "",
        "Заключение врача появится в медицинской карте.",
    ]
