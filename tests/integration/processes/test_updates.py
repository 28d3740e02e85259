"""A little of the busy morning of the benchmarks: nothing lost, nothing done twice, everybody's presses in order."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import attrs

from benchmarks.updates import Morning, Outcome, run
from benchmarks.walks import VILLAGE

ALLOWED_A_SECOND = 30
ALLOWED_TO_ONE_PERSON = 2


def assert_right(done: Outcome) -> None:
    assert list(done.wrong) == []
    assert done.updates > 0
    assert done.max.busiest_second <= ALLOWED_A_SECOND
    assert done.max.busiest_chat <= ALLOWED_TO_ONE_PERSON


def small(database: str, folder: Path) -> Morning:
    return Morning(database=database, folder=folder, size=VILLAGE, seconds=3.0, rate=20.0, gap=0.3)


def test_three_deliveries_of_each_update_have_one_effect_on_sqlite(tmp_path: Path) -> None:
    assert_right(asyncio.run(run(small(f"sqlite:///{tmp_path}/registratura.db", tmp_path))))


def test_three_deliveries_of_each_update_have_one_effect_on_postgres(
    tmp_path: Path, make_postgres_database: Callable[..., str]
) -> None:
    many = attrs.evolve(small(make_postgres_database(), tmp_path), serves=2, works=2)
    assert_right(asyncio.run(run(many)))
