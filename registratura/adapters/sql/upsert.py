"""`INSERT … ON CONFLICT`, which both databases speak and SQLAlchemy spells twice."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from registratura.adapters.sql.engines import POSTGRESQL

Insert = postgresql.Insert | sqlite.Insert


def insert(dialect: str, table: Table) -> Insert:
    """An insert into *table* that knows `on_conflict_do_…`, and tells how many rows it made."""
    adding = postgresql.insert(table) if dialect == POSTGRESQL else sqlite.insert(table)
    return adding.execution_options(preserve_rowcount=True)


def upsert(dialect: str, table: Table) -> Insert:
    """Insert a row of *table*, or write all its columns over the row with the same primary key."""
    adding = insert(dialect, table)
    keys = list(table.primary_key.columns)
    changed = {column.name: adding.excluded[column.name] for column in table.c if not column.primary_key}
    return adding.on_conflict_do_update(index_elements=keys, set_=changed)
