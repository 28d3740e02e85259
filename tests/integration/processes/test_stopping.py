"""A worker that is told to stop: it begins nothing, gives back what it has not begun, and ends what it has."""

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.harness.product import Product, running
from tests.harness.programs import Program
from tests.harness.waiting import at_once, until

QUEUE = "SELECT state, in_doubt, attempts, first_attempt_at FROM outbox WHERE state NOT IN ('sent', 'skipped')"
MOVE = "UPDATE throttle SET next_at = next_at + CAST(:seconds AS DOUBLE PRECISION) WHERE name = 'max:bot'"
FAR_AHEAD = 1000
"""Seconds until the next place at MAX: everything that is taken waits for it."""
AT_ONCE = 5.0
"""Seconds that a busy machine may need for what takes none."""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("stopping")
    url = f"sqlite:///{folder}/registratura.db"
    if request.param == "postgres":
        make: Callable[..., str] = request.getfixturevalue("make_postgres_database")
        url = make()
    with running(folder, url) as product:
        yield product


@pytest.fixture
def product(whole: Product) -> Iterator[Product]:
    if not worker(whole).runs:
        worker(whole).start()
    whole.quiet()
    yield whole
    whole.faults()


def worker(product: Product) -> Program:
    (only,) = product.works
    return only


def stopped_within(program: Program, seconds: float) -> int | None:
    begun = time.monotonic()
    code = program.stop()
    assert time.monotonic() - begun < seconds
    return code


def test_what_was_taken_and_not_begun_waits_as_before_and_leaves_once(product: Product) -> None:
    first, *people = (citizen.user for citizen in product.settle(7).citizens)
    product.chat(first).start()
    product.quiet()
    product.query(MOVE, seconds=str(FAR_AHEAD))
    for user in people:
        product.chat(user).hand("start")
    until(lambda: [row[0] for row in product.query(QUEUE)] == ["sending"] * len(people), "everything to be taken")

    assert stopped_within(worker(product), AT_ONCE) == 0

    rows = [(state, bool(in_doubt), *rest) for state, in_doubt, *rest in product.query(QUEUE)]
    assert rows == [("waiting", False, 0, None)] * len(people)
    product.query(MOVE, seconds=str(-2 * FAR_AHEAD))
    worker(product).start()
    at_once(lambda user: product.chat(user).now(), people)
    product.quiet()
    assert [len(product.chat(user).said()) for user in people] == [1] * len(people)


def test_what_is_on_its_way_ends_and_is_recorded(product: Product) -> None:
    village = product.settle(1)
    chat = product.chat(village.citizens[0].user)
    product.faults(delay_ms=2000, routes=["POST /messages"], times=1)
    chat.hand("start")
    until(lambda: product.max.get("_faults").json()["times"] == 0, "the message to be under way")

    assert worker(product).stop() == 0

    assert product.query(QUEUE) == []
    assert len(chat.said()) == 1


def test_the_second_signal_ends_it_at_once(product: Product) -> None:
    village = product.settle(1)
    product.faults(delay_ms=10_000, routes=["POST /messages"], times=1)
    product.chat(village.citizens[0].user).hand("start")
    until(lambda: product.max.get("_faults").json()["times"] == 0, "the message to be under way")
    work = worker(product)
    begun, said = time.monotonic(), work.words()
    work.tell(signal.SIGTERM)
    until(lambda: "worker.stopping" in work.words().removeprefix(said), "the worker to hear the first signal")

    assert work.stop() == -signal.SIGTERM
    assert time.monotonic() - begun < AT_ONCE
