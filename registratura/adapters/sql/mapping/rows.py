"""What all rows have in common."""

from typing import Any

from sqlalchemy import Column, Table

from registratura.adapters.sql.types import Values
from registratura.domain.organisations import AgeLimits, ControllingNote

Row = dict[str, Any]
"""Values by name of their column."""


def columns(table: Table, *without: str) -> tuple[Column[Any], ...]:
    """The columns of *table* that make up a value."""
    return tuple(column for column in table.c if column.name not in without)


def note_of(table: Table, row: Values) -> ControllingNote | None:
    """The controlling note in *row*; one that says nothing is no note."""
    return note_from(row[table.c.note_youngest], row[table.c.note_oldest], row[table.c.note_text])


def note_from(youngest: int | None, oldest: int | None, text: str | None) -> ControllingNote | None:
    """The controlling note of these three; one that says nothing is no note."""
    if youngest is None and oldest is None and text is None:
        return None
    return ControllingNote(ages=AgeLimits(youngest=youngest, oldest=oldest), text=text)


def note_row(note: ControllingNote | None) -> Row:
    """The columns of a controlling note; one that says nothing is no note."""
    note = note or ControllingNote()
    return {"note_youngest": note.ages.youngest, "note_oldest": note.ages.oldest, "note_text": note.text}
