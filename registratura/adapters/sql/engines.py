"""Engines: how connections to SQLite and PostgreSQL are made, and how long they may wait."""

import sqlite3
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from registratura.adapters.sql.moved import follow
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.time import Clock

POSTGRESQL = "postgresql"
BROKEN = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, sqlite3.OperationalError)
"""What is raised when the database cannot answer, rather than when we are wrong; by SQLite's driver past SQLAlchemy."""
_IDLE_SECONDS = 1.0
_NOT_A_DATABASE = "файл — не база данных SQLite"
_WORDS = {
    None: "сервер базы данных не отвечает по этому адресу",
    "28P01": "пользователь или пароль не подходят",
    "28000": "пользователя не пускают",
    "3D000": "такой базы на сервере нет",
    "SQLITE_CANTOPEN": "файл базы не открывается",
    "SQLITE_READONLY": "файл базы нельзя менять",
    "SQLITE_BUSY": "база занята другим процессом",
    "SQLITE_FULL": "на диске нет места",
}
"""What an operator reads; the database's own words may quote a row."""

# A booking has to be answered within FER's ten seconds, so nothing may wait as long as that.
_POSTGRESQL_SETTINGS = {
    "timezone": "UTC",
    "lock_timeout": "2500ms",
    "statement_timeout": "8s",
    "idle_in_transaction_session_timeout": "30s",
    # The heads of queues stand in an index in their order, and few are wanted. A plan that was made while a queue was
    # short, and is kept when it is long, must not gather all of them to sort them.
    "enable_bitmapscan": "off",
}
# The hot path looks rows up by their keys. Its statements are planned seldom, perhaps when the tables of a new
# installation are still empty, and must not read them whole when they have grown.
_LANE_SETTINGS = _POSTGRESQL_SETTINGS | {
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_POSTGRESQL_CONNECTION = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "registratura",
}
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA cache_size = -65536",
)


def database_url(url: str) -> URL:
    """*url* with the driver we use. Raises ValueError for other databases and for SQLite in memory."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case "sqlite":
            raise ValueError("SQLite in memory has one connection only; the storage needs a file")
        case other:
            raise ValueError(f"{other} is not supported: use sqlite or postgresql")


def make_engine(url: str, *, pool_size: int, read_only: bool = False, clock: Clock | None = None) -> Engine:
    """An engine whose pool never grows beyond *pool_size*; who asks for more is our mistake, not the network's.

    With a *clock* SQLite goes by that one: what a sandbox needs whose time is moved.
    """
    parsed = database_url(url)
    postgresql = parsed.get_backend_name() == POSTGRESQL
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=3,
        # Parameters hold personal data, and exceptions end in logs.
        hide_parameters=True,
        connect_args=_postgresql_arguments(_POSTGRESQL_SETTINGS) if postgresql else {"check_same_thread": False},
    )
    if postgresql:
        _ping_idle_connections(engine)
    else:
        _set_up_sqlite(engine, read_only=read_only)
        if clock is not None:
            follow(engine, clock)
    return engine


def _postgresql_arguments(settings: Mapping[str, str]) -> dict[str, Any]:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {**_POSTGRESQL_CONNECTION, "options": options}


def _set_up_sqlite(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions are begun by hand: sqlite3 would begin them late, and not as writers.
        connection.isolation_level = None
        try:
            for setting in _SQLITE_SETTINGS:
                connection.execute(setting)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as foreign:
            raise sqlite3.OperationalError(_NOT_A_DATABASE) from foreign
        if read_only:
            connection.execute("PRAGMA query_only = ON")


def _ping_idle_connections(engine: Engine) -> None:
    """Ask a connection that was idle whether it lives: a ping for each unit of work would cost a round trip."""

    @event.listens_for(engine, "checkin")
    def returned(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if monotonic() - record.info.get("idle_since", monotonic()) < _IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as lost:
            raise exc.DisconnectionError from lost


def lane_parameters(url: URL) -> dict[str, Any]:
    """What a connection past the engine is opened with: the same as the engine's."""
    parsed = database_url(url.render_as_string(hide_password=False))
    _, parameters = parsed.get_dialect()().create_connect_args(parsed)
    return {**parameters, **_postgresql_arguments(_LANE_SETTINGS)}


def unavailable(broken: Exception) -> Unavailable:
    """What happened in words that hold no data: the database's own may quote a row."""
    cause = getattr(broken, "orig", None) or broken
    if str(cause) == _NOT_A_DATABASE:
        return Unavailable(_NOT_A_DATABASE)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    words = _WORDS.get(state, type(cause).__name__)
    return Unavailable(f"{words} ({state})" if state else words)
