"""Dialogues in the messenger, one row for each person."""

from functools import cache

import attrs
from sqlalchemy import Connection, bindparam, func, select

from registratura.adapters.sql.codec import read_dialogue, write_dialogue
from registratura.adapters.sql.tables import dialogue as table
from registratura.adapters.sql.upsert import Insert, insert
from registratura.domain.dialogue import Dialogue
from registratura.domain.identifiers import MessengerId

_FIND = select(table.c.state).where(table.c.user_id == bindparam("user"))
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

    def find(self, user: MessengerId) -> Dialogue | None:
        state = self._connection.scalar(_FIND_LOCKED if self._locking else _FIND, {"user": user})
        return read_dialogue(state) if state is not None else None

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
        self._connection.execute(
            _set_reachable(self._connection.dialect.name), {"user_id": user, "reachable": reachable}
        )
