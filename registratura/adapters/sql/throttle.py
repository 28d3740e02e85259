"""Limits across processes: each line remembers when its next place is."""

from collections.abc import Sequence

from sqlalchemy import Connection, case

from registratura.adapters.sql.tables import throttle
from registratura.adapters.sql.types import database_seconds
from registratura.adapters.sql.upsert import insert

FURTHEST = 3600.0
"""Seconds. A place further ahead comes from a clock that was put back, and is ignored."""


def reserve(connection: Connection, lines: dict[str, float]) -> float:
    """Take the next place in each of *lines* (name → least distance in seconds); seconds until the latest of them.

    The clock is the database's, so that processes on several machines agree.
    """
    if not lines:
        return 0.0
    adding = insert(connection.dialect.name, throttle).values(
        [
            {"name": name, "distance": distance, "next_at": database_seconds() + distance}
            # In one order for everybody: two processes that lock the same lines never wait for each other in a ring.
            for name, distance in sorted(lines.items())
        ]
    )
    is_ahead = throttle.c.next_at.between(database_seconds(), database_seconds() + FURTHEST)
    free_at = case((is_ahead, throttle.c.next_at), else_=database_seconds())
    taking = adding.on_conflict_do_update(
        index_elements=[throttle.c.name],
        set_={"distance": adding.excluded.distance, "next_at": free_at + adding.excluded.distance},
    )
    waits: Sequence[float] = connection.scalars(
        taking.returning(throttle.c.next_at - throttle.c.distance - database_seconds())
    ).all()
    return max(0.0, *waits)
