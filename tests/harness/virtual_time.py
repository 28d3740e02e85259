"""An event loop whose time passes at once whenever nobody has anything to do, and a clock that goes by it."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

import attrs

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Never waits: what it was asked to wait is time that has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        self.passed += max(0.0, timeout)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs hours in moments. Nothing outside may be waited for: no threads, no sockets."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return self._impatient.passed


@attrs.frozen
class LoopClock:
    """The time since `beginning` by the loop that runs."""

    beginning: datetime

    def now(self) -> datetime:
        return self.beginning + timedelta(seconds=asyncio.get_running_loop().time())


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
