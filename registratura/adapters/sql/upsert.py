"""`INSERT … ON CONFLICT`, which both databases speak and SQLAlchemy spells twice."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite

from registratura.adapters.sql.engines import POSTGRESQL

Insert = postgresql.Insert | sqlite.Insert
Told = Any
"""The columns of the row that was to be inserted."""


def insert(dialect: str, table: Table) -> Insert:
    """An insert into *table* that knows `on_conflict_do_…`, and tells how many rows it made."""
    adding = postgresql.insert(table) if dialect == POSTGRESQL else sqlite.insert(table)
    return adding.execution_options(preserve_rowcount=True)


def upsert(
    dialect: str, table: Table, kept: Callable[[Told], Mapping[str, ColumnElement[Any]]] = lambda _: {}
) -> Insert:
    """Insert a row of *table*, or write all its columns over the row with the same primary key.

    *kept* tells what some columns become instead, from the row that was told.
    """
    adding = insert(dialect, table)
    keys = list(table.primary_key.columns)
    changed: dict[str, ColumnElement[Any]] = {
        column.name: adding.excluded[column.name] for column in table.c if not column.primary_key
    }
    return adding.on_conflict_do_update(index_elements=keys, set_={**changed, **kept(adding.excluded)})
