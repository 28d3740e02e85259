"""Troubles of the Sferum emulator: what they do to answers, and that an effect stays when an answer is lost."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.sferum.emulated import ADD, CREATE, Emulated, emulator

TITLED = {"type": "telemedicine", "chat_title": "ТМК"}
DOCTOR = {"phone": "79170000001", "chat_role": "teacher", "member_role": "admin"}


@pytest.fixture
def sferum() -> Iterator[Emulated]:
    with emulator() as there:
        yield there


def posted(sferum: Emulated, timeout: float = 5.0) -> httpx.Response:
    return sferum.world.post(f"/method/{CREATE}", data={"access_token": "sandbox", **TITLED}, timeout=timeout)


@pytest.mark.parametrize("code", [1, 3, 5, 6, 7, 8, 9, 10, 14, 15, 29, 100])
def test_the_next_calls_are_refused_with_a_number_of_choice(sferum: Emulated, code: int) -> None:
    sferum.faults(error=code, times=2)
    answers = [sferum.call(CREATE, TITLED) for _ in range(3)]
    assert [answer.get("error", {}).get("error_code") for answer in answers] == [code, code, None]
    assert len(sferum.chats()) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failing_server_does_nothing_and_sends_no_json(sferum: Emulated, status: int) -> None:
    sferum.faults(status=status, times=1)
    answer = posted(sferum)
    assert (answer.status_code, answer.text) == (status, "upstream failed")
    assert sferum.chats() == []
    assert sferum.calls()[-1]["answer"] is None


def test_a_cut_line_leaves_the_chat_behind(sferum: Emulated) -> None:
    sferum.faults(cut=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        posted(sferum)
    assert len(sferum.chats()) == 1


def test_a_foreign_page_comes_though_the_chat_was_made(sferum: Emulated) -> None:
    sferum.faults(page=True, times=1)
    answer = posted(sferum)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert len(sferum.chats()) == 1


def test_a_slow_answer_has_its_effect_before_it_comes(sferum: Emulated) -> None:
    sferum.faults(delay_ms=20_000, times=1)
    with pytest.raises(httpx.ReadTimeout):
        posted(sferum, timeout=0.3)
    assert len(sferum.chats()) == 1


def test_only_the_named_methods_suffer(sferum: Emulated) -> None:
    sferum.faults(error=10, methods=[ADD])
    chat_id = sferum.call(CREATE, TITLED)["response"]["chat_id"]
    users = {"chat_id": str(chat_id), "users": json.dumps([DOCTOR])}
    assert sferum.call(ADD, users)["error"]["error_code"] == 10
    sferum.faults(failing=[DOCTOR["phone"]])
    assert len(sferum.call(ADD, users)["response"]["failed_users"]) == 1
    sferum.faults()
    assert sferum.call(ADD, users)["response"] == {"failed_users": [], "queued_users": []}


@pytest.mark.parametrize(
    "faults",
    [{"error": 2}, {"status": 404}, {"delay_ms": 60_001}, {"times": -1}, {"failed_as": "list"}, {"unknown": 1}, [], 5],
    ids=str,
)
def test_a_trouble_nobody_knows_is_not_switched_on(sferum: Emulated, faults: Any) -> None:
    sferum.faults(error=6)
    assert sferum.world.put("/_emu/faults", json=faults).status_code == 400
    assert sferum.world.get("/_emu/faults").json()["error"] == 6
