"""Dialogues, inbox, outbox, remembered answers and the audit in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from registratura.application.ports.deciding import Fingerprint, KeyReused
from registratura.application.ports.feedback import Words
from registratura.application.ports.messenger import Incoming, Message, Outgoing, Send
from registratura.application.ports.queues import Leased, Received, SendState
from registratura.application.ports.time import Clock
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

    def set_reachable(self, user: MessengerId, *, reachable: bool) -> None:
        self._state.reachable[user] = reachable


@attrs.frozen
class MemoryInbox:
    """`Inbox` over a state."""

    _state: State
    _clock: Clock

    def put(self, key: str, line: str, incoming: Incoming) -> bool:
        if key in self._state.inbox:
            return False
        number = 1 + next((update.number for update in reversed(self._state.inbox.values())), 0)
        self._state.inbox[key] = Update(number=number, line=line, incoming=incoming, not_before=self._clock.now())
        return True

    def next(self) -> Received | None:
        now = self._clock.now()
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
        self._change(number, state="done", reason=None, done_at=self._clock.now())

    def put_back(self, received: Received, wait: timedelta, reason: str) -> bool:
        until = self._clock.now() + wait
        return self._untouched(received) and self._change(received.number, not_before=until, reason=reason)

    def park(self, received: Received, reason: str) -> bool:
        return self._untouched(received) and self._change(received.number, state="parked", reason=reason)

    def forget(self, age: timedelta, limit: int) -> int:
        since = self._clock.now() - age
        old = [key for key, update in self._state.inbox.items() if update.done_at and update.done_at <= since][:limit]
        for key in old:
            del self._state.inbox[key]
        return len(old)

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
    _clock: Clock

    def put(self, line: str, outgoing: Outgoing, *, id: str, due: datetime | None = None) -> None:
        if id in self._state.outbox:
            raise ValueError("an effect with this id is there already")
        number = 1 + next((effect.number for effect in reversed(self._state.outbox.values())), 0)
        effect = Effect(number=number, id=id, line=line, outgoing=outgoing, due=due or self._clock.now())
        self._state.outbox[id] = effect

    def put_once(self, line: str, outgoing: Outgoing, *, id: str) -> bool:
        if id in self._state.outbox:
            return False
        self.put(line, outgoing, id=id)
        return True

    def leave_out(self, line: str, *, id: str, reason: str) -> bool:
        nobody = Send(user=MessengerId(""), message=Message(""))
        is_new = self.put_once(line, nobody, id=id)
        if is_new:
            self.settle(id, SendState.SKIPPED, reason)
        return is_new

    def lease(self, limit: int, term: timedelta) -> Sequence[Leased]:
        now = self._clock.now()
        ready = sorted((head for head in self._heads() if head.may_leave_at <= now), key=lambda h: (h.due, h.number))
        return tuple(self._lease(head, now, term) for head in ready[:limit])

    def settle(self, id: str, state: SendState, reason: str | None) -> None:
        self._change(id, state=state, reason=reason, lease_until=None, settled_at=self._clock.now())

    def postpone(self, leased: Leased, wait: timedelta, reason: str | None, *, in_doubt: bool) -> bool:
        due = self._clock.now() + wait
        return self._is_held(leased) and self._change(
            leased.id, state=SendState.WAITING, due=due, reason=reason, in_doubt=in_doubt, lease_until=None
        )

    def give_back(self, leased: Leased) -> bool:
        return self._is_held(leased) and self._change(
            leased.id,
            state=SendState.WAITING,
            lease_until=None,
            attempts=leased.attempts,
            first_attempt_at=leased.first_attempt_at,
        )

    def forget(self, age: timedelta, limit: int) -> int:
        since = self._clock.now() - age
        gone = {SendState.SENT, SendState.SKIPPED}
        old = [
            effect.id
            for effect in self._state.outbox.values()
            if effect.state in gone and effect.settled_at is not None and effect.settled_at <= since
        ][:limit]
        for name in old:
            del self._state.outbox[name]
        return len(old)

    def _is_held(self, leased: Leased) -> bool:
        effect = self._state.outbox[leased.id]
        return effect.state is SendState.SENDING and effect.attempts == leased.attempts + 1

    def _change(self, id: str, **changed: object) -> bool:
        self._state.outbox[id] = attrs.evolve(self._state.outbox[id], **changed)  # type: ignore[arg-type]  # attrs.evolve has no typed keywords
        return True

    def _heads(self) -> Iterable[Effect]:
        heads: dict[str, Effect] = {}
        for effect in self._state.outbox.values():
            if effect.is_unsent:
                heads.setdefault(effect.line, effect)
        return heads.values()

    def _lease(self, head: Effect, now: datetime, term: timedelta) -> Leased:
        in_doubt = head.in_doubt or head.state is SendState.SENDING
        self._change(
            head.id,
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
            reachable=self._state.reachable.get(head.outgoing.user, True),
            chat=self._state.chats.get(head.outgoing.user),
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

    def remember(self, asked: Fingerprint, answer: str, at: datetime) -> bool:
        key = (asked.scope, asked.key)
        return self._state.requests.setdefault(key, remembered := Remembered(asked, answer, at)) is remembered

    def forget(self, before: datetime, limit: int) -> int:
        old = [key for key, remembered in self._state.requests.items() if remembered.at < before][:limit]
        for key in old:
            del self._state.requests[key]
        return len(old)


@attrs.frozen
class MemoryFeedback:
    """`Feedback` over a state."""

    _state: State

    def keep(self, words: Words) -> int:
        self._state.feedback.append(words)
        return len(self._state.feedback)


@attrs.frozen
class MemoryAudit:
    """`Audit` over a state."""

    _state: State

    def note(self, event: str, *, actor: str, subject: str, at: datetime) -> None:
        self._state.audit.append(Note(event, actor, subject, at))
