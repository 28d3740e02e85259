"""Who talks, whom they may book, and people who cannot be reached."""

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from registratura.adapters.max import texts
from registratura.application.ports.messenger import Delivery, Message, Outgoing, Receipt, Send, line_of
from registratura.application.ports.queues import SendState
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import VisitKind
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Relation, Sex, Snils
from registratura.testing.memory import Effect
from tests.dialogue.chat import LOGIN, TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import (
    MOSCOW,
    MOTHER,
    MOTHER_IN_MAX,
    SON,
    TODAY,
    at,
    book,
    child_of,
    load,
    organisation,
    patient,
)

pytestmark = pytest.mark.anyio


@pytest.mark.req("AUTH-31")
async def test_an_unknown_person_is_invited_to_sign_in_and_cannot_book(bot: Bot) -> None:
    chat = Chat(bot=bot, user=MessengerId("9999"))
    await chat.start()
    assert chat.text.startswith("Здравствуйте! Я помогу записаться")
    (link,) = chat.links
    assert link.startswith(f"{LOGIN}/secret-")
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


def notice(chat: Chat) -> Send:
    return Send(user=chat.user, chat="chat-1001", message=Message("Завтра консультация врача"))


async def remind(bot: Bot, chat: Chat) -> Effect:
    """A notice that is due for the person, and what became of it."""
    number = bot.ids.new()
    await bot.storage.transact(partial(_put, line_of(chat.user), notice(chat), number, bot.clock.now()))
    await bot.send()
    return bot.memory.state.outbox[number]


def _put(line: str, outgoing: Outgoing, id: str, due: datetime, tx: Transaction) -> None:
    tx.outbox.put(line, outgoing, id=id, due=due)


@pytest.mark.req("AUTH-46")
async def test_nothing_is_sent_to_a_person_whom_max_cannot_reach(mother: Chat, bot: Bot) -> None:
    await mother.start()
    bot.messenger.script(Receipt(delivery=Delivery.UNREACHABLE, reason="error.dialog.suspended"))
    await remind(bot, mother)
    attempts = len(bot.messenger.attempts)
    effect = await remind(bot, mother)
    assert (effect.state, effect.reason) == (SendState.SKIPPED, "stopped")
    assert len(bot.messenger.attempts) == attempts, "nothing more goes out"
    await mother.start()
    assert mother.text == "Мария, что нужно сделать?"


@pytest.mark.req("AUTH-46")
async def test_a_stopped_bot_is_silent_until_started_again(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.stop()
    assert (await remind(bot, mother)).state is SendState.SKIPPED
    assert len(mother.messages) == 1
    await mother.start()
    assert (await remind(bot, mother)).state is SendState.SENT


async def test_a_late_word_of_stopping_does_not_silence_a_person_who_presses(mother: Chat) -> None:
    await mother.start()
    await mother.stop()
    await mother.press("Записать себя")
    assert mother.text == "Зачем нужна консультация?"


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


async def test_a_consultation_that_began_stays_until_somebody_says_that_it_ended(mother: Chat, bot: Bot) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    bot.clock.moment = at(24, 14, 51).replace(tzinfo=MOSCOW)
    await mother.start()
    await mother.press("Мои записи")
    assert "24 ноября, 14:30 — Терапевтова" in mother.text
    await mother.press("1")
    assert "Ссылка появится" not in mother.text
    bot.clock.move(timedelta(hours=4))
    await mother.start()
    await mother.press("Мои записи")
    assert mother.text == "Предстоящих записей нет."


async def test_visits_of_a_merged_card_are_the_persons_own(mother: Chat, bot: Bot) -> None:
    old = PatientId("old-card")
    await load(bot.storage, [patient(old, "Каноева", "Мария", date(1990, 3, 5), Sex.FEMALE)], [book("held", old, "s3")])
    merged = patient(
        MOTHER, "Каноева", "Мария", date(1990, 3, 5), Sex.FEMALE, messenger=MOTHER_IN_MAX, united=frozenset({old})
    )
    await load(bot.storage, [merged])
    await mother.start()
    await mother.press("Мои записи")
    assert "25 ноября, 10:00 — Терапевтова Вера Ильинична, Мария К." in mother.text


@pytest.mark.req("TMK-70")
async def test_two_wards_of_one_name_are_told_apart(mother: Chat, bot: Bot) -> None:
    for last in ("Иванов", "Ильин"):
        ward = PatientId(last)
        await load(
            bot.storage,
            [patient(ward, last, "Александр", date(1950, 1, 1), Sex.MALE)],
            [child_of(MOTHER, ward, relation=Relation.LEGAL)],
        )
    await mother.start()
    await mother.press("Записать другого")
    assert mother.choices[:2] == ["Иванов Александр Петровна, 76 лет", "Ильин Александр Петровна, 76 лет"]
    await mother.press("Ильин", *TO_SUMMARY[1:])
    assert "Пациент: Ильин Александр Петровна\n" in mother.text


async def test_an_ended_representation_cancels_nothing(mother: Chat, bot: Bot) -> None:
    bot.allow_cancel = True
    ward = PatientId("ward")
    await load(
        bot.storage,
        [patient(ward, "Подопечный", "Олег", date(1950, 1, 1), Sex.MALE)],
        [child_of(MOTHER, ward, relation=Relation.LEGAL)],
    )
    await mother.start()
    await mother.press("Записать другого", "Олег", *TO_SUMMARY[1:], "Даю согласие", "Мои записи", "1", "Отменить")
    await load(bot.storage, [child_of(MOTHER, ward, relation=Relation.LEGAL, until=date(2026, 11, 1))])
    await mother.press("Да, отменить")
    assert "что нужно сделать?" in mother.text
    assert len(await bot.storage.read(lambda tx: tx.appointments.coming([ward], None, bot.clock.now()))) == 1


async def test_a_representation_ends_on_the_regions_day_wherever_the_clinic_is(mother: Chat, bot: Bot) -> None:
    ward = PatientId("ward")
    await load(
        bot.storage,
        [organisation(zone=ZoneInfo("Europe/Kaliningrad"))],
        [patient(ward, "Подопечный", "Олег", date(1950, 1, 1), Sex.MALE)],
        [child_of(MOTHER, ward, relation=Relation.LEGAL, until=TODAY)],
    )
    bot.clock.moment = at(20, 23, 50).replace(tzinfo=MOSCOW)
    await mother.start()
    await mother.press("Записать другого", "Олег", *TO_SUMMARY[1:-1], "13:30")
    bot.clock.move(timedelta(minutes=20))
    await mother.press("Даю согласие")
    assert not await bot.storage.read(lambda tx: tx.appointments.coming([ward], None, bot.clock.now()))
    assert mother.text == texts.REFUSAL_NOT_REPRESENTED


async def test_a_consultation_without_a_purpose_is_still_a_consultation(mother: Chat, bot: Bot) -> None:
    online = book("held", MOTHER, "s3", kind=VisitKind.ONLINE_CONSULTING)
    await load(bot.storage, [online])
    await mother.start()
    await mother.press("Мои записи")
    assert "Телемедицинская консультация" in mother.text
    assert "очный" not in mother.text
