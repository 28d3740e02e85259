"""Limits hold across processes."""

import asyncio

import pytest

from registratura.application.ports.messenger import Throttle

CLOSE = 4.0
"""Seconds that a slow machine may lose between two calls."""


@pytest.mark.anyio
class ThrottlePromises:
    """What `Throttle` promises."""

    async def test_places_stand_at_their_distance(self, throttle: Throttle) -> None:
        waits = [await throttle.reserve({"bot": 10.0}) for _ in range(3)]
        assert waits == pytest.approx([0.0, 10.0, 20.0], abs=CLOSE)

    async def test_the_latest_of_several_lines_counts(self, throttle: Throttle) -> None:
        await throttle.reserve({"bot": 10.0, "chat:1": 60.0})
        assert await throttle.reserve({"bot": 10.0, "chat:2": 60.0}) == pytest.approx(10.0, abs=CLOSE)
        assert await throttle.reserve({"bot": 10.0, "chat:1": 60.0}) == pytest.approx(60.0, abs=CLOSE)
        assert await throttle.reserve({}) == 0.0

    async def test_two_processes_share_the_places(self, throttle: Throttle, other_throttle: Throttle) -> None:
        both = (throttle, other_throttle)
        waits = await asyncio.gather(*(both[n % 2].reserve({"bot": 10.0, f"chat:{n}": 1.0}) for n in range(20)))
        assert sorted(waits) == pytest.approx([10.0 * n for n in range(20)], abs=CLOSE)

    async def test_lines_named_in_different_orders_never_wait_for_each_other(
        self, throttle: Throttle, other_throttle: Throttle
    ) -> None:
        there = {"bot": 0.001, "chat": 0.001}
        back = dict(reversed(there.items()))
        waits = await asyncio.gather(
            *(one.reserve(lines) for _ in range(20) for one, lines in ((throttle, there), (other_throttle, back)))
        )
        assert max(waits) < CLOSE
