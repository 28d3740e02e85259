"""A worker killed at each of its points in turn: the person gets every message once, and one booking."""

from datetime import timedelta

import pytest

from tests.harness.waiting import at_once
from tests.integration.crashes.stand import START
from tests.integration.crashes.walk import LANES, STEPS, Place, Step

SWEPT = {
    "start": START,
    "choose": "Записать себя",
    "book": "Даю согласие, записать",
    "cancel": "Да, отменить",
}
Walked = tuple[Place, list[Step]]


def sweep(place: Place, deaths: list[tuple[Step, int]]) -> None:
    """Die each of *deaths*, a few at a time."""

    def lane(number: int) -> None:
        for step, at in deaths[number::LANES]:
            place.die(step, at)

    at_once(lane, range(LANES))


@pytest.mark.req("OPS-05", "OPS-10")
@pytest.mark.parametrize("press", SWEPT.values(), ids=SWEPT)
def test_a_worker_may_die_at_every_point_on_sqlite(on_sqlite: Walked, press: str) -> None:
    place, steps = on_sqlite
    step = steps[STEPS.index(press)]

    sweep(place, [(step, at) for at in range(1, len(step.points) + 1)])


def test_the_other_steps_pass_no_point_of_another_kind(on_sqlite: Walked) -> None:
    _, steps = on_sqlite
    swept = {point for step in steps if step.press in SWEPT.values() for point in step.points}

    assert {point for step in steps for point in step.points} == swept


def test_what_a_dead_worker_had_taken_is_sent_when_its_lease_is_over(on_sqlite: Walked) -> None:
    place, steps = on_sqlite

    place.die(steps[0], steps[0].points.index("outbox.lease: committed") + 1, lease=timedelta(seconds=2))


def test_a_worker_may_die_at_every_kind_of_point_on_postgresql(on_postgres: Walked) -> None:
    place, steps = on_postgres
    kinds = {name: (step, at) for step in reversed(steps) for at, name in enumerate(step.points, 1)}

    sweep(place, list(kinds.values()))
