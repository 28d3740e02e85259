"""One update of a dialogue: judge it, move the dialogue, show what is next. All in one transaction."""

from collections.abc import Callable
from datetime import timedelta

import attrs
from returns.pipeline import is_successful

from registratura.application.booking import Desk, decide, release
from registratura.application.cards import is_linked_without_card
from registratura.application.confirmation import Pending, Waiting, begin, begin_cancelling
from registratura.application.dialogue.lists import NotAllowed
from registratura.application.dialogue.noticed import led_by
from registratura.application.dialogue.painting import Painter
from registratura.application.dialogue.screens import (
    AppointmentOffer,
    Cancelled,
    Cancelling,
    Fault,
    Invitation,
    NoCard,
    Phrases,
    Remark,
    Screen,
)
from registratura.application.ports.messenger import (
    Answer,
    Edit,
    Incoming,
    Outgoing,
    Pressed,
    Send,
    Started,
    Stopped,
    Typed,
    line_of,
)
from registratura.application.ports.storage import Transaction
from registratura.domain import dialogue as rules
from registratura.domain.appointments import Application, Appointment, Channel, VisitKind
from registratura.domain.confirmation import UNANSWERED, Confirmation, Declined, News
from registratura.domain.dialogue import Dialogue, Key, Pick, Press, Standing, Step, Token
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.people import Patient
from registratura.domain.refusals import (
    BeyondHorizon,
    BookingCode,
    ConsentOutdated,
    DayClosed,
    DoctorAbsent,
    Refusal,
    SlotAnnulled,
    SlotInPast,
    SlotTaken,
)

Invite = Callable[[MessengerId, str | None, Transaction], str]
"""The address at which a person with this messenger id and chat signs in."""


@attrs.frozen(kw_only=True)
class Manners:
    """How the bot behaves (`bot.*`)."""

    idle: timedelta = timedelta(hours=24)
    skip_single: bool = False
    """Pass over a list with one choice instead of showing it."""


@attrs.frozen(kw_only=True)
class _Turn:
    """What one update is about: who talks, in which transaction, and where the next screen goes."""

    person: Patient
    tx: Transaction
    chat: str | None
    mid: str | None
    """The message that is changed in place; None sends a new one."""
    lists_failed: bool


@attrs.frozen(kw_only=True)
class Converse:
    """Works off one update. `lists_failed` shows that lists cannot be had instead of reading them."""

    desk: Desk
    painter: Painter
    phrases: Phrases
    manners: Manners
    invite: Invite
    """The address at which an unknown person signs in (AUTH-31)."""

    def __call__(self, incoming: Incoming, tx: Transaction, *, lists_failed: bool = False) -> None:
        """Handle *incoming*: the new state and everything said leave in this transaction."""
        match incoming:
            case Stopped(user=user):
                tx.dialogues.set_reachable(user, reachable=False)
            case Started(user=user, chat=chat):
                self._greet(user, chat, tx)
            case Typed(user=user, chat=chat):
                self._repeat(user, chat, tx, lists_failed=lists_failed)
            case Pressed():
                self._press(incoming, tx, lists_failed=lists_failed)

    def _greet(self, user: MessengerId, chat: str | None, tx: Transaction) -> None:
        started = rules.at_menu(self._known(user, tx))
        person = self._person(user, tx)
        if person is None:
            self._invite(started, chat, None, tx)
        else:
            self._show(started, _Turn(person=person, tx=tx, chat=chat, mid=None, lists_failed=False))

    def _repeat(self, user: MessengerId, chat: str | None, tx: Transaction, *, lists_failed: bool) -> None:
        dialogue = self._known(user, tx)
        person = self._person(user, tx)
        if person is None:
            self._invite(rules.at_menu(dialogue), chat, None, tx)
            return
        dialogue, idle = self._awake(dialogue)
        turn = _Turn(person=person, tx=tx, chat=chat, mid=None, lists_failed=lists_failed)
        self._show(dialogue, turn, Remark.IDLE if idle else Remark.BUTTONS_ONLY)

    def _press(self, pressed: Pressed, tx: Transaction, *, lists_failed: bool) -> None:
        dialogue = self._known(pressed.user, tx)
        person = self._person(pressed.user, tx)
        if person is None:
            self._answer(pressed, Remark.TAKEN, tx)
            self._invite(rules.at_menu(dialogue), pressed.chat, pressed.mid, tx)
            return
        turn = _Turn(person=person, tx=tx, chat=pressed.chat, mid=pressed.mid, lists_failed=lists_failed)
        notice = rules.read_notice_token(pressed.payload)
        if notice is not None:
            self._answer(pressed, Remark.TAKEN, tx)
            # The notice stays as it is: what it leads to is a message of its own.
            led = led_by(notice, dialogue, person, self.painter, tx)
            self._show(led, attrs.evolve(turn, mid=None))
            return
        token = rules.read_token(pressed.payload)
        dialogue, idle = self._awake(dialogue)
        verdict = Standing.STALE if idle and token else self._standing(dialogue, token)
        if token is not None and verdict is Standing.FRESH:
            self._obey(token, dialogue, pressed, turn)
            return
        if verdict is Standing.FOREIGN:
            tx.audit.note(
                "dialogue.foreign_button", actor=pressed.user, subject=dialogue.step.value, at=self.desk.clock.now()
            )
        remark = Remark.IDLE if idle else Remark.FOREIGN if verdict is Standing.FOREIGN else Remark.STALE
        self._answer(pressed, remark, tx)
        if token is not None and verdict is Standing.STALE and _is_second_tap(token, dialogue):
            return
        self._show(dialogue, turn, remark if remark is not Remark.STALE else None)

    def _standing(self, dialogue: Dialogue, token: Token | None) -> Standing:
        if token is not None and token.press in {Key.CANCEL, Key.CANCEL_YES} and not self.painter.allow_cancel:
            return Standing.FOREIGN
        return rules.standing(dialogue, token)

    def _awake(self, dialogue: Dialogue) -> tuple[Dialogue, bool]:
        if not rules.is_idle(dialogue, self.desk.clock.now(), self.manners.idle):
            return dialogue, False
        return rules.at_menu(dialogue), True

    def _obey(self, token: Token, dialogue: Dialogue, pressed: Pressed, turn: _Turn) -> None:
        press = token.press
        if press is Key.CONFIRM:
            self._answer(pressed, Remark.BOOKING, turn.tx)
            self._book(dialogue, turn)
        elif press is Key.CANCEL_YES:
            self._answer(pressed, Remark.TAKEN, turn.tx)
            self._cancel(dialogue, turn)
        else:
            self._answer(pressed, Remark.BACK if press is Key.BACK else Remark.TAKEN, turn.tx)
            if dialogue.step is Step.DONE and token.revision == dialogue.revision:
                turn = self._leave_result(dialogue, turn)
            self._show(moved(press, dialogue, turn.person), turn, forward=isinstance(press, Pick) or press is Key.SELF)

    def _book(self, dialogue: Dialogue, turn: _Turn) -> None:
        chosen = dialogue.choices
        if chosen.patient is None or chosen.slot is None:
            self._show(rules.at_menu(dialogue), turn)
            return
        asked = Application(
            patient=chosen.patient,
            slot=chosen.slot,
            channel=Channel.MAX,
            kind=VisitKind.ONLINE_CONSULTING,
            author=turn.person.id,
            purpose=chosen.purpose,
            consent_version=dialogue.consent_version,
        )
        terms = self.painter.lists.terms
        if terms is None:
            verdict = decide(self.desk, asked, turn.tx)
        else:
            verdict = begin(self.desk, terms, asked, turn.tx, Waiting(dialogue.user, turn.chat))
        if is_successful(verdict):
            self._show_result(dialogue, verdict.unwrap(), turn)
        else:
            self._say_no(dialogue, verdict.failure(), turn)

    def _show_result(self, dialogue: Dialogue, appointment: Appointment, turn: _Turn) -> None:
        """The yes, or that the clinic is being asked."""
        self._close_buttons(self.painter.summary(dialogue, turn.person, turn.tx), dialogue, turn)
        done = attrs.evolve(rules.replaced(dialogue, Step.DONE), appointment=appointment.id)
        held = turn.tx.confirmations.find(appointment.id) if self.painter.lists.terms is not None else None
        if held is None or held.state not in UNANSWERED:
            # Until then the steps behind are kept: the clinic may say no.
            done = attrs.evolve(done, trail=())
        self._show(done, attrs.evolve(turn, mid=None))

    def announce(self, said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
        """Tell the person who waits what the clinic answered, or that it has not answered yet.

        Whoever went on to something else is told in a message without buttons: those on the screen still count.
        """
        user = held.user
        person = tx.patients.by_messenger(user) if user is not None else None
        # The messenger id may have moved to another card since.
        if user is None or person is None or not person.ids & {booked.patient, booked.author}:
            return
        visit = self.painter.lists.of(booked, person, tx)
        if visit is None:
            return
        turn = _Turn(person=person, tx=tx, chat=held.chat, mid=None, lists_failed=False)
        step, screen = self.painter.told(said, visit)
        dialogue = tx.dialogues.find(user)
        if dialogue is None or dialogue.appointment != booked.id or dialogue.step not in {Step.DONE, Step.CANCELLED}:
            self._put(user, Send(user=user, chat=held.chat, message=self.phrases.closed(screen)), tx)
        elif said is News.REFUSED and held.code is not None:
            self._say_no(dialogue, Declined(held.code), turn)
        else:
            told = rules.replaced(dialogue, step)
            self._draw(attrs.evolve(told, trail=()) if said is News.BOOKED else told, screen, (), turn, None)

    def _leave_result(self, dialogue: Dialogue, turn: _Turn) -> _Turn:
        """The result stays readable, without its buttons; what follows is a new message below it."""
        self._close_buttons(self.painter.paint(dialogue, turn.person, turn.tx).screen, dialogue, turn)
        return attrs.evolve(turn, mid=None)

    def _close_buttons(self, screen: Screen | None, dialogue: Dialogue, turn: _Turn) -> None:
        if turn.mid is not None and screen is not None:
            message = self.phrases.closed(screen)
            self._put(dialogue.user, Edit(user=dialogue.user, chat=turn.chat, mid=turn.mid, message=message), turn.tx)

    def _say_no(self, dialogue: Dialogue, reason: Refusal | Declined, turn: _Turn) -> None:
        code = self.desk.ids.new()[:8]
        turn.tx.audit.note(
            f"booking.refused.{type(reason).__name__}", actor=dialogue.user, subject=code, at=self.desk.clock.now()
        )
        match reason:
            case (
                SlotTaken()
                | SlotAnnulled()
                | DoctorAbsent()
                | SlotInPast()
                | Declined(code=BookingCode.TAKEN | BookingCode.ANNULLED)
            ):
                dialogue = rules.back_to(dialogue, Step.TIME)
            case DayClosed() | BeyondHorizon():
                dialogue = rules.back_to(dialogue, Step.DAY)
            case ConsentOutdated():
                self._show(dialogue, turn)
                return
            case _:
                refused = rules.replaced(dialogue, Step.REFUSED)
                screen = self.painter.refused(reason, code, dialogue, turn.person, turn.tx, None)
                self._draw(refused, screen, (), turn, None)
                return
        try:
            painted = self.painter.paint(dialogue, turn.person, turn.tx)
        except NotAllowed:
            self._show(rules.at_menu(dialogue), turn, Remark.FOREIGN)
            return
        screen = self.painter.refused(reason, code, dialogue, turn.person, turn.tx, painted.screen)
        self._draw(painted.dialogue, screen, painted.offers, turn, None)

    def _cancel(self, dialogue: Dialogue, turn: _Turn) -> None:
        asked = dialogue.appointment
        visit = self.painter.lists.visit(asked, turn.person, turn.tx) if asked is not None else None
        if visit is None:
            # The visit is over, or the person may no longer act for the patient.
            self._show(rules.at_menu(dialogue), turn)
            return
        done = attrs.evolve(rules.replaced(dialogue, Step.CANCELLED), trail=())
        self._draw(done, self._cancelled(visit, dialogue, turn), (), turn, None)

    def _cancelled(self, visit: AppointmentOffer, dialogue: Dialogue, turn: _Turn) -> Cancelled | Cancelling:
        by = turn.person.ids
        if self.painter.lists.terms is None:
            decided = release(self.desk, visit.id, turn.tx, by=by)
            return Cancelled(None if is_successful(decided) else decided.failure(), visit.own)
        waiting = Waiting(dialogue.user, turn.chat)
        begun = begin_cancelling(self.desk, visit.id, turn.tx, by=by, waiting=waiting)
        if is_successful(begun):
            return Cancelling() if isinstance(begun.unwrap(), Pending) else Cancelled(None, visit.own)
        return Cancelled(begun.failure(), visit.own)

    def _show(
        self,
        dialogue: Dialogue,
        turn: _Turn,
        remark: Remark | None = None,
        *,
        forward: bool = False,
    ) -> None:
        try:
            dialogue, screen, offers = self._next(dialogue, turn, forward=forward)
        except NotAllowed:
            # The representation ended while the dialogue went on.
            dialogue, screen, offers = self._next(rules.at_menu(dialogue), turn, forward=False)
            remark = Remark.FOREIGN
        self._draw(dialogue, screen, offers, turn, remark)

    def _next(self, dialogue: Dialogue, turn: _Turn, *, forward: bool) -> tuple[Dialogue, Screen, tuple[str, ...]]:
        while True:
            painted = self.painter.paint(dialogue, turn.person, turn.tx, failed=turn.lists_failed)
            single = len(painted.offers) == 1 and painted.only_page and dialogue.step in rules.CHOSEN_AT
            if not (forward and self.manners.skip_single and single):
                return painted.dialogue, painted.screen, painted.offers
            passed = rules.choosing(dialogue, painted.offers[0])
            dialogue = attrs.evolve(passed, trail=dialogue.trail)

    def _draw(
        self, dialogue: Dialogue, screen: Screen, offers: tuple[str, ...], turn: _Turn, remark: Remark | None
    ) -> None:
        drawn = rules.shown(dialogue, offers, self.desk.clock.now())
        message = self.phrases.screen(screen, payload=_payload(drawn), has_previous=drawn.has_previous, remark=remark)
        outgoing: Outgoing
        if turn.mid is None:
            outgoing = Send(user=drawn.user, chat=turn.chat, message=message)
        else:
            outgoing = Edit(user=drawn.user, chat=turn.chat, mid=turn.mid, message=message)
        turn.tx.dialogues.save(drawn, turn.chat)
        self._put(drawn.user, outgoing, turn.tx)

    def _invite(self, dialogue: Dialogue, chat: str | None, mid: str | None, tx: Transaction) -> None:
        drawn = rules.shown(rules.replaced(dialogue, Step.UNLINKED), (), self.desk.clock.now())
        link = self.invite(drawn.user, chat, tx)
        screen = NoCard(link) if tx.accounts.by_messenger(drawn.user) else Invitation(link)
        message = self.phrases.screen(screen, payload=_payload(drawn), has_previous=False, remark=None)
        tx.dialogues.save(drawn, chat)
        if mid is None:
            self._put(drawn.user, Send(user=drawn.user, chat=chat, message=message), tx)
        else:
            self._put(drawn.user, Edit(user=drawn.user, chat=chat, mid=mid, message=message), tx)

    def welcome(self, user: MessengerId, chat: str | None, tx: Transaction) -> None:
        """Show the menu to whoever has just signed in, or say that no card was found."""
        self._greet(user, chat, tx)

    def _person(self, user: MessengerId, tx: Transaction) -> Patient | None:
        """The card of the person, also one that the registry got after they signed in."""
        known = tx.patients.by_messenger(user)
        if known is not None or is_linked_without_card(user, self.desk.clock.now(), tx):
            return known
        return tx.patients.by_messenger(user)

    def apologise(self, user: MessengerId, chat: str | None, code: str, tx: Transaction) -> None:
        """Say that something broke on our side, with the code to read out by phone.

        The dialogue is not touched, for it may be what broke: the buttons shown last still count.
        """
        self._put(user, Send(user=user, chat=chat, message=self.phrases.closed(Fault(code))), tx)

    def _answer(self, pressed: Pressed, remark: Remark, tx: Transaction) -> None:
        note = self.phrases.note(remark)
        self._put(pressed.user, Answer(user=pressed.user, callback=pressed.callback, note=note), tx)

    def _put(self, user: MessengerId, outgoing: Outgoing, tx: Transaction) -> None:
        tx.outbox.put(line_of(user), outgoing, id=self.desk.ids.new())

    def _known(self, user: MessengerId, tx: Transaction) -> Dialogue:
        """The person's dialogue, or a new one; whoever writes is there, even if an old «stopped» came late."""
        known = tx.dialogues.find(user)
        tx.dialogues.set_reachable(user, reachable=True)
        return known or self._new(user)

    def _new(self, user: MessengerId) -> Dialogue:
        return Dialogue(user=user, session=self.desk.ids.secret(), touched_at=self.desk.clock.now())


def _is_second_tap(token: Token, dialogue: Dialogue) -> bool:
    """A button pressed twice whose first press led to a result: the answer is on its way as a message of its own."""
    return dialogue.step is Step.DONE and token.revision == dialogue.revision - 1


def _payload(dialogue: Dialogue) -> Callable[[Press], str]:
    return lambda press: Token(dialogue.session, dialogue.revision, press).write()


def moved(press: Press, dialogue: Dialogue, person: Patient) -> Dialogue:
    """Where a fresh press that books and cancels nothing leads."""
    if isinstance(press, Pick):
        chosen = dialogue.offers[press.index]
        if dialogue.step is Step.UPCOMING:
            return attrs.evolve(rules.to_step(dialogue, Step.APPOINTMENT), appointment=AppointmentId(chosen))
        return rules.choosing(dialogue, chosen)
    return _LEADS[press](dialogue, person)


_Lead = Callable[[Dialogue, Patient], Dialogue]

_LEADS: dict[Key, _Lead] = {
    Key.SELF: lambda dialogue, person: rules.for_oneself(dialogue, person.id),
    Key.OTHER: lambda dialogue, _: rules.to_step(rules.at_menu(dialogue), Step.WHOM),
    Key.UPCOMING: lambda dialogue, _: rules.to_step(rules.at_menu(dialogue), Step.UPCOMING),
    Key.HELP: lambda dialogue, _: rules.to_step(dialogue, Step.HELP),
    Key.BACK: lambda dialogue, _: rules.back(dialogue),
    Key.HOME: lambda dialogue, _: rules.at_menu(dialogue),
    Key.EARLIER: lambda dialogue, _: rules.turned(dialogue, -1),
    Key.LATER: lambda dialogue, _: rules.turned(dialogue, +1),
    Key.RETRY: lambda dialogue, _: dialogue,
    Key.CONDITIONS: lambda dialogue, _: rules.to_step(dialogue, Step.CONDITIONS),
    Key.DOCTORS: lambda dialogue, _: rules.back_to(dialogue, Step.DOCTOR),
    Key.TIMES: lambda dialogue, _: rules.back_to(dialogue, Step.TIME),
    Key.CANCEL: lambda dialogue, _: rules.to_step(dialogue, Step.CANCELLING),
}
