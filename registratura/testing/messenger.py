"""A messenger in memory: people's screens to look at, and receipts to order."""

from collections import defaultdict, deque
from datetime import datetime
from itertools import count

import attrs

from registratura.application.message_limits import require_fitting
from registratura.application.ports.messenger import Answer, Delivery, Edit, Message, Outgoing, Receipt, Send
from registratura.application.ports.time import Clock
from registratura.domain.identifiers import MessengerId

DONE = Receipt(delivery=Delivery.DONE)


@attrs.frozen
class Shown:
    """A message on a person's screen."""

    mid: str
    message: Message


@attrs.frozen
class Scripted:
    """How one delivery to come ends; with `takes_effect` the person sees it all the same.

    Without a receipt the answer is lost: unknown for a new message, later for what can be repeated.
    """

    receipt: Receipt | None
    takes_effect: bool


@attrs.define(kw_only=True)
class RecordingMessenger:
    """Keeps the published messenger contract without a network.

    `attempts` holds every call that fitted, `screens` and `notes` what people see. Those in `stopped` cannot be
    reached; callbacks in `expired` cannot be answered; with `edits_refused` every edit becomes a new message.
    """

    clock: Clock
    attempts: list[Outgoing] = attrs.field(factory=list, init=False)
    screens: defaultdict[MessengerId, list[Shown]] = attrs.field(factory=lambda: defaultdict(list), init=False)
    notes: dict[str, str] = attrs.field(factory=dict, init=False)
    """The note shown for each answered callback."""
    stopped: set[MessengerId] = attrs.field(factory=set, init=False)
    expired: set[str] = attrs.field(factory=set, init=False)
    edits_refused: bool = attrs.field(default=False, init=False)
    _script: deque[Scripted] = attrs.field(factory=deque, init=False)
    _sent: list[tuple[MessengerId, Message, datetime]] = attrs.field(factory=list, init=False)
    _mids: "count[int]" = attrs.field(factory=lambda: count(1), init=False)

    def script(self, receipt: Receipt, *, times: int = 1) -> None:
        """Let the next *times* deliveries end with *receipt* and show nothing."""
        self._script.extend([Scripted(receipt, takes_effect=False)] * times)

    def break_down(self, *, times: int = 1) -> None:
        """Let the next *times* deliveries fail inside the messenger, before any effect."""
        self._script.extend([Scripted(None, takes_effect=False)] * times)

    def cut(self, *, times: int = 1) -> None:
        """Let the next *times* deliveries take effect and lose their answers."""
        self._script.extend([Scripted(None, takes_effect=True)] * times)

    async def deliver(self, outgoing: Outgoing) -> Receipt:
        """Show it to the person, unless the script says otherwise."""
        if not isinstance(outgoing, Answer):
            require_fitting(outgoing.message)
        self.attempts.append(outgoing)
        scripted = self._script.popleft() if self._script else None
        if scripted is None:
            return self._effect(outgoing)
        if scripted.takes_effect:
            self._effect(outgoing)
        return scripted.receipt or _lost(outgoing)

    async def was_sent(self, sent: Send, since: datetime) -> bool | None:
        """Whether *sent* was shown to its person since *since*; None without the chat, as in MAX."""
        if sent.chat is None:
            return None
        return any(
            (user, message) == (sent.user, sent.message) and since <= shown_at for user, message, shown_at in self._sent
        )

    def _effect(self, outgoing: Outgoing) -> Receipt:
        match outgoing:
            case Answer():
                return self._answer(outgoing)
            case Send(user=user) | Edit(user=user) if user in self.stopped:
                return Receipt(delivery=Delivery.UNREACHABLE, reason="error.dialog.suspended")
            case Send():
                self._show(outgoing.user, outgoing.message)
            case Edit():
                self._change(outgoing)
        return DONE

    def _answer(self, answer: Answer) -> Receipt:
        if answer.callback in self.expired:
            return Receipt(delivery=Delivery.REFUSED, reason="not.found")
        self.notes[answer.callback] = answer.note
        return DONE

    def _change(self, edit: Edit) -> None:
        screen = self.screens[edit.user]
        places = [place for place, shown in enumerate(screen) if shown.mid == edit.mid]
        if self.edits_refused or not places:
            self._show(edit.user, edit.message)
            return
        screen[places[0]] = Shown(edit.mid, edit.message)

    def _show(self, user: MessengerId, message: Message) -> None:
        self.screens[user].append(Shown(f"mid.{next(self._mids)}", message))
        self._sent.append((user, message, self.clock.now()))


def _lost(outgoing: Outgoing) -> Receipt:
    delivery = Delivery.UNKNOWN if isinstance(outgoing, Send) else Delivery.LATER
    return Receipt(delivery=delivery, reason="connection.lost")
