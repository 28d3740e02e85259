"""Where the clinic decides: «Вы записаны» only after its yes, and never a word too much."""

from datetime import date, timedelta

import pytest

from registratura.application.confirmation import Terms
from registratura.domain.people import Sex
from registratura.domain.refusals import BookingCode
from registratura.domain.schedule import FreeSlot, SlotStatus, TakenSlot
from registratura.testing.mis import Way
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import STRANGER, THERAPIST, at, load, patient, slot

pytestmark = pytest.mark.anyio

SILENT = Way(answered=False)
LOST = Way(heard=False)
BOOKING = "Записываем… Обычно хватает нескольких секунд."
NO_ANSWER_YET = (
    "Поликлиника пока не ответила. Мы проверяем, прошла ли запись, и напишем сюда в течение 10 минут."
    " Записываться второй раз не нужно."
)
NOT_CONFIRMED = (
    "Запись на 24 ноября, 14:30 не состоялась: поликлиника её не подтвердила. Это время может быть ещё свободно."
)


@pytest.fixture
def bot(bot: Bot) -> Bot:
    bot.terms = Terms()
    bot.allow_cancel = True
    return bot


async def confirm(chat: Chat) -> None:
    await chat.start()
    await chat.press(*TO_SUMMARY, "Даю согласие")


async def pass_time(bot: Bot, **span: float) -> None:
    """Let time pass and the clinic be asked what is due then."""
    bot.clock.move(timedelta(**span))
    await bot.ask()


async def withdraw(bot: Bot) -> None:
    """The clinic takes the slot out of its schedule."""
    await load(bot.storage, [slot("s1", THERAPIST, at(24, 14, 30), status=SlotStatus.CANCELED)])


def seen(chat: Chat) -> list[str]:
    return [shown.message.text.split("\n")[0] for shown in chat.messages]


async def test_booked_is_said_after_the_clinics_yes(mother: Chat, bot: Bot) -> None:
    await confirm(mother)
    assert mother.text == BOOKING
    assert mother.buttons == []
    assert isinstance(bot.memory.state.slots["s1"], TakenSlot), "the slot is held meanwhile"
    assert not bot.mis.held
    await bot.ask()
    assert seen(mother) == ["Проверьте запись", BOOKING, "Вы записаны ✓"]
    assert mother.buttons == ["Мои записи", "Условия консультации", "В начало"]
    assert len(bot.mis.held) == 1


async def test_a_silent_clinic_is_asked_again_and_the_person_knows(mother: Chat, bot: Bot) -> None:
    bot.mis.script(SILENT)
    await confirm(mother)
    await bot.ask()
    assert mother.text == NO_ANSWER_YET
    assert mother.buttons == ["Мои записи", "В начало"]
    await pass_time(bot, seconds=4)
    assert mother.text == NO_ANSWER_YET
    await pass_time(bot, seconds=1)
    assert seen(mother) == ["Проверьте запись", BOOKING, NO_ANSWER_YET, "Вы записаны ✓"]


async def test_silence_past_all_patience_is_a_no(mother: Chat, bot: Bot) -> None:
    bot.mis.script(*[LOST] * 20)
    await confirm(mother)
    await bot.ask()
    assert mother.text == NO_ANSWER_YET
    await pass_time(bot, minutes=9, seconds=45)
    assert mother.text == NOT_CONFIRMED
    assert mother.buttons == ["Выбрать время", "В начало"]
    assert isinstance(bot.memory.state.slots["s1"], FreeSlot)
    await mother.press("Выбрать время")
    assert mother.choices == ["14:30", "15:00"]
    assert "Назад" in mother.buttons


async def test_a_yes_after_our_no_is_cancelled_and_nobody_is_bothered(mother: Chat, bot: Bot) -> None:
    bot.mis.script(*[SILENT] * 2)
    await confirm(mother)
    await bot.ask()
    await pass_time(bot, minutes=9, seconds=45)
    assert mother.text == NOT_CONFIRMED
    assert len(bot.mis.held) == 1, "the clinic heard the first question"
    await pass_time(bot, seconds=5)
    assert not bot.mis.held
    assert mother.text == NOT_CONFIRMED


async def test_the_clinics_no_shows_what_is_free_instead(mother: Chat, bot: Bot) -> None:
    bot.mis.occupied.add(bot.memory.state.slots["s1"].opening.id)
    await confirm(mother)
    await bot.ask()
    assert mother.text.startswith("Это время только что заняли. Выберите другое — список обновили.")
    assert mother.choices == ["14:30", "15:00"]
    await mother.press("15:00", "Даю согласие")
    await bot.ask()
    assert mother.text.startswith("Вы записаны ✓")


@pytest.mark.parametrize(
    ("code", "words", "button"),
    [
        (BookingCode.SAME_TIME, "На это время уже есть запись к другому врачу.", "Мои записи"),
        (BookingCode.SAME_DOCTOR, "К этому врачу или такому же специалисту вы уже записаны.", "Мои записи"),
        (BookingCode.AGE, "Этот врач принимает пациентов другого возраста.", "К списку врачей"),
        (BookingCode.PATIENT_UNKNOWN, "Поликлиника не нашла пациента с такими данными.", "Помощь"),
        (BookingCode.IMPOSSIBLE, "Поликлиника не смогла оформить запись.", "Повторить"),
    ],
)
async def test_every_other_no_of_the_clinic_has_words_and_a_way_on(
    mother: Chat, bot: Bot, code: BookingCode, words: str, button: str
) -> None:
    await confirm(mother)
    booked = next(iter(bot.memory.state.confirmations.values())).appointment
    bot.mis.declined[booked] = code
    await bot.ask()
    assert mother.text.startswith(words)
    assert mother.buttons == [button, "Назад", "В начало"]


async def test_whoever_went_on_is_told_without_losing_the_buttons(mother: Chat, bot: Bot) -> None:
    bot.mis.script(SILENT)
    await confirm(mother)
    await bot.ask()
    await mother.press("В начало", "Записать другого")
    await pass_time(bot, seconds=5)
    assert mother.text.startswith("Вы записаны ✓")
    assert mother.buttons == []
    menu = mother.messages[-2].message
    assert any(button.text.startswith("Пётр") for row in menu.keyboard for button in row)
    before = bot.memory.state.dialogues[mother.user]
    mother.messages.pop()
    await mother.press("Пётр")
    assert bot.memory.state.dialogues[mother.user].revision == before.revision + 1, "the button still counted"


async def test_nobody_else_is_told_when_the_messenger_id_has_moved(mother: Chat, bot: Bot) -> None:
    await confirm(mother)
    heir = patient(STRANGER, "Чужая", "Анна", date(2000, 1, 2), Sex.FEMALE, messenger=mother.user)
    await load(bot.storage, [heir])
    await bot.ask()
    assert len(bot.mis.held) == 1
    assert mother.text == BOOKING


async def test_coming_visits_say_what_the_clinic_has_not_confirmed(mother: Chat, bot: Bot) -> None:
    bot.mis.script(SILENT)
    await confirm(mother)
    await bot.ask()
    await mother.press("Мои записи")
    assert "Поликлиника ещё не подтвердила эту запись." in mother.text
    await mother.press("1")
    assert mother.text.endswith("Поликлиника ещё не подтвердила эту запись.")
    await pass_time(bot, seconds=5)
    assert mother.text.startswith("Вы записаны ✓")
    await mother.write()
    await mother.press("В начало", "Мои записи")
    assert "не подтвердила" not in mother.text


async def test_words_while_waiting_show_the_waiting_again(mother: Chat, bot: Bot) -> None:
    bot.mis.script(SILENT)
    await confirm(mother)
    await mother.write()
    assert mother.text.endswith(BOOKING)
    await bot.ask()
    await mother.write()
    assert mother.text.endswith(NO_ANSWER_YET)


async def to_cancelling(chat: Chat) -> None:
    await chat.press("Мои записи", "1", "Отменить запись", "Да, отменить")


async def test_cancelled_is_said_after_the_clinics_yes(mother: Chat, bot: Bot) -> None:
    await confirm(mother)
    await bot.ask()
    await to_cancelling(mother)
    assert mother.text == "Отменяем… Обычно хватает нескольких секунд."
    assert isinstance(bot.memory.state.slots["s1"], TakenSlot)
    await bot.ask()
    assert mother.text == "Запись отменена."
    assert mother.buttons == ["Записаться снова", "В начало"]
    assert isinstance(bot.memory.state.slots["s1"], FreeSlot)
    assert not bot.mis.held


async def test_a_cancellation_that_the_clinic_does_not_accept_leaves_the_visit(mother: Chat, bot: Bot) -> None:
    bot.mis.keeps_bookings = True
    await confirm(mother)
    await bot.ask()
    await to_cancelling(mother)
    await bot.ask()
    assert mother.text == ("Поликлиника не приняла отмену, запись действует. Попробуйте позже или позвоните 122.")
    await mother.press("В начало", "Мои записи")
    assert "24 ноября, 14:30" in mother.text
    assert "ещё не" not in mother.text


async def test_an_unanswered_cancellation_goes_on(mother: Chat, bot: Bot) -> None:
    await confirm(mother)
    await bot.ask()
    bot.mis.script(LOST, LOST)
    await to_cancelling(mother)
    await bot.ask()
    assert mother.text.startswith("Поликлиника пока не ответила. Отменим запись, как только она ответит")
    await mother.press("Мои записи", "1")
    assert mother.text.endswith("Отмена отправлена, поликлиника ещё не ответила.")
    assert "Отменить запись" not in mother.buttons
    await pass_time(bot, seconds=5)
    await pass_time(bot, seconds=10)
    assert mother.text == "Запись отменена."


async def test_what_was_never_confirmed_is_cancelled_at_once(mother: Chat, bot: Bot) -> None:
    bot.mis.script(SILENT)
    await confirm(mother)
    await bot.ask()
    await to_cancelling(mother)
    assert mother.text == "Запись отменена."
    assert isinstance(bot.memory.state.slots["s1"], FreeSlot)
    assert len(bot.mis.held) == 1
    await pass_time(bot, seconds=5)
    assert not bot.mis.held, "what the clinic took late is given back"
    assert mother.text == "Запись отменена."


async def test_a_slot_that_the_clinic_withdrew_meanwhile_is_no_yes(mother: Chat, bot: Bot) -> None:
    await confirm(mother)
    await withdraw(bot)
    await bot.ask()
    assert mother.text == NOT_CONFIRMED
    assert not bot.mis.held
