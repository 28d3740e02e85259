"""What both databases must agree on: moments in UTC, their own clocks, and rows packed into one value."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Float,
    Select,
    String,
    Text,
    and_,
    bindparam,
    false,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

MOMENT_WIDTH = len("2026-01-31T12:00:00.000000Z")


def write_moment(moment: datetime) -> str:
    """*moment* as text in UTC whose order is the order of time. Raises ValueError when it has no zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def read_moment(text: str) -> datetime:
    """The moment written by `write_moment`, or by PostgreSQL into JSON, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Moment(TypeDecorator[datetime]):
    """A moment of time: `timestamptz` on PostgreSQL, text of fixed width on SQLite; always UTC, never naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no type that keeps a zone and sorts."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(MOMENT_WIDTH))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Refuse what has no zone: it would be read in the zone of the server."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return write_moment(value)
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value

    def process_result_value(self, value: str | datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the name is SQLAlchemy's
        """Give every moment in UTC, whatever zone the session has."""
        if value is None:
            return None
        return read_moment(value) if isinstance(value, str) else value.astimezone(UTC)


Sought = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is looked for by how it begins: on both databases in the order of code points, whatever the locale."""

_LAST = "\U0010ffff"


def begins_with(column: Column[str], prefix: str) -> ColumnElement[bool]:
    """Whether a `Sought` *column* begins with the parameter named *prefix*; an index can be searched for it."""
    wanted = bindparam(prefix, type_=Sought)
    return and_(column >= wanted, column < wanted.concat(_LAST))


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as a function of SQL
    """The moment by the clock of the database, even in the middle of a transaction."""

    type = Moment()
    inherit_cache = True


class database_moment(FunctionElement[datetime]):  # noqa: N801 - reads as a function of SQL
    """The moment by the clock of the database when the statement began, moved by so many seconds.

    An index can be searched for it, unlike for `database_now`.
    """

    type = Moment()
    inherit_cache = True


class database_seconds(FunctionElement[float]):  # noqa: N801 - reads as a function of SQL
    """Seconds since 1970 by the clock of the database, even in the middle of a transaction."""

    type = Float()
    inherit_cache = True


class packed(FunctionElement[str]):  # noqa: N801 - reads as a function of SQL
    """The rows of a group as one JSON text, an array of arrays."""

    type = String()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _now_postgresql(_element: database_now, _compiler: SQLCompiler, **_: object) -> str:
    return "clock_timestamp()"


@compiles(database_now, "sqlite")
def _now_sqlite(_element: database_now, _compiler: SQLCompiler, **_: object) -> str:
    return "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"


@compiles(database_moment, "postgresql")
def _moment_postgresql(element: database_moment, compiler: SQLCompiler, **kw: object) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(statement_timestamp() + make_interval(secs => CAST({seconds} AS DOUBLE PRECISION)))"


@compiles(database_moment, "sqlite")
def _moment_sqlite(element: database_moment, compiler: SQLCompiler, **kw: object) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(database_seconds, "postgresql")
def _seconds_postgresql(_element: database_seconds, _compiler: SQLCompiler, **_: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(database_seconds, "sqlite")
def _seconds_sqlite(_element: database_seconds, _compiler: SQLCompiler, **_: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(packed, "postgresql")
def _packed_postgresql(element: packed, compiler: SQLCompiler, **kw: object) -> str:
    columns = compiler.process(element.clauses, **kw)
    return f"CAST(coalesce(json_agg(json_build_array({columns})), '[]') AS TEXT)"


@compiles(packed, "sqlite")
def _packed_sqlite(element: packed, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **kw)}))"


class among(FunctionElement[Any]):  # noqa: N801 - reads as a function of SQL
    """Whether a column has one of the values that a subquery gives.

    PostgreSQL gets them as an array: it could otherwise turn the search round and read the whole table against them.
    """

    # Not a boolean: SQLAlchemy would compare it with 1 on SQLite, and no index would serve it.
    type = NullType()
    inherit_cache = True


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **kw: object) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} = ANY(ARRAY{compiler.process(values, **kw)})"


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **kw: object) -> str:
    column, values = element.clauses
    return compiler.process(column.in_(values.element), **kw)


def opaque(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """*condition* in a form for which no index is used: it only says more about a row that is found by its key."""
    return func.coalesce(condition, false())


Values = Mapping[Any, Any]
"""One row, by column."""


def pack(columns: Sequence[Column[Any]]) -> Select[Any]:
    """Select all rows of *columns* as one value: a list costs no round trip of its own."""
    return select(packed(*columns))


def unpack(columns: Sequence[Column[Any]], text: str) -> list[Values]:
    """The rows that `pack` packed, with moments and days as such."""
    rows = orjson.loads(text)
    return [{column: _plain(column, value) for column, value in zip(columns, row, strict=True)} for row in rows]


def _plain(column: Column[Any], value: str | None) -> object:
    if value is None:
        return None
    if isinstance(column.type, Moment):
        return read_moment(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value
