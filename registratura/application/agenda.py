"""What is due for bookings: reminders, chats, and news of what the clinic changed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import attrs

from registratura.application.chats import want_chat
from registratura.application.notices import (
    NO_MESSENGER,
    Changed,
    DayBefore,
    Ended,
    Notice,
    NoticeWords,
    Soon,
    notice_id,
    visit_of,
)
from registratura.application.ports.agenda import Due
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import Send, Timely, line_of
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.appointments import FREEING, ClosedAppointment, Outcome
from registratura.domain.confirmation import UNANSWERED
from registratura.domain.identifiers import AppointmentId
from registratura.domain.notifications import Occasion, ReminderRules, day_before_until, turn

AT_ONCE = 100
"""Bookings that are looked at in one transaction."""
AFTER_SLIP = timedelta(minutes=5)
"""When a booking is looked at again that could not be told of."""
ASK_AGAIN = timedelta(seconds=30)
"""When a booking is looked at again whose clinic has not answered yet."""


@attrs.frozen(kw_only=True)
class Remind:
    """Look at the bookings whose time has come: remind of them, open their chats, tell that the clinic closed them.

    Any number of processes may do so at once.
    """

    storage: Storage
    rules: ReminderRules
    words: NoticeWords
    link: Callable[[AppointmentId], str]
    """The address through which one gets into the consultation."""
    may_cancel: bool = False
    on_fault: Callable[[AppointmentId, Exception], None] = lambda _id, _slip: None
    """Told of slips of ours: the booking is looked at again after `AFTER_SLIP`."""
    through_mis: bool = False
    """The clinic decides about bookings: nobody is reminded of one that it has not confirmed."""

    async def __call__(self) -> int:
        """Serve what is due, at most `AT_ONCE` bookings, in one transaction; give for how many something was done.

        A booking that cannot be told of is put aside, for it must not silence all others. Raises `Unavailable`.
        """
        at: list[AppointmentId] = []
        try:
            return await self.storage.transact(partial(self._serve, at))
        except Unavailable:
            raise
        except Exception as slip:
            if not at:
                raise
            self.on_fault(at[-1], slip)
            await self.storage.transact(lambda tx: tx.agenda.put({at[-1]: tx.agenda.now() + AFTER_SLIP}))
            return 1

    def _serve(self, at: list[AppointmentId], tx: Transaction) -> int:
        found = tx.agenda.due(AT_ONCE)
        if not found:
            return 0
        now = tx.agenda.now()
        states = tx.confirmations.states([one.booked.id for one in found]) if self.through_mis else {}
        again: dict[AppointmentId, datetime | None] = {}
        for one in found:
            at.append(one.booked.id)
            unanswered = states.get(one.booked.id) in UNANSWERED
            again[one.booked.id] = now + ASK_AGAIN if unanswered else self._look(one, now, tx)
        at.clear()
        tx.agenda.put(again)
        return len(found)

    def _look(self, due: Due, now: datetime, tx: Transaction) -> datetime | None:
        """Tell what is to be told about one booking; when to look at it again."""
        if isinstance(due.held, ClosedAppointment):
            if due.held.outcome in FREEING and due.booked.starts > now:
                self._tell("changed", _changed(due, tx), due, tx)
            ended = _ended(due, tx) if due.held.outcome is Outcome.SERVED else None
            if ended is not None:
                self._tell("ended", ended, due, tx)
            return None
        whats_on = turn(due.held, self.rules, due.organisation.zone, now=now)
        for occasion in whats_on.now:
            match occasion:
                case Occasion.DAY_BEFORE:
                    until = day_before_until(due.held, self.rules, due.organisation.zone, now=now)
                    self._tell(occasion, self._day_before(due, now), due, tx, Timely(due.booked.id, until))
                case Occasion.SOON:
                    self._tell(occasion, self._soon(due, now), due, tx, Timely(due.booked.id, due.booked.starts))
                case Occasion.CHAT:
                    want_chat(due, now, tx)
        return whats_on.again

    def _tell(self, what: str, notice: Notice, due: Due, tx: Transaction, timely: Timely | None = None) -> None:
        once = notice_id(what, due.booked.id)
        if due.user is None:
            tx.outbox.leave_out(once, id=once, reason=NO_MESSENGER)
            return
        message = self.words.notice(notice)
        tx.outbox.put_once(line_of(due.user), Send(user=due.user, message=message, timely=timely), id=once)

    def _day_before(self, due: Due, now: datetime) -> DayBefore:
        zone = due.organisation.zone
        days = due.booked.starts.astimezone(zone).date() - now.astimezone(zone).date()
        return DayBefore(visit=visit_of(due), days=days.days, may_cancel=self.may_cancel)

    def _soon(self, due: Due, now: datetime) -> Soon:
        minutes = -((now - due.booked.starts) // timedelta(minutes=1))
        return Soon(visit=visit_of(due), minutes=minutes, link=self.link(due.booked.id))


def _changed(due: Due, tx: Transaction) -> Changed:
    visit, new = visit_of(due), due.moved_to
    if new is None:
        return Changed(visit=visit, instead=None)
    resource, organisation = tx.schedule.doctors({new.resource})[new.resource]
    speciality = tx.schedule.speciality(new.speciality) if new.speciality else None
    instead = attrs.evolve(
        visit,
        id=new.id,
        starts=new.starts,
        zone=organisation.zone,
        resource=resource,
        organisation=organisation,
        speciality=speciality,
    )
    return Changed(visit=visit, instead=instead)


def _ended(due: Due, tx: Transaction) -> Ended | None:
    end = tx.consultations.end_of(due.booked.id)
    if end is None:
        return None
    stood_in = tx.schedule.doctors({end.held_by}).get(end.held_by) if end.held_by is not None else None
    return Ended(visit=visit_of(due), ended_at=end.ended_at, held_by=stood_in[0] if stood_in else due.resource)
