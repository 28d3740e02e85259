"""How a measurement is told: the median of the ratios of its rounds, their spread, and the goal beside it."""

import platform
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from statistics import median

import attrs

LIBRARIES = ("sqlalchemy", "psycopg", "starlette", "uvicorn", "uvloop", "httptools", "orjson", "attrs", "returns")
WORST = 0.7
"""No round may be further from the goal than this part of it."""


@attrs.frozen
class Goal:
    """What is to be reached: at least or at most so much, in `unit`."""

    limit: float
    at_least: bool
    unit: str = ""

    def reached(self, rounds: Sequence[float]) -> bool:
        """Whether the median is there, and no round is far away."""
        middle = median(rounds)
        if self.at_least:
            return middle >= self.limit and min(rounds) >= self.limit * WORST
        return middle <= self.limit and max(rounds) <= self.limit / WORST

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}{self.unit}"


def at_least(limit: float) -> Goal:
    """A ratio that should be large."""
    return Goal(limit, at_least=True)


def at_most(limit: float, unit: str = "") -> Goal:
    """A ratio or a time that should be small."""
    return Goal(limit, at_least=False, unit=unit)


@attrs.frozen
class Row:
    """One measurement: *rounds* are ratios, or what the goal's unit says."""

    name: str
    rounds: Sequence[float]
    goal: Goal | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether there is a goal, and it was not reached."""
        return self.goal is not None and not self.goal.reached(self.rounds)

    def __str__(self) -> str:
        unit = self.goal.unit if self.goal else ""
        figures = f"{median(self.rounds):.2f}{unit} ({min(self.rounds):.2f} .. {max(self.rounds):.2f})"
        verdict = f"goal {self.goal}: {'MISSED' if self.is_missed else 'reached'}" if self.goal else ""
        return f"  {self.name:<66} {figures:<26} {verdict} {self.note}".rstrip()


def told(row: Row) -> Row:
    """Print *row* and give it back."""
    print(row, flush=True)
    return row


def machine() -> str:
    """What the figures were measured on, and with which versions."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    parts = [
        f"{cpu_count()} cores" + (f" ({models[0].partition(':')[2].strip()})" if models else ""),
        f"{memory[0] // 1024**2} GiB" if memory else platform.machine(),
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {version(name)}" for name in LIBRARIES),
    ]
    return ", ".join(parts)


def _lines(file: str) -> list[str]:
    path = Path(file)
    return path.read_text().splitlines() if path.exists() else []
