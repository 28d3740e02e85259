"""Who talks, whom they may book, and people who cannot be reached."""

from datetime import date, timedelta

import pytest

from registratura.application.ports.messenger import Delivery, Receipt
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Relation, Sex, Snils
from tests.dialogue.chat import LOGIN, TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import (
    MOTHER,
    SON,
    TODAY,
    child_of,
    load,
    patient,
)

pytestmark = pytest.mark.anyio


@pytest.mark.req("AUTH-31")
async def test_an_unknown_person_is_invited_to_sign_in_and_cannot_book(bot: Bot) -> None:
    chat = Chat(bot=bot, user=MessengerId("9999"))
    await chat.start()
    assert chat.text.startswith("Здравствуйте! Я помогу записаться")
    assert chat.links == [LOGIN]
    assert chat.buttons == ["Войти через Госуслуги", "Проверить ещё раз"]


async def test_a_person_linked_meanwhile_gets_the_menu(bot: Bot) -> None:
    chat = Chat(bot=bot, user=MessengerId("9999"))
    await chat.start()
    newcomer = patient(PatientId("new"), "Новая", "Инна", date(1980, 1, 1), Sex.FEMALE, messenger=MessengerId("9999"))
    await load(bot.storage, [newcomer])
    await chat.press("Проверить")
    assert chat.text == "Инна, что нужно сделать?"


@pytest.mark.req("AUTH-40")
async def test_a_ward_is_offered_while_the_representation_holds(mother: Chat, bot: Bot) -> None:
    ward = PatientId("ward")
    await load(
        bot.storage,
        [patient(ward, "Подопечный", "Олег", date(1950, 1, 1), Sex.MALE)],
        [child_of(MOTHER, ward, relation=Relation.LEGAL, since=date(2026, 1, 1), until=TODAY)],
    )
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices == ["Пётр, 8 лет", "Олег, 76 лет"]
    bot.clock.move(timedelta(days=1))
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices == ["Пётр, 8 лет"]


async def test_a_representation_that_ends_meanwhile_stops_the_dialogue(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать другого", "Пётр", "Первичная")
    await load(bot.storage, [child_of(MOTHER, SON, until=date(2026, 11, 1))])
    await mother.press("Педиатрия")
    assert "Мария, что нужно сделать?" in mother.text


@pytest.mark.req("AUTH-41")
async def test_a_person_of_both_lists_is_shown_once(mother: Chat, bot: Bot) -> None:
    await load(bot.storage, [child_of(MOTHER, SON, relation=Relation.LEGAL)])
    twin = patient(PatientId("son-again"), "Каноев", "Пётр", date(2018, 1, 2), Sex.MALE, snils=Snils("00100100101"))
    await load(bot.storage, [twin], [child_of(MOTHER, twin.id, relation=Relation.LEGAL)])
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices == ["Пётр, 8 лет"]


@pytest.mark.req("AUTH-42")
async def test_with_nobody_to_book_the_bot_says_so(man: Chat) -> None:
    await man.start()
    await man.press("Записать другого")
    assert man.text.startswith("Пока некого выбрать.")
    assert man.buttons == ["Записать себя", "Назад", "В начало"]
    await man.press("Назад")
    assert man.text == "Денис, что нужно сделать?"


@pytest.mark.req("AUTH-45")
async def test_a_child_who_is_eighteen_today_is_not_offered(mother: Chat, bot: Bot) -> None:
    grown = PatientId("grown")
    await load(
        bot.storage,
        [patient(grown, "Каноева", "Ася", TODAY.replace(year=2008), Sex.FEMALE)],
        [child_of(MOTHER, grown)],
    )
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices == ["Пётр, 8 лет"]


@pytest.mark.req("AUTH-46")
async def test_nothing_is_sent_to_a_person_who_stopped_the_bot(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать себя")
    bot.messenger.script(Receipt(delivery=Delivery.UNREACHABLE, reason="error.dialog.suspended"))
    await mother.press("Первичная")
    attempts = len(bot.messenger.attempts)
    await mother.write()
    await bot.send()
    assert len(bot.messenger.attempts) == attempts, "nothing more goes out"
    await mother.start()
    assert mother.text == "Мария, что нужно сделать?"


@pytest.mark.req("AUTH-46")
async def test_a_stopped_bot_is_silent_until_started_again(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.stop()
    attempts = len(bot.messenger.attempts)
    await mother.write()
    assert len(bot.messenger.attempts) == attempts
    await mother.start()
    assert len(bot.messenger.attempts) == attempts + 1


@pytest.mark.req("TMK-106", "TMK-107")
async def test_upcoming_visits_are_those_of_the_person_and_the_children(mother: Chat, man: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press("Записать другого", "Пётр", "Первичная", "Педиатрия", "Городская", "Детская", "Вт", "11:00")
    await mother.press("Даю согласие", "В начало", *TO_SUMMARY[:-1], "15:00", "Даю согласие", "Мои записи")
    assert mother.text.splitlines()[2::2] == [
        "1. 24 ноября, 11:00 — Детская Вера Ильинична, Пётр К.",
        "2. 24 ноября, 15:00 — Терапевтова Вера Ильинична, Мария К.",
    ]
    assert "Педиатрия. Городская поликлиника. Цель: Первичная" in mother.text
    await mother.press("1")
    assert "Пациент: Пётр К." in mother.text
    assert "Ссылка появится здесь 24 ноября, 10:45." in mother.text
    await man.start()
    await man.press("Мои записи")
    assert man.text == "Предстоящих записей нет."


@pytest.mark.req("TMK-108")
async def test_without_visits_the_bot_says_so(mother: Chat) -> None:
    await mother.start()
    await mother.press("Мои записи")
    assert mother.text == "Предстоящих записей нет."
    assert mother.buttons == ["Записаться", "Назад", "В начало"]
