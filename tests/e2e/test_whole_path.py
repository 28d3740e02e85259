"""A person with MAX books a consultation: everything over HTTP, nothing but messages and buttons."""

from collections import Counter

import pytest

from tests.harness.chat import Bubble, Chat
from tests.harness.product import Product
from tests.harness.village import FIRST_NAMES, FIRST_PURPOSE, Doctor, Village
from tests.harness.waiting import at_once

MENU = ["Записать себя", "Записать другого человека", "Мои записи", "Помощь"]
CONFIRM = "Даю согласие, записать"
TAKEN = "Это время только что заняли. Выберите другое — список обновили."
STEPS_AND_RESULT = 2
"""Messages of a whole booking: the one that is changed from step to step, and the result."""


def to_times(chat: Chat, village: Village, doctor: Doctor, speciality: str, *, day: int = 0) -> Bubble:
    """From the choice of a purpose to the free times of a day."""
    chat.walk(FIRST_PURPOSE, speciality, village.clinic, doctor.label)
    return chat.press(chat.now().labels[day])


@pytest.mark.req("TMK-01", "TMK-03", "TMK-04", "TMK-06", "TMK-52", "TMK-53", "TMK-74", "TMK-75", "TMK-82", "AUTH-35")
@pytest.mark.req("AUTH-36", "AUTH-37", "AUTH-38")
def test_a_person_books_a_consultation(small: Product, large: Product) -> None:
    at_once(whole_path, [small, large])


def whole_path(product: Product) -> None:
    village = product.settle()
    person, doctor = village.citizens[0], village.therapist
    chat = product.chat(person.user)

    menu = chat.start()
    assert menu.text == f"{person.first_name}, что нужно сделать?"
    assert menu.labels == MENU
    assert chat.press("Записать себя").choices == [FIRST_PURPOSE, "Повторная консультация"]
    assert chat.press(FIRST_PURPOSE).choices == ["Неврология", "Терапия"]
    assert chat.press("Терапия").choices == [village.clinic]
    (nearest,) = chat.press(village.clinic).choices
    assert nearest.startswith(doctor.label)
    assert nearest.endswith(", 10:00")
    days = chat.press(nearest).choices
    assert [label.rsplit(" — ", 1)[1] for label in days] == ["6", "6", "6"]
    assert [int(label.split()[1]) for label in days] == [day.day for day in village.days]
    assert chat.press(days[1]).choices == village.times

    summary = chat.press("10:20")
    assert f"Пациент: {person.last_name} {person.first_name}\n" in summary.text
    assert f"Врач: {doctor.last_name} Светлозар Вениаминович, Терапия" in summary.text
    assert f"Поликлиника: {village.clinic}" in summary.text
    assert f"Цель: {FIRST_PURPOSE}" in summary.text
    assert f"{village.days[1].day} " in summary.text
    assert "10:20, время местное" in summary.text
    assert "согласие на консультацию с применением телемедицинских технологий" in summary.text

    booked = chat.press(CONFIRM)
    assert booked.text.startswith("Вы записаны ✓")
    assert "10:20" in booked.text
    assert booked.labels == ["Мои записи", "Условия консультации", "В начало"]

    (booking,) = product.bookings(person.id)
    assert booking["slot_id"] == village.slot_id(doctor, village.days[1], "10:20")
    assert booking["starts"].startswith(f"{village.days[1]}T10:20:00")
    assert (booking["patient_id"], booking["author_id"], booking["channel"]) == (person.id, person.id, "max")
    assert (booking["kind"], booking["purpose_id"]) == ("ONLINE_CONSULTING", "first")

    steps, result = chat.bubbles()
    assert (steps.text, steps.buttons) == (summary.text, ())
    assert result.mid != steps.mid
    assert {bubble.mid for bubble in (menu, summary)} == {steps.mid}


@pytest.mark.req("TMK-63", "TMK-64", "TMK-65", "TMK-66", "TMK-67", "TMK-68", "TMK-69", "TMK-70", "TMK-71", "TMK-73")
@pytest.mark.req("TMK-29", "TMK-30", "TMK-83", "TMK-84", "TMK-85", "TMK-86", "AUTH-39")
def test_a_parent_books_a_child(large: Product) -> None:
    village = large.settle()
    parent, doctor = village.citizens[0], village.paediatrician
    chat = large.chat(parent.user)
    chat.start()

    people = chat.press("Записать другого человека")
    (child,) = people.choices
    assert child.startswith("Малышка, ")
    chat.press(child)
    assert chat.press(FIRST_PURPOSE).choices == ["Неврология", "Педиатрия"]
    chat.walk("Педиатрия", village.clinic, doctor.label)
    chat.press(chat.now().choices[0])
    summary = chat.press("11:00")
    assert f"Пациент: Жителев-{village.number} Малышка\n" in summary.text
    for part in (village.clinic, "Педиатрия", f"{doctor.last_name} Светлозар Вениаминович", "11:00", FIRST_PURPOSE):
        assert part in summary.text

    conditions = chat.press("Условия консультации").text
    assert conditions.startswith("Как пройдёт консультация")
    assert f"Адрес: Луговая улица, {village.number}, тел. 88000000122, лицензия Л041" in conditions
    assert f"{doctor.last_name} Светлозар Вениаминович, Педиатрия" in conditions
    assert chat.press("Назад").text == summary.text
    booked = chat.press(CONFIRM)

    assert booked.text.startswith("Запись оформлена ✓\nПациент: Малышка Ж.")
    (booking,) = large.bookings(village.child)
    assert (booking["patient_id"], booking["author_id"]) == (village.child, parent.id)
    assert large.bookings(parent.id) == []
    consent = "SELECT author_id, patient_id, version, channel FROM consent WHERE appointment_id = :id"
    assert large.query(consent, id=booking["id"]) == [(parent.id, village.child, "1", "max")]


@pytest.mark.req("TMK-07", "TMK-17", "TMK-76", "TMK-77", "TMK-106", "TMK-107", "TMK-108")
def test_a_taken_time_is_gone_for_everybody_else_and_comes_back_when_it_is_given_back(large: Product) -> None:
    village = large.settle()
    (first, second, *_), doctor = village.citizens, village.therapist
    taken = village.slot_id(doctor, village.days[0], "10:00")
    early, late = large.chat(first.user), large.chat(second.user)
    for chat in (early, late):
        chat.start()
        chat.press("Записать себя")
        assert "10:00" in to_times(chat, village, doctor, "Терапия").choices
    early.walk("10:00", CONFIRM)

    days = late.press("Назад")
    assert days.choices[0].endswith(" — 5")
    assert late.press(days.choices[0]).choices == village.times[1:]
    assert "10:20" in late.press("10:20").text
    late.press("Назад")
    assert ", 10:40, " in late.press("10:40").text, "what is chosen later drops what was chosen before"
    asked = {"patient_id": second.id, "slot_id": taken, "author_id": second.id}
    refused = large.call("POST", "/api/v1/bookings", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "booking.SlotTaken")

    mine = early.press("Мои записи")
    assert f"1. {village.days[0].day} " in mine.text
    assert "10:00" in mine.text
    nothing = late.walk("В начало", "Мои записи")
    assert nothing.text == "Предстоящих записей нет."
    assert "В начало" in nothing.labels

    early.walk("1", "Отменить запись")
    assert early.press("Да, отменить").text == "Запись отменена."
    late.walk("В начало", "Записать себя")
    assert to_times(late, village, doctor, "Терапия").choices == village.times
    assert large.bookings(first.id) == []


def test_eight_dialogues_at_once_are_never_mixed_and_each_reply_comes_once(small: Product, large: Product) -> None:
    at_once(eight_dialogues, [small, large])


def eight_dialogues(product: Product) -> None:
    village = product.settle(8)

    def book(index: int) -> Bubble:
        person = village.citizens[index]
        chat = product.chat(person.user)
        chat.start()
        chat.press("Записать себя")
        to_times(chat, village, village.therapist, "Терапия", day=index % 3)
        chat.press(village.times[index // 3])
        return chat.press(CONFIRM)

    results = at_once(book, range(8))

    assert all(result.text.startswith("Вы записаны ✓") for result in results)
    product.quiet()
    for index, person in enumerate(village.citizens):
        said = product.chat(person.user).said()
        assert len(said) == STEPS_AND_RESULT, said
        assert f"Пациент: {person.last_name} {person.first_name}\n" in said[0]
        assert not any(name in text for text in said for name in FIRST_NAMES if name != person.first_name)
        (booking,) = product.bookings(person.id)
        wanted = (village.therapist, village.days[index % 3], village.times[index // 3])
        assert booking["slot_id"] == village.slot_id(*wanted)
    users = {str(person.user) for person in village.citizens}
    sent = Counter(
        asked["query"]["user_id"]
        for asked in product.requests()
        if (asked["method"], asked["path"]) == ("POST", "/messages") and asked["query"].get("user_id") in users
    )
    assert set(sent.values()) <= {STEPS_AND_RESULT}


@pytest.mark.req("TMK-78", "TMK-79", "TMK-80", "TMK-61")
def test_one_of_twenty_gets_the_time(small: Product, large: Product) -> None:
    at_once(twenty_for_one_time, [small, large])


def twenty_for_one_time(product: Product) -> None:
    village = product.settle(20)
    doctor = village.neurologist

    def to_summary(index: int) -> Chat:
        chat = product.chat(village.citizens[index].user, patience=60)
        chat.start()
        chat.press("Записать себя")
        to_times(chat, village, doctor, "Неврология")
        chat.press("10:40")
        return chat

    chats = at_once(to_summary, range(20))
    screens = at_once(lambda chat: chat.press(CONFIRM), chats)

    winners = [screen for screen in screens if screen.text.startswith("Вы записаны ✓")]
    losers = [screen for screen in screens if screen.text.startswith(TAKEN)]
    assert (len(winners), len(losers)) == (1, 19)
    free = [clock for clock in village.times if clock != "10:40"]
    assert all(screen.choices == free and "Назад" in screen.labels for screen in losers)
    held = [booking for person in village.citizens for booking in product.bookings(person.id)]
    assert [booking["slot_id"] for booking in held] == [village.slot_id(doctor, village.days[0], "10:40")]
    loser = next(chat for chat, screen in zip(chats, screens, strict=True) if screen in losers)
    assert loser.walk("11:00", CONFIRM).text.startswith("Вы записаны ✓")


@pytest.mark.req("TMK-13")
def test_a_long_list_is_shown_in_pages(large: Product) -> None:
    village = large.settle(times=24)
    chat = large.chat(village.citizens[0].user)
    chat.start()
    chat.press("Записать себя")

    page, seen = to_times(chat, village, village.therapist, "Терапия"), []
    while True:
        seen += page.choices
        assert "Назад" in page.labels
        if "Дальше →" not in page.labels:
            break
        page = chat.press("Дальше →")

    assert seen == village.times
    assert chat.press("← Раньше").choices == village.times[10:20]


@pytest.mark.req("TMK-12")
def test_words_instead_of_buttons_get_a_hint_and_the_step_again(large: Product) -> None:
    village = large.settle()
    chat = large.chat(village.citizens[0].user)
    chat.start()
    step = chat.press("Записать себя")

    shown = chat.say("запиши меня к врачу")

    hint = "Я понимаю только кнопки. Продолжим отсюда.\nЕсли срочно нужна помощь, звоните 103 или 112."
    assert shown.text == f"{hint}\n\n{step.text}"
    assert shown.labels == step.labels


@pytest.mark.req("AUTH-31")
def test_somebody_without_a_card_is_invited_to_sign_in_and_gets_no_booking_buttons(large: Product) -> None:
    village = Village.invent()
    stranger = village.citizens[0]
    large.move_in(stranger.user, stranger.first_name)
    chat = large.chat(stranger.user)

    invitation = chat.start()

    assert invitation.labels == ["Проверить ещё раз"]
    assert [label for label, _ in invitation.links] == ["Войти через Госуслуги"]
    assert large.load(list(village.records())).status_code == 200
    assert chat.press("Проверить ещё раз").labels == MENU


@pytest.mark.req("TMK-15")
def test_an_empty_list_is_no_fault(large: Product) -> None:
    village = large.settle()
    chat = large.chat(village.citizens[1].user)
    chat.start()

    nobody = chat.press("Записать другого человека")

    assert nobody.text.startswith("Пока некого выбрать.")
    assert nobody.labels == ["Записать себя", "Назад", "В начало"]
