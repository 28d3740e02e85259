"""Power cuts in the middle of everything: nobody loses a time, gets it twice, or sees a message twice."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from tests.harness.chat import Bubble
from tests.harness.product import Product, running
from tests.harness.programs import Program
from tests.harness.village import FIRST_PURPOSE, Village
from tests.harness.waiting import at_once

CONFIRM = "Даю согласие, записать"
WALKERS = 8
KILLS = 8
PAUSE = (0.1, 0.9)
"""Seconds between one power cut and the next."""
LEASE_AND_MORE = 100.0
"""What a killed worker had taken to send is looked at again after a minute."""


def book(product: Product, village: Village, index: int) -> Bubble:
    """The whole way of one person, who waits as long as it takes."""
    chat = product.chat(village.citizens[index].user, patience=LEASE_AND_MORE)
    chat.start()
    chat.walk("Записать себя", FIRST_PURPOSE, "Терапия", village.clinic, village.therapist.label)
    chat.press(chat.now().labels[index % 3])
    chat.press(village.times[index // 3])
    return chat.press(CONFIRM)


def cut_power(programs: list[Program], walks: list[Future[Bubble]], chance: random.Random) -> int:
    """Kill one program after another while people walk, starting each again at once; gives how often."""
    for number in range(KILLS):
        if not wait(walks, timeout=chance.uniform(*PAUSE)).not_done:
            return number
        victim = programs[number % len(programs)]
        victim.kill()
        victim.start()
        victim.await_ready()
    return KILLS


@pytest.mark.req("OPS-05", "OPS-10", "OPS-12", "TMK-81")
@pytest.mark.timeout(240)
def test_dialogues_go_on_where_they_were_after_power_cuts(
    tmp_path_factory: pytest.TempPathFactory, make_postgres_database: Callable[..., str]
) -> None:
    small, large = tmp_path_factory.mktemp("small"), tmp_path_factory.mktemp("large")
    with (
        running(small, f"sqlite:///{small}/registratura.db") as sqlite,
        running(large, make_postgres_database(), serves=2, works=2) as postgresql,
    ):
        # What a killed worker had in hand waits for a minute: better once for both.
        at_once(power_cuts, [sqlite, postgresql])


def power_cuts(product: Product) -> None:
    village = product.settle(WALKERS)
    with ThreadPoolExecutor(WALKERS) as people:
        walks = [people.submit(book, product, village, index) for index in range(WALKERS)]
        kills = cut_power([*product.works, *product.serves], walks, random.Random(122))
        results = [walk.result() for walk in walks]

    assert kills >= KILLS // 2, "the walks ended before anything happened to them"
    assert all(result.text.startswith("Вы записаны ✓") for result in results)
    product.quiet()
    held = [booking for person in village.citizens for booking in product.bookings(person.id)]
    assert Counter(booking["slot_id"] for booking in held) == Counter(
        village.slot_id(village.therapist, village.days[index % 3], village.times[index // 3])
        for index in range(WALKERS)
    )
    taken = "SELECT count(*) FROM slot WHERE status = 'RECORDED'"
    assert product.query(taken) == [(WALKERS,)]
    for person in village.citizens:
        said = product.chat(person.user).said()
        assert len(said) == 2, said
        assert [text.splitlines()[0] for text in said] == ["Проверьте запись", "Вы записаны ✓"]
