"""The sandbox in one process, as a newcomer starts it: killed, started again, stopped by Ctrl-C."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.harness.chat import Chat
from tests.harness.programs import COMMAND, Program, answers, free_port
from tests.harness.sandbox import small_sandbox
from tests.harness.waiting import until

MARINA = 1001
CONFIRM = "Даю согласие, записать"


def count(data: Path, table: str) -> int:
    """How many rows *table* has so far."""
    try:
        with closing(sqlite3.connect(f"file:{data}/registratura.db?mode=ro", uri=True)) as file:
            return int(file.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  # our own names
    except sqlite3.OperationalError:
        return 0


def test_killed_while_it_invents_the_region_it_finishes_the_next_time(tmp_path: Path) -> None:
    sandbox = small_sandbox(tmp_path)
    try:
        sandbox.start()
        until(lambda: count(tmp_path / "data", "organisation"), "the first clinics of the region", 60)
        sandbox.kill()
        finished = tmp_path / "data" / "region.json"
        assert not finished.exists(), "it was killed too late"

        sandbox.start()
        sandbox.await_ready()

        assert finished.exists()
        assert count(tmp_path / "data", "slot") > 0
    finally:
        sandbox.kill()


@pytest.mark.req("OPS-10")
@pytest.mark.timeout(240)
def test_killed_in_the_middle_of_a_dialogue_it_goes_on_from_there(tmp_path: Path) -> None:
    sandbox = small_sandbox(tmp_path)
    try:
        sandbox.start()
        sandbox.await_ready()
        with httpx.Client(base_url=f"{sandbox.address}/sandbox/max/", trust_env=False) as max_client:
            chat = Chat(max_client, MARINA, patience=100)
            chat.start()
            chat.walk("Записать себя", "Первичная", "Терапия")
            chat.press(chat.now().choices[0])
            doctors = chat.now()
            chat.tap(doctors.choices[0], doctors)
            sandbox.kill()
            sandbox.start()
            sandbox.await_ready()
            days = chat.after(doctors, "a press before the power cut")
            assert "На какой день?" in days.text
            chat.press(days.choices[0])
            summary = chat.press(chat.now().choices[0])
            chat.tap(CONFIRM, summary)
            sandbox.kill()
            sandbox.start()
            sandbox.await_ready()
            assert chat.after(summary, CONFIRM).text.startswith("Вы записаны ✓")
            assert [text.splitlines()[0] for text in chat.said()] == ["Проверьте запись", "Вы записаны ✓"]
            assert chat.press("Мои записи").labels[0] == "1"
    finally:
        sandbox.kill()


@pytest.mark.timeout(240)
def test_the_command_of_a_newcomer_serves_the_whole_region_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [COMMAND, "sandbox", "--port", str(port), "--data", tmp_path / "data"]
    sandbox = Program("sandbox", command, tmp_path, ready=lambda: answers(f"{address}/sandbox/max/"))
    try:
        sandbox.start()
        sandbox.await_ready()
        assert f"{address}/sandbox/max/" in sandbox.words()
        home = httpx.get(f"{address}/", trust_env=False).text
        assert 'href="/sandbox/max/"' in home
        with httpx.Client(base_url=f"{address}/sandbox/max/", trust_env=False) as max_client:
            chat = Chat(max_client, MARINA)
            assert chat.start().text == "Марина, что нужно сделать?"
            assert "Терапия" in chat.walk("Записать себя", "Первичная").choices
        assert sandbox.stop(signal.SIGINT) == 0
        assert "Traceback" not in sandbox.words()
    finally:
        sandbox.kill()
