"""Coming into a consultation: who may, from when, until when, and where to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import attrs

from registratura.application.ports.agenda import Due
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock
from registratura.application.signing_in import Visitor
from registratura.domain import chats
from registratura.domain.accounts import Method
from registratura.domain.appointments import ClosedAppointment, VisitKind
from registratura.domain.chats import Guest, Side
from registratura.domain.identifiers import AppointmentId
from registratura.domain.joining import may_join
from registratura.domain.people import phone_digits
from registratura.domain.telemedicine import Platform


@attrs.frozen
class SignInFirst:
    """Nobody is signed in, or Gosuslugi's word is too old."""

    by_esia: bool = True
    """Through Gosuslugi; otherwise any way will do."""


@attrs.frozen
class NeedsEsia:
    """Somebody is signed in by a password, which is not enough (CONS-02)."""


@attrs.frozen
class Refused:
    """Not for this person, or there is no such consultation: nobody is told which (CONS-09)."""


@attrs.frozen
class TooEarly:
    """It is for this person, and opens at that moment on the clinic's clocks."""

    opens_at: datetime


@attrs.frozen
class Over:
    """It ended, or was cancelled."""


@attrs.frozen
class NotReady:
    """Its time has come, and its room is not open yet."""


@attrs.frozen
class ComeIn:
    """Where the person is sent."""

    url: str = attrs.field(repr=False)


Joining = SignInFirst | NeedsEsia | Refused | TooEarly | Over | NotReady | ComeIn


@attrs.frozen(kw_only=True)
class JoinConsultation:
    """Let whoever may come in, come in. Every refusal and every coming is on record."""

    storage: Storage
    clock: Clock
    lead: timedelta = timedelta(minutes=15)
    """How long before the beginning it opens."""
    fallback: timedelta = timedelta(hours=4)
    """How long after the beginning it closes when nobody records the end."""
    valid: timedelta = timedelta(hours=12)
    """How long Gosuslugi's word counts."""
    room: Callable[[AppointmentId], str | None] = lambda _: None
    """The room of a consultation on another platform."""

    async def __call__(self, appointment: AppointmentId, visitor: Visitor | None) -> Joining:
        """What happens to *visitor* at the door."""
        return await self.storage.transact(partial(self._join, appointment, visitor))

    def _join(self, appointment: AppointmentId, visitor: Visitor | None, tx: Transaction) -> Joining:
        now = self.clock.now()
        due = tx.agenda.describe(appointment)
        elsewhere = due is not None and due.booked.platform is Platform.OTHER
        if visitor is None:
            return SignInFirst(by_esia=not elsewhere)
        verdict: Joining = Refused()
        if not elsewhere and (first := self._to_do_first(visitor, now)) is not None:
            verdict = first
        elif due is not None:
            verdict = self._enter(due, visitor, now, tx, checked=not elsewhere)
        event = type(verdict).__name__.lower()
        tx.audit.note(f"consultation.{event}", actor=visitor.account.id, subject=appointment[:64], at=now)
        return verdict

    def _to_do_first(self, visitor: Visitor, now: datetime) -> NeedsEsia | SignInFirst | None:
        """What is to be done before Gosuslugi's word on *visitor* counts; None for nothing."""
        if visitor.session.method is not Method.ESIA:
            return NeedsEsia()
        identity = visitor.account.identity
        return SignInFirst() if identity is None or now >= identity.verified_at + self.valid else None

    def _enter(self, due: Due, visitor: Visitor, now: datetime, tx: Transaction, *, checked: bool) -> Joining:
        booked = due.booked
        if booked.kind is not VisitKind.ONLINE_CONSULTING or (checked and not _is_entitled(due, visitor, now, tx)):
            return Refused()
        if isinstance(due.held, ClosedAppointment) or now >= booked.starts + self.fallback:
            return Over()
        opens_at = booked.starts - self.lead
        if now < opens_at:
            return TooEarly(opens_at.astimezone(due.organisation.zone))
        if not checked:
            room = self.room(booked.id)
            return ComeIn(room) if room is not None else NotReady()
        chat = tx.chats.find(booked.id)
        if chat is None or not chat.is_open or chat.link is None:
            return NotReady()
        phone = phone_digits(visitor.account.identity.phone) if visitor.account.identity is not None else None
        if phone is not None:
            after = chats.invited(chat, Guest(phone, Side.PATIENT), tx.agenda.now())
            if after is not chat:
                tx.chats.save(after)
        return ComeIn(chat.link)


def _is_entitled(due: Due, visitor: Visitor, now: datetime, tx: Transaction) -> bool:
    identity = visitor.account.identity
    if identity is None:
        return False
    held, cards = tx.patients.representing(due.patient)
    return may_join(identity, due.patient, held, cards, now.astimezone(due.organisation.zone).date())
