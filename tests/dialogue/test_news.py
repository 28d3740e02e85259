"""News of a booking that nobody asked for: the clinic moved it or cancelled it."""

import pytest
from returns.pipeline import is_successful

from registratura.application.booking import CancelAppointment, MoveAppointment
from registratura.domain.identifiers import SlotId
from registratura.domain.schedule import SlotStatus
from tests.dialogue.chat import Bot, Chat
from tests.dialogue.clinic import at, load, slot
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
