"""Questions as rows: one, or several at once, answered by the same statement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import ARRAY, Column, FromClause, Select, bindparam, func, select
from sqlalchemy.types import TypeEngine

from registratura.adapters.sql.prepared import Parameters, Prepared

Asked = Mapping[str, TypeEngine[Any]]
"""What a question tells, by name."""
PLACE = "place"


def one_question(asked: Asked) -> FromClause:
    """One question as a row; its parameters bear the names of *asked*."""
    return select(*(bindparam(name, type_=type_).label(name) for name, type_ in asked.items())).subquery("asked")


@attrs.frozen
class Batch:
    """A statement that takes several questions at once, and what each of them tells."""

    statement: Prepared
    asked: Asked

    def parameters(self, questions: Sequence[Parameters]) -> Parameters:
        """The parameters for *questions*; what a question does not tell is NULL."""
        return {name: [question.get(name) for question in questions] for name in self.asked}


def many_at_once(answer: Callable[[FromClause], Select[Any]], asked: Asked) -> Batch:
    """*answer* to several questions, in their order; on PostgreSQL."""
    questions = rows_of(asked, "asked")
    return Batch(Prepared(answer(questions).order_by(questions.c[PLACE])), asked)


def rows_of(asked: Asked, name: str) -> FromClause:
    """Several questions as rows with their places; on PostgreSQL, whose parameters may be lists."""
    lists = (bindparam(column, type_=ARRAY(type_)) for column, type_ in asked.items())
    columns = (Column(column, type_) for column, type_ in asked.items())
    return func.unnest(*lists).table_valued(*columns, with_ordinality=PLACE).render_derived(name=name)
