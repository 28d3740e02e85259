"""MAX on a bad day: refusals, cut connections, repeats, disorder and silence cost time and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.chat import Chat
from tests.harness.product import Product, running
from tests.harness.village import FIRST_PURPOSE, Village
from tests.harness.waiting import at_once, until

CONFIRM = "Даю согласие, записать"
SEND, EDIT = "POST /messages", "PUT /messages"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("trouble")
    with running(folder, f"sqlite:///{folder}/registratura.db") as product:
        yield product


@pytest.fixture
def village(product: Product) -> Iterator[Village]:
    yield product.settle(6)
    product.faults()


def to_summary(product: Product, village: Village, index: int) -> Chat:
    chat = product.chat(village.citizens[index].user, patience=60)
    chat.start()
    chat.walk("Записать себя", FIRST_PURPOSE, "Терапия", village.clinic, village.therapist.label)
    chat.press(chat.now().labels[index % 3])
    chat.press(village.times[index // 3])
    return chat


def assert_booked_once(product: Product, village: Village, index: int) -> None:
    product.quiet()
    person = village.citizens[index]
    said = product.chat(person.user).said()
    assert [text.splitlines()[0] for text in said] == ["Проверьте запись", "Вы записаны ✓"], said
    assert len(product.bookings(person.id)) == 1


@pytest.mark.req("TMK-14")
def test_the_result_arrives_once_whatever_happens_to_the_first_attempts(product: Product, village: Village) -> None:
    faults: list[dict[str, Any]] = [
        {"status": 429, "times": 2},
        {"status": 500, "times": 2},
        {"cut": True, "times": 1, "routes": [SEND]},
        {"cut": True, "times": 1, "routes": [EDIT]},
        {"cut": True, "times": 1, "routes": ["POST /answers"]},
    ]
    chats = at_once(lambda index: to_summary(product, village, index), range(len(faults)))
    for index, fault in enumerate(faults):
        product.faults(**fault)

        assert chats[index].press(CONFIRM).text.startswith("Вы записаны ✓")

        assert_booked_once(product, village, index)
        assert product.max.get("_faults").json()["times"] == 0, f"{fault} has not struck"


@pytest.mark.req("TMK-09")
def test_repeated_and_shuffled_updates_change_nothing(product: Product, village: Village) -> None:
    product.faults(duplicates=3, shuffle=True)

    chats = at_once(lambda index: to_summary(product, village, index), range(3))
    at_once(lambda chat: chat.press(CONFIRM), chats)

    for index in range(3):
        assert_booked_once(product, village, index)


@pytest.mark.req("TMK-10")
def test_after_a_silence_everything_arrives_in_order_and_once(product: Product, village: Village) -> None:
    chat = to_summary(product, village, 0)
    before = chat.now()
    product.faults(silence=True)
    chat.tap(CONFIRM, before)
    webhook = product.webhook(b'{"update_type": "planet_moved"}')
    assert webhook.elapsed.total_seconds() < 2
    assert product.bookings(village.citizens[0].id) == [], "MAX has told us nothing yet"

    product.faults()

    until(lambda: product.bookings(village.citizens[0].id), "the booking after the silence")
    assert chat.after(before, CONFIRM).text.startswith("Вы записаны ✓")
    assert_booked_once(product, village, 0)


def test_a_refused_edit_goes_out_as_a_new_message(product: Product, village: Village) -> None:
    chat = product.chat(village.citizens[0].user)
    menu = chat.start()
    product.faults(edit_refused=True)

    purposes = chat.press("Записать себя")

    assert purposes.mid != menu.mid
    assert [text.splitlines()[0] for text in chat.said()] == [menu.text, "Зачем нужна консультация?"]
