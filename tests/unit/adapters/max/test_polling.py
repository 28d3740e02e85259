"""Nothing that was polled is lost: it is confirmed only after it was kept."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import attrs
import httpx
import pytest

from registratura.adapters.max.polling import Polling
from registratura.application.backoff import Backoff
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import Started, Update
from tests.unit.adapters.max.scripted import answer, messenger

pytestmark = pytest.mark.anyio

QUICK = Backoff(base=0.001, factor=1.0, cap=0.001)


def started(user: int) -> dict[str, Any]:
    return {"update_type": "bot_started", "timestamp": 5, "chat_id": 9, "user": {"user_id": user}}


@attrs.define
class Kept:
    """Where updates are kept; fails as often as it is told."""

    marker: str | None = None
    users: list[str] = attrs.field(factory=list)
    failures: int = 0

    async def read(self) -> str | None:
        return self.marker

    async def keep(self, updates: Sequence[Update], marker: str | None) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        assert all(isinstance(update.incoming, Started) for update in updates)
        self.users += [update.line for update in updates]
        self.marker = marker if marker is not None else self.marker


class ScriptEnded(Exception):
    pass


async def polled(kept: Kept, answers: list[httpx.Response]) -> list[str | None]:
    """Poll until the script ends; gives the markers that were asked with."""

    def next_answer(_: httpx.Request) -> httpx.Response:
        if not answers:
            raise ScriptEnded
        return answers.pop(0)

    max_, script = messenger(next_answer)
    polling = Polling(messenger=max_, marker=kept.read, keep=kept.keep, chance=lambda: 0.5, backoff=QUICK, wait=0)
    with contextlib.suppress(ScriptEnded):
        await polling.run()
    return [asked[2].get("marker") for asked in script.asked]


async def test_a_marker_is_asked_with_only_after_its_updates_were_kept() -> None:
    kept = Kept()
    asked = await polled(kept, [answer(updates=[started(1), started(2)], marker=3), answer(updates=[], marker=3)])
    assert asked == [None, "3", "3"]
    assert kept == Kept(marker="3", users=["max:1", "max:2"])


async def test_what_could_not_be_kept_is_asked_for_again() -> None:
    kept = Kept(marker="1", failures=2)
    asked = await polled(kept, [answer(updates=[started(1)], marker=2) for _ in range(3)])
    assert asked == ["1", "1", "1", "2"]
    assert kept == Kept(marker="2", users=["max:1"])


async def test_updates_without_a_marker_are_kept_under_the_old_one() -> None:
    kept = Kept(marker="1")
    assert await polled(kept, [answer(updates=[started(1)], marker=None)]) == ["1", "1"]
    assert kept == Kept(marker="1", users=["max:1"])


@pytest.mark.parametrize("fault", [answer(500), answer(429), answer(401), answer(405), httpx.Response(200, text="{")])
async def test_polling_goes_on_after_a_fault(fault: httpx.Response, caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept(marker="1")
    assert await polled(kept, [fault, fault, answer(updates=[started(1)], marker=2)]) == ["1", "1", "1", "2"]
    assert kept.users == ["max:1"]
    assert [record.message.split()[0] for record in caplog.records] == ["max.polling.fault"] * 2


async def test_one_malformed_update_does_not_stop_those_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    odd = {"update_type": "bot_started", "timestamp": 5, "user": {"first_name": "Осенняя"}}
    unneeded = {"update_type": "dialog_muted"}
    with caplog.at_level(logging.WARNING):
        await polled(kept, [answer(updates=[odd, "x", unneeded, started(1)], marker=9)])
    assert kept == Kept(marker="9", users=["max:1"])
    assert "$.user.user_id" in caplog.text
    assert "Осенняя" not in caplog.text


async def test_an_idle_poll_writes_nothing() -> None:
    class NeverWritten(Kept):
        async def keep(self, updates: Sequence[Update], marker: str | None) -> None:
            raise AssertionError

    assert await polled(NeverWritten(marker="3"), [answer(updates=[], marker=3)]) == ["3", "3"]


async def test_it_stops_at_once_when_cancelled_in_the_middle_of_a_wait() -> None:
    asked = asyncio.Event()

    async def hanging(_: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    max_, _ = messenger([])
    async with httpx.AsyncClient(transport=httpx.MockTransport(hanging)) as http:
        kept = Kept()
        slow = attrs.evolve(max_, http=http)
        polling = Polling(messenger=slow, marker=kept.read, keep=kept.keep, chance=lambda: 0.5)
        task = asyncio.create_task(polling.run())
        await asked.wait()
        task.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
