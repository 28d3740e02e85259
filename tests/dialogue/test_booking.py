"""From the menu to «Вы записаны»."""

import pytest

from registratura.adapters.max import texts
from registratura.application.dialogue.screens import Remark
from registratura.domain.appointments import Channel
from registratura.domain.identifiers import AppointmentId
from registratura.domain.telemedicine import Consent
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import MAN, MOTHER, SON

pytestmark = pytest.mark.anyio


@pytest.mark.req("AUTH-35", "AUTH-36", "AUTH-37", "AUTH-38")
async def test_a_known_person_sees_the_menu_at_once(mother: Chat) -> None:
    await mother.start()
    assert mother.text == "Мария, что нужно сделать?"
    assert mother.buttons == ["Записать себя", "Записать другого человека", "Мои записи", "Помощь"]


@pytest.mark.req("TMK-01", "TMK-18", "TMK-20", "TMK-24", "TMK-32", "TMK-38", "TMK-45", "TMK-53", "TMK-06")
async def test_each_choice_leads_to_the_next_list(mother: Chat) -> None:
    await mother.start()
    await mother.press("Записать себя")
    assert mother.text == "Зачем нужна консультация?"
    assert mother.choices == ["Первичная", "Повторная", "Закрытие листа нетрудоспособности"]
    await mother.press("Первичная")
    assert mother.text == "К какому врачу?"
    assert mother.choices == ["Акушерство и гинекология", "Терапия"]
    await mother.press("Терапия")
    assert mother.text == "В какой поликлинике? Ваша — первая в списке."
    assert mother.choices == ["Городская поликлиника", "Районная больница"]
    await mother.press("Городская")
    assert mother.text == "Выберите врача. Рядом — ближайшее свободное время."
    assert mother.choices == ["Терапевтова В. И. — 24 ноя, 14:30"]
    await mother.press("Терапевтова")
    assert mother.text == "Терапевтова В. И., Терапия. На какой день?"
    assert mother.choices == ["Вт, 24 ноября — 2", "Ср, 25 ноября — 1"]
    await mother.press("Вт")
    assert mother.text == "24 ноября, вторник. Во сколько? Время местное."
    assert mother.choices == ["14:30", "15:00"]
    await mother.press("14:30")
    assert mother.text.startswith("Проверьте запись")


@pytest.mark.req("TMK-63", "TMK-64", "TMK-65", "TMK-66", "TMK-67", "TMK-68", "TMK-69", "TMK-71")
async def test_the_summary_names_everything_before_the_consent(mother: Chat) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    assert mother.text.splitlines() == [
        "Проверьте запись",
        "",
        "Пациент: Каноева Мария Петровна",
        "Врач: Терапевтова Вера Ильинична, Терапия",
        "Поликлиника: Городская поликлиника",
        "Когда: 24 ноября, вторник, 14:30, время местное",
        "Цель: Первичная",
        "",
        texts.CONSENT,
    ]
    assert mother.buttons == ["Даю согласие, записать", "Условия консультации", "Назад", "В начало"]


@pytest.mark.req("TMK-74", "TMK-75", "TMK-76", "TMK-77", "TMK-04", "TMK-03", "OPS-17")
async def test_the_yes_is_a_new_message_below_the_summary(mother: Chat) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    await mother.press("Даю согласие")
    summary, yes = mother.messages
    assert summary.message.text.startswith("Проверьте запись")
    assert summary.message.keyboard == ()
    assert yes.message.text.split("\n")[:6] == [
        "Вы записаны ✓",
        "",
        "24 ноября, вторник, 14:30, время местное",
        "Терапевтова Вера Ильинична, Терапия",
        "Городская поликлиника",
        "Цель: Первичная",
    ]
    assert mother.buttons == ["Мои записи", "Условия консультации", "В начало"]
    await mother.press("Мои записи")
    assert "24 ноября, 14:30 — Терапевтова Вера Ильинична, Мария К." in mother.text
    assert mother.messages[1].message.text.startswith("Вы записаны ✓"), "the result stays"
    assert mother.messages[1].message.keyboard == ()


@pytest.mark.req("TMK-73", "TMK-82")
async def test_booking_and_consent_are_kept_together(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    assert not bot.memory.state.consents
    await mother.press("Даю согласие")
    [held] = await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))
    assert (held.patient, held.author, held.channel, held.purpose) == (MOTHER, MOTHER, Channel.MAX, "first")
    kept = Consent(
        appointment=held.id, author=MOTHER, patient=MOTHER, version="1", given_at=held.booked_at, channel="max"
    )
    assert list(bot.memory.state.consents.values()) == [kept]


@pytest.mark.req("TMK-70", "TMK-30", "AUTH-39")
async def test_a_mother_books_her_son(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices == ["Пётр, 8 лет"]
    await mother.press("Пётр", "Первичная")
    assert mother.choices == ["Педиатрия"]
    await mother.press("Педиатрия", "Городская", "Детская", "Вт", "11:00")
    assert "Пациент: Каноев Пётр Петровна" in mother.text
    await mother.press("Даю согласие")
    assert mother.text.startswith("Запись оформлена ✓\nПациент: Пётр К.")
    [held] = await bot.storage.read(lambda tx: tx.appointments.coming([SON], None, bot.clock.now()))
    assert held.author == MOTHER


@pytest.mark.req("TMK-07", "TMK-79", "TMK-80", "TMK-78")
async def test_the_slower_of_two_is_told_and_shown_what_is_free(mother: Chat, man: Chat, bot: Bot) -> None:
    for chat in (mother, man):
        await chat.start()
        await chat.press(*TO_SUMMARY)
    await mother.press("Даю согласие")
    await man.press("Даю согласие")
    assert man.text.startswith(texts.REFUSAL_TAKEN)
    assert man.choices == ["15:00"]
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([MAN], None, bot.clock.now()))
    await man.press("15:00", "Даю согласие")
    assert man.text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-83", "TMK-84", "TMK-85", "TMK-86")
async def test_the_conditions_stand_behind_a_button_before_the_consent(mother: Chat) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Условия")
    assert "Консультирует Терапевтова Вера Ильинична, Терапия, Городская поликлиника." in mother.text
    assert "Адрес: ул. Выдуманная, 1, тел. +7 555 000-00-01" in mother.text
    assert "Как пройдёт консультация" in mother.text
    await mother.press("Назад")
    assert mother.text.startswith("Проверьте запись")


async def test_a_person_presses_the_same_yes_twice(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    confirm, mid = mother.payload("Даю согласие"), mother.messages[-1].mid
    await mother.send_payload(confirm)
    again = await mother.send_payload(confirm, mid)
    assert bot.messenger.notes[again] == texts.NOTES[Remark.STALE]
    assert [shown.message.text.split("\n")[0] for shown in mother.messages] == ["Проверьте запись", "Вы записаны ✓"]
    held = await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))
    assert len(held) == 1
    assert AppointmentId(held[0].id)
