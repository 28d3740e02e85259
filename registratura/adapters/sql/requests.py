"""Answers remembered under idempotency keys, and the record of who tried what."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, select, tuple_
from sqlalchemy import insert as plain_insert

from registratura.adapters.sql.prepared import Prepared
from registratura.adapters.sql.races import remembering
from registratura.adapters.sql.tables import audit, feedback, request
from registratura.adapters.sql.types import Moment
from registratura.adapters.sql.upsert import insert
from registratura.application.ports.deciding import Answer, Fingerprint, KeyReused
from registratura.application.ports.feedback import Words


def under_key() -> ColumnElement[bool]:
    """The answer that stands under :scope and :key."""
    return and_(request.c.scope == bindparam("scope"), request.c.key == bindparam("key"))


_REMEMBERED = Prepared(select(request.c.digest, request.c.answer).where(under_key()))

_OLD = (
    select(request.c.scope, request.c.key)
    .where(request.c.at < bindparam("before", type_=Moment))
    .order_by(request.c.at)
    .limit(bindparam("most"))
)
_FORGET = (
    delete(request).where(tuple_(request.c.scope, request.c.key).in_(_OLD)).execution_options(preserve_rowcount=True)
)


@cache
def remember_if_new(dialect: str) -> Prepared:
    """Keep an answer unless one stands under the key; see `races.remembering` for the parameters."""
    values = {column.name: bindparam("request_" + column.name, type_=column.type) for column in request.c}
    adding = insert(dialect, request).values(values)
    ignoring = adding.on_conflict_do_nothing(index_elements=[request.c.scope, request.c.key])
    return Prepared(ignoring.returning(request.c.key))


def answered(row: Sequence[Any] | None, asked: Fingerprint) -> str | KeyReused | None:
    """What a row with digest and answer says to *asked*."""
    if row is None:
        return None
    digest, answer = row
    return str(answer) if digest == asked.digest else KeyReused()


@attrs.frozen
class SqlRequests:
    """`Requests` over a connection."""

    _connection: Connection

    def remembered(self, asked: Fingerprint) -> str | KeyReused | None:
        return answered(_REMEMBERED.one(self._connection, {"scope": asked.scope, "key": asked.key}), asked)

    def remember(self, asked: Fingerprint, answer: str, at: datetime) -> bool:
        keeping = remember_if_new(self._connection.dialect.name)
        return keeping.one(self._connection, remembering(Answer(asked, answer, at))) is not None

    def forget(self, before: datetime, limit: int) -> int:
        return self._connection.execute(_FORGET, {"before": before, "most": limit}).rowcount


@attrs.frozen
class SqlFeedback:
    """`Feedback` over a connection."""

    _connection: Connection

    def keep(self, words: Words) -> int:
        row = attrs.asdict(words) | {"account_id": words.account}
        del row["account"]
        number: int = self._connection.execute(plain_insert(feedback).returning(feedback.c.number), row).scalar_one()
        return number


@attrs.frozen
class SqlAudit:
    """`Audit` over a connection."""

    _connection: Connection

    def note(self, event: str, *, actor: str, subject: str, at: datetime) -> None:
        row = {"event": event, "actor": actor, "subject": subject, "at": at}
        self._connection.execute(plain_insert(audit), row)
