"""Statements of the hot path: compiled once, run on the raw driver.

SQLAlchemy writes them; running them through it would cost more than SQLite takes, and more than PostgreSQL does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

import attrs
import orjson
from sqlalchemy import JSON, Boolean, Connection, Date, Integer, Select, Time, make_url
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from registratura.adapters.sql.engines import POSTGRESQL
from registratura.adapters.sql.types import Moment, read_moment, write_moment

Statement = Select[Any] | UpdateBase
Parameters = Mapping[str, Any]
_COUNTING = {"preserve_rowcount": True}
Decoder = Callable[[Any], Any]

NO_ZERO = "PostgreSQL keeps no text with a zero in it"
_QUOTED = re.compile(rb'["\\]')
_NAMED = re.compile(r"%\((\w+)\)s|%%")


@attrs.frozen
class _Compiled:
    """A statement in the words of one driver."""

    text: str
    names: list[str]
    """Of the parameters by place, where the driver counts them."""
    constants: Parameters
    """The values that the statement itself brings."""


def _compiled(statement: Statement, driver: str) -> _Compiled:
    compiled = statement.compile(dialect=make_url(f"{driver}://").get_dialect()())
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return _Compiled(str(compiled), list(compiled.positiontup or []), constants)


class Prepared:
    """A statement with named parameters."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._types: list[TypeEngine[Any]] = [column.type for column in statement.exported_columns]

    def run(self, connection: Connection, parameters: Parameters) -> int:
        """Run what gives no rows; how many rows it touched."""
        touched: int = self._cursor(connection, parameters).rowcount
        return touched

    def one(self, connection: Connection, parameters: Parameters) -> Sequence[Any] | None:
        """The only row, or None."""
        row: Sequence[Any] | None = self._cursor(connection, parameters).fetchone()
        if row is None or connection.dialect.name == POSTGRESQL:
            return row
        return decoded(row, self._from_sqlite)

    def all(self, connection: Connection, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """Every row."""
        rows: list[Sequence[Any]] = self._cursor(connection, parameters).fetchall()
        if connection.dialect.name == POSTGRESQL:
            return rows
        return [decoded(row, self._from_sqlite) for row in rows]

    def for_lane(self, parameters: Parameters) -> list[bytes | None]:
        """The parameters in the order and the form in which a lane sends them."""
        values = {**self._postgresql.constants, **parameters}
        return [_to_lane(values[name]) for name in self._lane[1]]

    def from_lane(self, row: Sequence[bytes | None]) -> list[Any]:
        """The values in *row* of a lane."""
        return decoded(row, self._from_lane)

    @property
    def lane_text(self) -> bytes:
        """The statement as PostgreSQL prepares it."""
        return self._lane[0]

    def _cursor(self, connection: Connection, parameters: Parameters) -> Any:  # noqa: ANN401  # a cursor of either driver
        if connection.dialect.name == POSTGRESQL:
            values = {**self._postgresql.constants, **parameters}
            return connection.exec_driver_sql(self._postgresql.text, values, execution_options=_COUNTING)
        values = {**self._sqlite.constants, **parameters}
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101  # the connection is open
        return raw.execute(self._sqlite.text, [_to_sqlite(values[name]) for name in self._sqlite.names])

    @cached_property
    def _sqlite(self) -> "_Compiled":
        return _compiled(self._statement, "sqlite+pysqlite")

    @cached_property
    def _postgresql(self) -> "_Compiled":
        return _compiled(self._statement, "postgresql+psycopg")

    @cached_property
    def _lane(self) -> tuple[bytes, list[str]]:
        names: list[str] = []

        def numbered(found: re.Match[str]) -> str:
            name = found.group(1)
            if name is None:
                return "%"
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        return _NAMED.sub(numbered, self._postgresql.text).encode(), names

    @cached_property
    def _from_sqlite(self) -> list[Decoder | None]:
        return [_decoder(type_, _SQLITE) for type_ in self._types]

    @cached_property
    def _from_lane(self) -> list[Decoder | None]:
        return [_decoder(type_, _LANE) or bytes.decode for type_ in self._types]


def decoded(row: Sequence[Any], decoders: Sequence[Decoder | None]) -> list[Any]:
    """The values of *row*; None stays None."""
    return [
        value if value is None or decode is None else decode(value) for value, decode in zip(row, decoders, strict=True)
    ]


def _decoder(type_: TypeEngine[Any], decoders: Mapping[type[TypeEngine[Any]], Decoder]) -> Decoder | None:
    return next((decode for kind, decode in decoders.items() if isinstance(type_, kind)), None)


def _to_sqlite(value: object) -> object:
    if isinstance(value, datetime):
        return write_moment(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _to_lane(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(NO_ZERO)
        return value.encode()
    if isinstance(value, datetime):
        return write_moment(value).encode()
    if isinstance(value, list):
        return _array(value)
    return str(value).encode()


def _array(values: list[Any]) -> bytes:
    """An array as PostgreSQL writes it: in other brackets that of JSON, unless JSON escapes more than it needs."""
    try:
        written = orjson.dumps(values, default=_written, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:
        # Half a character, for one: what is wrong with it is told below.
        written = b"\\"
    if b"\\" in written.replace(rb"\\", b"").replace(rb"\"", b""):
        return b"{%s}" % b",".join(_quoted(_to_lane(value)) for value in values)
    return b"{%s}" % written[1:-1]


def _written(value: object) -> str:
    return (_to_lane(value) or b"").decode()


def _quoted(written: bytes | None) -> bytes:
    return b"NULL" if written is None else b'"%s"' % _QUOTED.sub(rb"\\\g<0>", written)


_SQLITE: Mapping[type[TypeEngine[Any]], Decoder] = {
    Moment: read_moment,
    Date: date.fromisoformat,
    Time: time.fromisoformat,
    Boolean: bool,
    JSON: orjson.loads,
}
_LANE: Mapping[type[TypeEngine[Any]], Decoder] = {
    # The sessions of lanes are in UTC.
    Moment: lambda value: datetime.fromisoformat(value.decode()),
    Date: lambda value: date.fromisoformat(value.decode()),
    Time: lambda value: time.fromisoformat(value.decode()),
    Boolean: lambda value: value == b"t",
    JSON: orjson.loads,
    Integer: int,
}
