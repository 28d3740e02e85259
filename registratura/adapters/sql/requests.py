"""Answers remembered under idempotency keys, and the record of who tried what."""

from datetime import datetime
from functools import cache

import attrs
from sqlalchemy import Connection, bindparam, delete, select, tuple_
from sqlalchemy import insert as plain_insert

from registratura.adapters.sql.tables import audit, request
from registratura.adapters.sql.types import Moment
from registratura.adapters.sql.upsert import Insert, insert
from registratura.application.ports.deciding import Fingerprint, KeyReused

_REMEMBERED = select(request.c.digest, request.c.answer).where(
    request.c.scope == bindparam("scope"), request.c.key == bindparam("key")
)

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
def _remember(dialect: str) -> Insert:
    return insert(dialect, request).on_conflict_do_nothing(index_elements=[request.c.scope, request.c.key])


@attrs.frozen
class SqlRequests:
    """`Requests` over a connection."""

    _connection: Connection

    def remembered(self, asked: Fingerprint) -> str | KeyReused | None:
        row = self._connection.execute(_REMEMBERED, {"scope": asked.scope, "key": asked.key}).one_or_none()
        if row is None:
            return None
        answer: str = row.answer
        return answer if row.digest == asked.digest else KeyReused()

    def remember(self, asked: Fingerprint, answer: str, at: datetime) -> bool:
        row = {"scope": asked.scope, "key": asked.key, "digest": asked.digest, "answer": answer, "at": at}
        return self._connection.execute(_remember(self._connection.dialect.name), row).rowcount == 1

    def forget(self, before: datetime, limit: int) -> int:
        return self._connection.execute(_FORGET, {"before": before, "most": limit}).rowcount


@attrs.frozen
class SqlAudit:
    """`Audit` over a connection."""

    _connection: Connection

    def note(self, event: str, *, actor: str, subject: str, at: datetime) -> None:
        row = {"event": event, "actor": actor, "subject": subject, "at": at}
        self._connection.execute(plain_insert(audit), row)
