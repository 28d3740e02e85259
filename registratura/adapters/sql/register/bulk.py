"""New rows in bulk, by the quickest way that each driver has."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, exc

Rows = Sequence[tuple[object, ...]]


class _Refused(Exception):
    """A row clashes with another."""


def insert_new(connection: Connection, table: Table, columns: Sequence[str], rows: Rows) -> bool:
    """Insert *rows*, whose values the database reads as they are; False, and nothing done, when one clashes.

    Also False on drivers that we know no quick way for: a host may lend a connection of any.
    """
    if not rows:
        return True
    insert = _QUICK.get(connection.dialect.driver)
    if insert is None:
        return False
    try:
        with connection.begin_nested():
            insert(connection, table.name, columns, rows)
    except _Refused:
        return False
    return True


def _insert(connection: Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608  # names of ours
    if connection.exec_driver_sql(statement, list(rows)).rowcount != len(rows):
        raise _Refused


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.errors.UniqueViolation as clash:
        raise _Refused from clash
    except psycopg.OperationalError as broken:
        # Past SQLAlchemy, which would have seen to this.
        connection.invalidate(broken)
        raise exc.OperationalError("COPY", None, broken) from broken


_QUICK: dict[str, Callable[[Connection, str, Sequence[str], Rows], None]] = {"psycopg": _copy, "pysqlite": _insert}
