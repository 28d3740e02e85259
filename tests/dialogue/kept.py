"""What the database holds, read past the product."""

from typing import Any

from sqlalchemy import Table, create_engine, select

from tests.dialogue.chat import Bot


async def rows(bot: Bot, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The named columns of every row, in the order they were written."""
    engine = create_engine(bot.database)
    with engine.connect() as connection:
        found = connection.execute(select(*(table.c[column] for column in columns)))
        kept = [tuple(row) for row in found]
    engine.dispose()
    return kept
