"""Dialogues in the messenger, one row for each person."""

from functools import cache

import attrs
from sqlalchemy import Connection, bindparam, func, select

from registratura.adapters.sql.codec import read_dialogue, write_dialogue
from registratura.adapters.sql.tables import dialogue as table
from registratura.adapters.sql.upsert import Insert, insert
from registratura.domain.dialogue import Dialogue
from registratura.domain.identifiers import MessengerId

_FIND = select(table.c.state, table.c.reachable).where(table.c.user_id == bindparam("user"))
_FIND_LOCKED = _FIND.with_for_update()


@cache
def _save(dialect: str) -> Insert:
    adding = insert(dialect, table)
    new = adding.excluded
    return adding.on_conflict_do_update(
        index_elements=[table.c.user_id],
        set_={
            "chat": func.coalesce(new.chat, table.c.chat),
            "session": new.session,
            "revision": new.revision,
            "touched_at": new.touched_at,
            "state": new.state,
        },
    )


@cache
def _set_reachable(dialect: str) -> Insert:
    adding = insert(dialect, table)
    return adding.on_conflict_do_update(index_elements=[table.c.user_id], set_={"reachable": adding.excluded.reachable})


@attrs.frozen
class SqlDialogues:
    """`Dialogues` over a connection."""

    _connection: Connection
    _locking: bool = attrs.field(kw_only=True)
    _reachable: set[MessengerId] = attrs.field(factory=set, init=False)
    """People whose dialogues this transaction has locked and found reachable: nobody can change that meanwhile."""

    def find(self, user: MessengerId) -> Dialogue | None:
        row = self._connection.execute(_FIND_LOCKED if self._locking else _FIND, {"user": user}).one_or_none()
        if row is None:
            return None
        if self._locking and row.reachable:
            self._reachable.add(user)
        return read_dialogue(row.state) if row.state is not None else None

    def save(self, dialogue: Dialogue, chat: str | None) -> None:
        self._connection.execute(
            _save(self._connection.dialect.name),
            {
                "user_id": dialogue.user,
                "chat": chat,
                "reachable": True,
                "session": dialogue.session,
                "revision": dialogue.revision,
                "touched_at": dialogue.touched_at,
                "state": write_dialogue(dialogue),
            },
        )

    def set_reachable(self, user: MessengerId, *, reachable: bool) -> None:
        if reachable and user in self._reachable:
            return
        self._reachable.discard(user)
        self._connection.execute(
            _set_reachable(self._connection.dialect.name), {"user_id": user, "reachable": reachable}
        )
