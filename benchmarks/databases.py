"""Databases to measure on: each measurement gets a fresh copy of one that was prepared once."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import local
from typing import Any

import attrs
import psycopg
import sqlalchemy
from sqlalchemy.engine import URL

Statement = tuple[str, Any]
"""What ours sent to the driver: text and parameters."""

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536")


@attrs.frozen(kw_only=True)
class Bench:
    """One kind of database: how to copy the prepared one, and how the raw driver replays transactions."""

    name: str
    prepared: str
    copy: Callable[[], str]
    replay: Callable[[str, Sequence[Sequence[Statement]]], None]


def sqlite_bench(folder: str) -> Bench:
    """SQLite as the product opens it: WAL, synchronous FULL, one writer."""
    numbers = count(1)
    prepared = Path(folder) / "prepared.db"

    def copy() -> str:
        with sqlite3.connect(prepared) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copied = Path(folder) / f"copy-{next(numbers)}.db"
        shutil.copyfile(prepared, copied)
        return f"sqlite:///{copied}"

    return Bench(name="SQLite, FULL", prepared=f"sqlite:///{prepared}", copy=copy, replay=_replay_sqlite)


def _replay_sqlite(url: str, transactions: Sequence[Sequence[Statement]]) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    for statements in transactions:
        connection.execute("BEGIN IMMEDIATE")
        for text, parameters in statements:
            cursor = connection.execute(text, parameters)
            if cursor.description:
                cursor.fetchall()
        connection.execute("COMMIT")
    connection.close()


def postgres_bench(server: URL) -> Bench:
    """PostgreSQL with the settings of the server, through eight connections."""
    numbers = count(1)
    admin = _plain(server)
    names = [f"bench_{abs(hash(admin)) % 10**8}_{number}" for number in (0,)]
    _database(admin, names[0])

    def copy() -> str:
        name = f"{names[0]}_{next(numbers)}"
        _database(admin, name, names[0])
        return server.set(database=name).render_as_string(hide_password=False)

    prepared = server.set(database=names[0]).render_as_string(hide_password=False)
    return Bench(name="PostgreSQL, 8 connections", prepared=prepared, copy=copy, replay=_replay_postgres)


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _database(admin: str, name: str, template: str = "template1") -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _replay_postgres(url: str, transactions: Sequence[Sequence[Statement]]) -> None:
    address = _plain(sqlalchemy.make_url(url))
    own = local()

    def connect() -> None:
        own.connection = psycopg.connect(address, options="-c timezone=UTC")

    def one(statements: Sequence[Statement]) -> None:
        for text, parameters in statements:
            cursor = own.connection.execute(text, parameters)
            if cursor.description:
                cursor.fetchall()
        own.connection.commit()

    with ThreadPoolExecutor(8, initializer=connect) as pool:
        for done in [pool.submit(one, statements) for statements in transactions]:
            done.result()
