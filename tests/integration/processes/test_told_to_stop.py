"""SIGTERM under load, as a new version is rolled out: no request fails, no message waits for long or comes twice."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest

from registratura.testing.history import check, read
from tests.harness.balancer import balancing
from tests.harness.clients import await_effects, crowd
from tests.harness.product import API_TOKEN, Product, running
from tests.harness.programs import Program, answers, free_port
from tests.harness.village import FIRST_PURPOSE, Village

CLIENTS = 12
STOPS = 4
EFFECTS = 30
"""Acknowledged bookings and cancellations between one stop and the next."""
STOP_SECONDS = 20
WALKERS = 6
WITHIN = 14.0
"""Seconds in which a person gets the next screen: less than the 15 after which what a dead worker took is free."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, make_postgres_database: Callable[..., str]) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("rollout")
    more = {"REGISTRATURA_HTTP_DRAIN_SECONDS": "2"}
    with running(folder, make_postgres_database(), serves=2, works=2, more=more) as product:
        for worker in product.works:
            show_when_ready(worker)
            roll_out(worker)
        yield product


def show_when_ready(worker: Program) -> None:
    """From its next life on the worker tells by its metrics that it has begun to work."""
    address = f"127.0.0.1:{free_port()}"
    worker.settings = {**worker.settings, "REGISTRATURA_WORKER_METRICS_ADDRESS": address}
    worker.ready = lambda: answers(f"http://{address}/metrics")


def roll_out(program: Program) -> None:
    """Stop one program and start it again, as its successor."""
    begun = time.monotonic()
    assert program.stop() == 0, program.words()[-2000:]
    assert time.monotonic() - begun < STOP_SECONDS
    program.start()
    program.await_ready()


@pytest.mark.timeout(240)
def test_no_request_fails_while_servers_are_replaced(product: Product, tmp_path: Path) -> None:
    village = product.settle(CLIENTS, times=8, days=1)
    patients = [citizen.id for citizen in village.citizens]
    slots = [village.slot_id(village.therapist, village.days[0], clock) for clock in village.times]
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    with (
        balancing(product.addresses, headers) as balancer,
        crowd(patients, slots, balancer.request, tmp_path) as told,
    ):
        for number, server in zip(range(STOPS), cycle(product.serves), strict=False):
            await_effects(told, EFFECTS, f"before stop {number}")
            roll_out(server)
            balancer.await_all()
        await_effects(told, EFFECTS, "after the last stop")

    assert told.answers[503] == 0
    assert set(told.answers) <= {201, 204, 409}
    impossible = check(read(tmp_path.glob("*.journal")))
    assert impossible == (), "\n".join(one.report() for one in impossible)


@pytest.mark.req("OPS-11")
@pytest.mark.timeout(240)
def test_dialogues_go_on_at_once_while_workers_are_replaced(product: Product) -> None:
    village, over = product.settle(WALKERS), threading.Event()
    with ThreadPoolExecutor(WALKERS) as people:
        walks = [people.submit(walk, product, village, index, over) for index in range(WALKERS)]
        try:
            for worker in (*product.works, *product.works):
                roll_out(worker)
        finally:
            over.set()
    for one in walks:
        one.result()

    product.quiet()
    for person in village.citizens:
        said = [text.splitlines()[0] for text in product.chat(person.user).said()]
        assert said == ["Проверьте запись", "Вы записаны ✓"]
        assert len(product.bookings(person.id)) == 1


def walk(product: Product, village: Village, index: int, over: threading.Event) -> None:
    """One person, who cannot make up their mind until it is *over*, and then books."""
    chat = product.chat(village.citizens[index].user, patience=WITHIN)
    chat.start()
    while not over.is_set():
        chat.walk("Записать себя", FIRST_PURPOSE, "В начало")
    chat.walk("Записать себя", FIRST_PURPOSE, "Терапия", village.clinic, village.therapist.label)
    chat.press(chat.now().labels[index % 3])
    chat.press(village.times[index // 3])
    assert chat.press("Даю согласие, записать").text.startswith("Вы записаны ✓")
