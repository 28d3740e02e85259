"""Processes that write to one SQLite file take turns: nobody passes by who stands at the door."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from errno import ENOLCK, ENOTSUP
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


@pytest.mark.parametrize("why", [ENOLCK, ENOTSUP])
def test_in_a_folder_that_knows_no_locks_all_go_in(tmp_path: Path, why: int) -> None:
    def refuse(_place: int) -> None:
        raise OSError(why, os.strerror(why))

    turns = Turns(tmp_path / "registratura.db", lock=refuse)
    with turns.mine():
        pass
    turns.close()


def test_what_was_done_stays_done_when_the_door_cannot_be_opened_again(
    tmp_path: Path, stand: Callable[..., Turns]
) -> None:
    turns = stand(tmp_path / "registratura.db")
    with turns.mine():
        turns.close()
    with turns.mine():
        assert is_locked(tmp_path / "registratura.db-turn")


def test_files_opened_in_vain_are_not_left_open(tmp_path: Path) -> None:
    (tmp_path / "registratura.db-turn").mkdir()
    turns = Turns(tmp_path / "registratura.db")
    before = lowest_free()
    for _ in range(3):
        with turns.mine():
            pass
    turns.close()
    assert lowest_free() == before


def lowest_free() -> int:
    """The number the next file would be opened with."""
    file = os.open(os.devnull, os.O_RDONLY)
    os.close(file)
    return file
