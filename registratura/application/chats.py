"""Chats of consultations: what is due is taken in one commit, asked for outside of any, and recorded in another."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import attrs

from registratura.application.notices import NoChat, NoticeWords, notice_id, visit_of
from registratura.application.ports.agenda import Due
from registratura.application.ports.chats import Added, Chat, ChatRefused, Chats, Participant, RefusalKind, Role
from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.application.ports.messenger import Send, line_of
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain import chats as rules
from registratura.domain.appointments import Appointment
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.domain.confirmation import UNANSWERED
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.joining import may_join
from registratura.domain.people import phone_digits

TERM = timedelta(seconds=30)
"""How long an errand is ours: longer than a call may take."""
DEADLINE = timedelta(seconds=20)
AFTER_SLIP = timedelta(minutes=5)
"""When a chat is seen to again that could not be."""
_ROLES = {Side.DOCTOR: Role.DOCTOR, Side.PATIENT: Role.PATIENT}


@attrs.frozen
class Errand:
    """What is to be asked of the messenger: a chat with this title, or to let guests in."""

    held: ConsultationChat
    title: str


class ChatWords(NoticeWords, Protocol):
    """The words of a channel for chats."""

    def title(self, due: Due) -> str:
        """The title of a consultation's chat: it names no patient and no purpose (CONS-18)."""
        ...


def want_chat(due: Due, now: datetime, tx: Transaction) -> None:
    """Let a chat be made for a consultation that has none yet."""
    if tx.chats.find(due.booked.id) is None:
        tx.chats.save(rules.wanted(due.booked, guests_of(due, now, tx), now))


def guests_of(due: Due, now: datetime, tx: Transaction) -> tuple[Guest, ...]:
    """The doctor; and whoever booked, if Gosuslugi vouches that they may come in (CONS-15)."""
    found = [(phone_digits(due.resource.messenger_phone), Side.DOCTOR)]
    account = tx.accounts.by_messenger(due.user) if due.user is not None else None
    if account is not None and account.identity is not None:
        held, cards = tx.patients.representing(due.patient)
        day = now.astimezone(due.organisation.zone).date()
        if may_join(account.identity, due.patient, held, cards, day):
            found.append((phone_digits(account.identity.phone), Side.PATIENT))
    return tuple(Guest(phone, side) for phone, side in found if phone is not None)


@attrs.frozen(kw_only=True)
class OpenChats:
    """Makes chats and lets people in. Any number of processes may do so at once."""

    storage: Storage
    chats: Chats
    words: ChatWords
    alarm: Callable[[ConsultationChat], None] = lambda _: None
    """Told of every chat that somebody must look at."""

    async def due(self, limit: int) -> Sequence[Errand | None]:
        """Look at no more than *limit* chats for which something is due.

        An errand is ours until its term is over; None stands for a chat for which nothing is asked.
        """
        at: list[ConsultationChat] = []
        try:
            return await self.storage.transact(partial(self._take_due, limit, at))
        except Unavailable:
            raise
        except Exception as slip:
            if not at:
                raise
            # One chat that cannot be seen to must not stop all others.
            self.alarm(attrs.evolve(at[-1], reason=type(slip).__name__))
            await self.storage.transact(partial(self._put_aside, at[-1].appointment))
            return [None]

    def _take_due(self, limit: int, at: list[ConsultationChat], tx: Transaction) -> Sequence[Errand | None]:
        now, taken = tx.agenda.now(), []
        for chat in tx.chats.due(limit):
            at.append(chat)
            taken.append(self._take(chat, now, tx))
        at.clear()
        return taken

    def _put_aside(self, appointment: AppointmentId, tx: Transaction) -> None:
        held = tx.chats.find(appointment)
        if held is not None and held.due is not None:
            tx.chats.save(attrs.evolve(held, due=tx.agenda.now() + AFTER_SLIP))

    def _take(self, before: ConsultationChat, now: datetime, tx: Transaction) -> Errand | None:
        known = tx.agenda.describe(before.appointment)
        if known is None or not isinstance(known.held, Appointment):
            tx.chats.save(rules.withdrawn(before))
            return None
        after = self._changed(before, rules.taken(before, now, TERM), known, now, tx)
        if after.state is ChatState.MAKING or (after.state is ChatState.MADE and after.missing):
            return Errand(after, self.words.title(known))
        return None

    async def __call__(self, errand: Errand) -> ConsultationChat:
        """Run an errand and record how it ended. Raises `Unavailable` when it cannot be recorded."""
        if errand.held.state is ChatState.MAKING:
            step = await self._make(errand)
        else:
            step = await self._let_in(errand.held)
        # A cancelled task must still record what it has heard.
        return await asyncio.shield(self.storage.transact(partial(self._record, errand.held.appointment, step)))

    async def _make(self, errand: Errand) -> "_Step":
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                answer = await self.chats.create(errand.title)
        except Unavailable as fault:
            return partial(_not_made, str(fault))
        except (OutcomeUnknown, TimeoutError) as fault:
            return partial(_in_doubt, type(fault).__name__)
        except Exception as slip:  # noqa: BLE001  # nobody knows what it has done
            return partial(_in_doubt, type(slip).__name__)
        match answer:
            case Chat(id, link):
                return lambda held, now: rules.made(held, id, link, now)
            case ChatRefused(kind, reason):
                self._alarm_once(errand.held, reason)
                if kind is RefusalKind.BUG:
                    return lambda held, now: rules.refused(held, reason, now)
                return partial(_not_made, reason)

    async def _let_in(self, held: ConsultationChat) -> "_Step":
        people = [Participant(guest.phone, _ROLES[guest.side]) for guest in held.guests if guest.phone in held.missing]
        asked = held.missing
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                answer = await self.chats.add(held.chat or "", people)
        except Exception as fault:  # noqa: BLE001  # letting in may be repeated, whatever went wrong
            reason = type(fault).__name__
            return lambda now_held, now: rules.added(now_held, asked, asked, reason, now)
        match answer:
            case Added(missing):
                return lambda now_held, now: rules.added(now_held, asked, missing, "not_let_in", now)
            case ChatRefused(kind, words):
                self._alarm_once(held, words)
                final = kind is RefusalKind.BUG
                return lambda now_held, now: rules.added(now_held, asked, asked, words, now, final=final)

    def _alarm_once(self, held: ConsultationChat, reason: str) -> None:
        """Somebody must act; the same refusal each minute is one alarm."""
        if held.reason != reason:
            self.alarm(attrs.evolve(held, reason=reason))

    def _record(self, appointment: AppointmentId, step: "_Step", tx: Transaction) -> ConsultationChat:
        before, known = tx.chats.find(appointment), tx.agenda.describe(appointment)
        if before is None or known is None:
            raise LookupError("a chat that was asked for is gone")
        now = tx.agenda.now()
        return self._changed(before, step(before, now), known, now, tx)

    def _changed(
        self, before: ConsultationChat, after: ConsultationChat, known: Due, now: datetime, tx: Transaction
    ) -> ConsultationChat:
        if after.state is not before.state and after.state in {ChatState.UNKNOWN, ChatState.GIVEN_UP}:
            self.alarm(after)
        if rules.to_be_told(after, now) and isinstance(known.held, Appointment):
            self._tell(known, after, tx)
            self.alarm(after)
            after = rules.told(after)
        if after is not before:
            tx.chats.save(after)
        return after

    def _tell(self, known: Due, chat: ConsultationChat, tx: Transaction) -> None:
        """The consultation begins without its chat or its doctor: whoever booked and the doctor are told (CONS-19)."""
        doctor = known.resource.messenger
        for user, to_doctor in ((known.user, False), (doctor, True)):
            if user is None:
                continue
            message = self.words.notice(
                NoChat(
                    visit=visit_of(known),
                    to_doctor=to_doctor,
                    doctor_knows=doctor is not None,
                    is_open=chat.is_open,
                )
            )
            what = "no_chat.doctor" if to_doctor else "no_chat"
            once = notice_id(what, known.booked.id)
            tx.outbox.put_once(line_of(MessengerId(user)), Send(user=user, message=message), id=once)


_Step = Callable[[ConsultationChat, datetime], ConsultationChat]


def _not_made(reason: str, held: ConsultationChat, now: datetime) -> ConsultationChat:
    return rules.not_made(held, reason, now)


def _in_doubt(reason: str, held: ConsultationChat, now: datetime) -> ConsultationChat:
    return rules.in_doubt(held, reason, now)


@attrs.frozen(kw_only=True)
class MakeAnotherChat:
    """Somebody has looked: no chat that can be used is there, and another one is to be made."""

    storage: Storage
    lead: timedelta | None
    """How long before the beginning a chat may be made that was never begun; None where there are no chats."""

    async def __call__(self, appointment: AppointmentId) -> ConsultationChat | None:
        """Where the chat stands afterwards; None when the consultation has none and needs none now."""
        return await self.storage.transact(partial(self._again, appointment))

    def _again(self, appointment: AppointmentId, tx: Transaction) -> ConsultationChat | None:
        held = tx.chats.find(appointment)
        if held is None:
            return self._begin(appointment, tx)
        after = rules.again(held, tx.agenda.now())
        if after is not held:
            tx.chats.save(after)
        return after

    def _begin(self, appointment: AppointmentId, tx: Transaction) -> ConsultationChat | None:
        """Want the chat that nobody was there to want in time."""
        known, now = tx.agenda.describe(appointment), tx.agenda.now()
        if known is None or self.lead is None or not isinstance(known.held, Appointment):
            return None
        is_unanswered = tx.confirmations.states([appointment]).get(appointment) in UNANSWERED
        if is_unanswered or not rules.may_be_made(known.held, self.lead, now):
            return None
        want_chat(known, now, tx)
        return tx.chats.find(appointment)
