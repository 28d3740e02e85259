"""Questions as rows: one, or several at once, answered by the same statement."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ARRAY, FromClause, Select, bindparam, func, select
from sqlalchemy.types import TypeEngine

Asked = Mapping[str, TypeEngine[Any]]
"""What a question tells, by name."""


def one_question(asked: Asked) -> FromClause:
    """One question as a row; its parameters bear the names of *asked*."""
    return select(*(bindparam(name, type_=type_).label(name) for name, type_ in asked.items())).subquery("asked")


def many_at_once(answer: Callable[[FromClause], Select[Any]], asked: Asked) -> Select[Any]:
    """*answer* to several questions, in their order: for PostgreSQL, whose parameters may be lists."""
    lists = (bindparam(name, type_=ARRAY(type_)) for name, type_ in asked.items())
    questions = func.unnest(*lists).table_valued(*asked, with_ordinality="place").render_derived(name="asked")
    return answer(questions).order_by(questions.c.place)
