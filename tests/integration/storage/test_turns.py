"""Processes that write to one SQLite file take turns: nobody passes by who stands at the door."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from registratura.adapters.sql.turns import PATIENCE, Turns
from registratura.application.ports.failures import Unavailable
from tests.harness.waiting import until


def is_locked(path: Path) -> bool:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def stand() -> Iterator[Callable[..., Turns]]:
    """Processes that stand in line, each as an open file of its own."""
    with ExitStack() as standing:

        def begin(file: Path, patience: float = PATIENCE) -> Turns:
            turns = Turns(file, patience)
            standing.callback(turns.close)
            return turns

        yield begin


def test_who_waits_comes_before_who_comes_again(tmp_path: Path, stand: Callable[..., Turns]) -> None:
    file = tmp_path / "registratura.db"
    busy, patient = stand(file), stand(file)
    order: list[str] = []

    def wait_and_work() -> None:
        with patient.mine():
            order.append("patient")

    waiting = Thread(target=wait_and_work)
    with busy.mine():
        waiting.start()
        until(lambda: is_locked(tmp_path / "registratura.db-next"), "the other to stand at the door")
        order.append("busy")
    with busy.mine():
        order.append("busy again")
    waiting.join()
    assert order == ["busy", "patient", "busy again"]


def test_a_turn_that_does_not_come_is_told_and_is_in_nobodys_way(tmp_path: Path, stand: Callable[..., Turns]) -> None:
    file = tmp_path / "registratura.db"
    slow, hasty, hastier = stand(file), stand(file, 0.05), stand(file, 0.05)
    with slow.mine(), pytest.raises(Unavailable), hasty.mine():
        pass
    with hasty.mine(), pytest.raises(Unavailable), hastier.mine():
        pass
    with slow.mine():
        pass


def test_a_place_where_no_file_can_be_made_is_left_to_the_database(tmp_path: Path) -> None:
    with Turns(tmp_path / "nowhere" / "registratura.db").mine():
        pass
