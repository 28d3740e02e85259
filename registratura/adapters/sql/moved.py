"""SQLite by another clock than the machine's: for a sandbox whose time is moved."""

import re
import sqlite3
from datetime import timedelta

from sqlalchemy import Engine, event

from registratura.application.ports.time import Clock

_SECONDS = re.compile(r"([+-][0-9.]+) seconds")
_DAY = 86400.0
_EPOCH = 2440587.5
"""The Julian day of 1 January 1970."""


def follow(engine: Engine, clock: Clock) -> None:
    """Let every connection of *engine* take *clock* for «now», in the forms in which our statements ask for it."""

    def strftime(_form: str, _now: str, moved: str = "+0 seconds") -> str:
        found = _SECONDS.fullmatch(moved)
        if found is None:
            raise ValueError(moved)
        moment = clock.now() + timedelta(seconds=float(found[1]))
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}000Z"

    def julianday(_now: str) -> float:
        return clock.now().timestamp() / _DAY + _EPOCH

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("strftime", -1, strftime)
        connection.create_function("julianday", 1, julianday)
