"""Waking other processes on PostgreSQL: the statement that puts something in also notifies, in the same commit."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import psycopg
from sqlalchemy import ColumnElement, func, literal_column, make_url

from registratura.adapters.sql.engines import POSTGRESQL, database_url
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.waking import Queue

_CONNECTION: dict[str, Any] = {
    "connect_timeout": 3,
    # The line is silent most of the time: without these nobody would notice that it is cut.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "registratura waking",
}
_CHANNELS = {f"registratura_{queue.value}": queue for queue in Queue}


def ringing(dialect: str, queue: Queue) -> Sequence[ColumnElement[str]]:
    """What a statement that puts something in returns besides, so that it wakes those who wait for *queue*.

    PostgreSQL delivers it with the commit, and once however often a transaction says it.
    """
    if dialect != POSTGRESQL:
        return ()
    channel: ColumnElement[str] = literal_column(f"'registratura_{queue.value}'")
    return (func.pg_notify(channel, literal_column("''")).label("rung"),)


@attrs.frozen
class PostgresWaking:
    """`Waking` over a connection of its own."""

    url: str = attrs.field(repr=False)

    async def run(self, ring: Callable[[Queue], None]) -> None:
        """Listen until cancelled; raises `Unavailable` when the connection is lost."""
        address = database_url(self.url)
        _, arguments = address.get_dialect()().create_connect_args(address)
        asked = {**arguments, **_CONNECTION}
        try:
            async with await psycopg.AsyncConnection.connect(autocommit=True, **asked) as listening:
                for channel in _CHANNELS:
                    await listening.execute(f"LISTEN {channel}".encode())
                # What came in before we listened has rung for nobody.
                for queue in Queue:
                    ring(queue)
                async for notice in listening.notifies():
                    ring(_CHANNELS[notice.channel])
        except psycopg.OperationalError as broken:
            raise Unavailable(f"listening ended: {type(broken).__name__}") from None


def waking_at(url: str) -> PostgresWaking | None:
    """What wakes the processes on the database at *url*; None on SQLite, where looking is all there is."""
    return PostgresWaking(url) if make_url(url).get_backend_name() == POSTGRESQL else None
