"""Waiting with a deadline instead of sleeping for luck, and many people at the same time."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
A = TypeVar("A")

PATIENCE = 30.0
"""Seconds that two busy cores may need for what takes one."""
LOOK_EVERY = 0.05


def until(look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Look again and again until there is something to see; *what* says what was waited for."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {patience:.0f} s in vain: {what}"
        time.sleep(LOOK_EVERY)
    return seen


def at_once(work: Callable[[A], T], things: Iterable[A]) -> list[T]:
    """Do *work* with all *things* at the same time; the first failure is raised."""
    given = list(things)
    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(work, given))
