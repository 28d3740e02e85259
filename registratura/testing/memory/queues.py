"""Dialogues, inbox, outbox, remembered answers and the audit in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from registratura.application.ports.messenger import Incoming, Outgoing
from registratura.application.ports.storage import Fingerprint, KeyReused, Leased, Received, SendState
from registratura.domain.dialogue import Dialogue
from registratura.domain.identifiers import MessengerId
from registratura.testing.memory.state import Effect, Note, Remembered, State, Update


@attrs.frozen
class MemoryDialogues:
    """`Dialogues` over a state."""

    _state: State

    def find(self, user: MessengerId) -> Dialogue | None:
        return self._state.dialogues.get(user)

    def save(self, dialogue: Dialogue, chat: str | None) -> None:
        self._state.dialogues[dialogue.user] = dialogue
        if chat is not None:
            self._state.chats[dialogue.user] = chat

    def chat(self, user: MessengerId) -> str | None:
        return self._state.chats.get(user)

    def set_reachable(self, user: MessengerId, *, reachable: bool) -> None:
        self._state.reachable[user] = reachable

    def is_reachable(self, user: MessengerId) -> bool:
        return self._state.reachable.get(user, True)


@attrs.frozen
class MemoryInbox:
    """`Inbox` over a state."""

    _state: State

    def put(self, key: str, line: str, incoming: Incoming, at: datetime) -> bool:
        if key in self._state.inbox:
            return False
        number = len(self._state.inbox) + 1
        self._state.inbox[key] = Update(number=number, line=line, incoming=incoming, not_before=at)
        return True

    def next(self, now: datetime) -> Received | None:
        heads: dict[str, Update] = {}
        for update in self._state.inbox.values():
            if update.state == "new":
                heads.setdefault(update.line, update)
        due = [head for head in heads.values() if head.not_before <= now]
        if not due:
            return None
        first = min(due, key=lambda head: head.number)
        return Received(number=first.number, incoming=first.incoming, attempts=first.attempts)

    def done(self, number: int) -> None:
        self._change(number, state="done", reason=None)

    def put_back(self, received: Received, until: datetime, reason: str) -> bool:
        return self._untouched(received) and self._change(received.number, not_before=until, reason=reason)

    def park(self, received: Received, reason: str) -> bool:
        return self._untouched(received) and self._change(received.number, state="parked", reason=reason)

    def _untouched(self, received: Received) -> bool:
        return any(
            (update.number, update.state, update.attempts) == (received.number, "new", received.attempts)
            for update in self._state.inbox.values()
        )

    def marker(self, source: str) -> str | None:
        return self._state.markers.get(source)

    def move_marker(self, source: str, marker: str) -> None:
        self._state.markers[source] = marker

    def _change(self, number: int, **changed: object) -> bool:
        for key, update in self._state.inbox.items():
            if update.number == number:
                self._state.inbox[key] = attrs.evolve(update, attempts=update.attempts + 1, **changed)  # type: ignore[arg-type]  # attrs.evolve has no typed keywords
        return True


@attrs.frozen
class MemoryOutbox:
    """`Outbox` over a state."""

    _state: State

    def put(self, line: str, outgoing: Outgoing, *, id: str, due: datetime) -> None:
        if id in self._state.outbox:
            raise ValueError("an effect with this id is there already")
        number = len(self._state.outbox) + 1
        self._state.outbox[id] = Effect(number=number, id=id, line=line, outgoing=outgoing, due=due)

    def lease(self, now: datetime, limit: int, term: timedelta) -> Sequence[Leased]:
        ready = sorted((head for head in self._heads() if head.may_leave_at <= now), key=lambda h: (h.due, h.number))
        return tuple(self._lease(head, now, term) for head in ready[:limit])

    def settle(self, id: str, state: SendState, reason: str | None, now: datetime) -> None:  # noqa: ARG002 - nobody asks the double when
        self._state.outbox[id] = attrs.evolve(self._state.outbox[id], state=state, reason=reason, lease_until=None)

    def postpone(self, id: str, until: datetime, reason: str | None, *, in_doubt: bool) -> None:
        effect = self._state.outbox[id]
        self._state.outbox[id] = attrs.evolve(
            effect, state=SendState.WAITING, due=until, reason=reason, in_doubt=in_doubt, lease_until=None
        )

    def next_due(self) -> datetime | None:
        return min((head.may_leave_at for head in self._heads()), default=None)

    def _heads(self) -> Iterable[Effect]:
        heads: dict[str, Effect] = {}
        for effect in self._state.outbox.values():
            if effect.is_unsent:
                heads.setdefault(effect.line, effect)
        return heads.values()

    def _lease(self, head: Effect, now: datetime, term: timedelta) -> Leased:
        in_doubt = head.in_doubt or head.state is SendState.SENDING
        self._state.outbox[head.id] = attrs.evolve(
            head,
            state=SendState.SENDING,
            lease_until=now + term,
            attempts=head.attempts + 1,
            first_attempt_at=head.first_attempt_at or now,
            in_doubt=in_doubt,
        )
        return Leased(
            id=head.id,
            line=head.line,
            outgoing=head.outgoing,
            attempts=head.attempts,
            first_attempt_at=head.first_attempt_at,
            in_doubt=in_doubt,
        )


@attrs.frozen
class MemoryRequests:
    """`Requests` over a state."""

    _state: State

    def remembered(self, asked: Fingerprint) -> str | KeyReused | None:
        found = self._state.requests.get((asked.scope, asked.key))
        if found is None:
            return None
        return found.answer if found.asked == asked else KeyReused()

    def remember(self, asked: Fingerprint, answer: str, at: datetime) -> bool:  # noqa: ARG002 - nothing is forgotten here
        key = (asked.scope, asked.key)
        return self._state.requests.setdefault(key, remembered := Remembered(asked, answer)) is remembered


@attrs.frozen
class MemoryAudit:
    """`Audit` over a state."""

    _state: State

    def note(self, event: str, *, actor: str, subject: str, at: datetime) -> None:
        self._state.audit.append(Note(event, actor, subject, at))
