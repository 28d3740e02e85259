"""«Назад», stale and foreign buttons, words instead of buttons, pages, long silence."""

from datetime import timedelta

import attrs
import pytest

from registratura.adapters.max import texts
from registratura.application.dialogue.screens import Remark
from registratura.application.ports.messenger import Started
from registratura.domain.identifiers import MessengerId, SlotId
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import (
    CLINIC,
    MOTHER,
    STRANGER,
    THERAPIST,
    at,
    doctor,
    load,
    slot,
)

pytestmark = pytest.mark.anyio


@pytest.mark.req("TMK-16", "TMK-72", "TMK-22", "TMK-26", "TMK-34", "TMK-40", "TMK-47", "TMK-55")
async def test_back_leads_to_the_previous_step_from_every_step(mother: Chat) -> None:
    await mother.start()
    seen = [mother.text]
    for label in TO_SUMMARY:
        await mother.press(label)
        seen.append(mother.text)
    for previous in reversed(seen[:-1]):
        await mother.press("Назад")
        assert mother.text == previous
    assert mother.choices == ["Записать себя", "Записать другого человека", "Мои записи", "Помощь"]


@pytest.mark.req("TMK-17")
async def test_going_back_forgets_what_was_chosen_later(mother: Chat) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await mother.press("Назад", "Назад", "Назад", "Назад", "Районная", "Вторая", "Вт", "16:00")
    assert "Вторая Вера Ильинична" in mother.text
    assert "Поликлиника: Районная больница" in mother.text


@pytest.mark.req("TMK-72")
async def test_back_from_the_summary_books_nothing(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Назад")
    assert mother.text.startswith("24 ноября, вторник. Во сколько?")
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))


@pytest.mark.req("TMK-11")
async def test_a_button_of_an_earlier_step_shows_the_step_in_force(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать себя")
    old = mother.payload("Первичная")
    await mother.press("Повторная", "Терапия")
    callback = await mother.send_payload(old)
    assert bot.messenger.notes[callback] == texts.NOTES[Remark.STALE]
    assert mother.text == "В какой поликлинике? Ваша — первая в списке."
    await mother.press("Городская", "Терапевтова", "Вт", "14:30")
    assert "Цель: Повторная" in mother.text


@pytest.mark.req("TMK-11")
async def test_a_button_of_a_finished_dialogue_books_nothing_more(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    old = mother.payload("Даю согласие")
    await mother.press("В начало")
    await mother.send_payload(old)
    assert mother.text == "Мария, что нужно сделать?"
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))


@pytest.mark.req("AUTH-44")
async def test_a_button_of_another_person_is_refused_and_audited(mother: Chat, man: Chat, bot: Bot) -> None:
    await mother.start()
    await man.start()
    await mother.press("Записать другого")
    await man.press("Записать себя")
    callback = await man.send_payload(mother.payload("Пётр"))
    assert bot.messenger.notes[callback] == texts.NOTES[Remark.FOREIGN]
    assert man.text == f"{texts.ABOVE[Remark.FOREIGN]}\n\nЗачем нужна консультация?"
    [note] = bot.memory.state.audit
    assert (note.event, note.actor, note.subject) == ("dialogue.foreign_button", "1002", "purpose")


@pytest.mark.req("AUTH-44")
@pytest.mark.parametrize(
    "payload",
    [
        "",
        None,
        "nonsense",
        str(STRANGER),
        "v1.secret-00000000000000001.999999.yes",
        "v1.secret-00000000000000001.2.77",
        "v1.secret-00000000000000001.2.yes",
        "v1.secret-00000000000000001.2." + "9" * 900,
    ],
)
async def test_a_payload_made_by_hand_changes_nothing(mother: Chat, bot: Bot, payload: str | None) -> None:
    await mother.start()
    await mother.press("Записать другого")
    await mother.send_payload(payload)
    assert mother.choices == ["Пётр, 8 лет"]
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([STRANGER, MOTHER], MOTHER, bot.clock.now()))


@pytest.mark.req("TMK-12")
async def test_words_instead_of_a_button_repeat_the_step(mother: Chat) -> None:
    await mother.start()
    await mother.press("Записать себя")
    await mother.write()
    assert mother.text == f"{texts.ABOVE[Remark.BUTTONS_ONLY]}\n\nЗачем нужна консультация?"
    await mother.press("Первичная")
    assert mother.text == "К какому врачу?"


@pytest.mark.req("TMK-09")
async def test_an_update_delivered_twice_has_one_effect(mother: Chat, bot: Bot) -> None:
    await mother.start()
    update = bot.messenger.attempts[-1]
    assert update.user == mother.user
    shown = len(mother.messages)
    assert await bot.take_in("same", Started(user=mother.user, chat="chat-1001")) == 1
    assert await bot.take_in("same", Started(user=mother.user, chat="chat-1001")) == 0
    await bot.work()
    assert len(mother.messages) == shown + 1


@pytest.mark.req("TMK-13")
async def test_a_long_list_comes_in_pages_and_everybody_can_be_reached(mother: Chat, bot: Bot) -> None:
    names = [f"Врачева{chr(0x430 + number // 8)}{chr(0x430 + number % 8)}" for number in range(75)]
    await load(
        bot.storage,
        [doctor(f"many-{number}", name) for number, name in enumerate(names)],
        [slot(f"many-{number}", f"many-{number}", at(26, 8)) for number in range(75)],
    )
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Терапия", "Городская")
    reached = []
    while True:
        assert len(mother.last.keyboard) <= 30
        assert "Назад" in mother.buttons
        reached += [label.split()[0] for label in mother.choices]
        if "Дальше →" not in mother.buttons:
            break
        await mother.press("Дальше")
    assert sorted(reached) == sorted([*names, "Терапевтова"])
    await mother.press("← Раньше")
    await mother.press(mother.choices[0])
    assert "На какой день?" in mother.text
    await mother.press("Назад")
    assert len(mother.choices) == 10, "back leads to the page it was left from"


async def test_after_a_long_silence_the_dialogue_begins_anew(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    bot.clock.move(timedelta(hours=25))
    await mother.press("Даю согласие")
    assert mother.text == f"{texts.ABOVE[Remark.IDLE]}\n\nМария, что нужно сделать?"
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))


async def test_a_deleted_message_is_no_fault(mother: Chat) -> None:
    await mother.start()
    payload = mother.payload("Записать себя")
    await mother.send_payload(payload, mid=None)
    assert len(mother.messages) == 2
    assert mother.text == "Зачем нужна консультация?"


async def test_single_choices_are_passed_over_where_the_region_wants_it(mother: Chat, bot: Bot) -> None:
    bot.manners = attrs.evolve(bot.manners, skip_single=True)
    await mother.start()
    await mother.press("Записать себя", "Первичная", "Акушерство")
    assert mother.text.startswith("Проверьте запись"), "one clinic, one doctor, one day, one time"
    await mother.press("Назад")
    assert mother.text == "К какому врачу?"


@pytest.mark.req("TMK-02")
async def test_the_bot_answers_at_night_and_on_holidays(mother: Chat, bot: Bot) -> None:
    bot.clock.move(timedelta(hours=15))
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")


async def test_help_names_whom_to_call(mother: Chat) -> None:
    await mother.start()
    await mother.press("Помощь")
    assert "122" in mother.text
    assert "103" in mother.text
    await mother.press("Назад")
    assert mother.text == "Мария, что нужно сделать?"


async def test_a_slot_loaded_twice_stays_where_it_was(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    await load(bot.storage, [slot("s1", THERAPIST, at(24, 14, 30), organisation=CLINIC)])
    held = await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))
    assert [booking.slot for booking in held] == [SlotId("s1")]
    other = await Chat(bot=bot, user=MessengerId("1002")).start()
    await other.press(*TO_SUMMARY[:-1])
    assert other.choices == ["15:00"]


async def test_the_start_can_be_reached_from_either_of_two_screens(mother: Chat) -> None:
    await mother.start()
    await mother.press("Записать себя")
    older, mid = mother.payload("В начало"), mother.messages[-1].mid
    await mother.write()
    await mother.send_payload(older, mid)
    assert mother.messages[0].message.text == "Мария, что нужно сделать?"
    await mother.send_payload(mother.payload("В начало"))
    assert mother.text == "Мария, что нужно сделать?"


async def test_an_old_way_to_the_start_leaves_the_result_where_it_is(mother: Chat) -> None:
    await mother.start()
    await mother.press("Записать себя")
    older, mid = mother.payload("В начало"), mother.messages[-1].mid
    await mother.write()
    await mother.press(*TO_SUMMARY[1:], "Даю согласие")
    await mother.send_payload(older, mid)
    assert mother.messages[0].message.text == "Мария, что нужно сделать?"
    assert mother.text.startswith("Вы записаны ✓")
