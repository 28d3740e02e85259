"""From a dialogue to the screen that shows it: reads what the step needs and fills one page."""

from collections.abc import Callable
from datetime import timedelta

import attrs

from registratura.application.dialogue.lists import Lists, offer_id
from registratura.application.dialogue.screens import (
    AppointmentCard,
    AppointmentOffer,
    Booked,
    Booking,
    CancellationUnanswered,
    Cancelled,
    CancelQuestion,
    Choice,
    Conditions,
    Help,
    ListFailed,
    Menu,
    NoAnswerYet,
    NotConfirmed,
    Nothing,
    Page,
    Refused,
    Screen,
    Summary,
    Upcoming,
)
from registratura.application.ports.storage import Transaction
from registratura.domain import dialogue as rules
from registratura.domain.confirmation import Declined, Kept, News, State
from registratura.domain.dialogue import Dialogue, Place, Step
from registratura.domain.identifiers import AppointmentId
from registratura.domain.people import Patient
from registratura.domain.refusals import (
    BusyAtThatTime,
    Refusal,
    SameDoctorThatDay,
    SpecialityBooked,
    SpecialityBookedThatDay,
)
from registratura.domain.telemedicine import ConsentText


@attrs.frozen(kw_only=True)
class Painted:
    """A screen, what its choices stand for, and the dialogue as far as the screen corrected it."""

    dialogue: Dialogue
    screen: Screen
    offers: tuple[str, ...] = ()
    only_page: bool = False


@attrs.frozen(kw_only=True)
class Painter:
    """Knows what each step shows."""

    lists: Lists
    consent: ConsentText
    conditions: str | None
    """The region's text on order and conditions; None shows the channel's sample."""
    page_size: int
    allow_cancel: bool
    link_lead: timedelta = timedelta(minutes=15)
    link: Callable[[AppointmentId], str]
    """The address through which one gets into a consultation."""

    def paint(self, dialogue: Dialogue, person: Patient, tx: Transaction, *, failed: bool = False) -> Painted:
        """The screen of the step in force; a step whose subject is gone shows the menu instead."""
        if dialogue.step is Step.REFUSED:
            # A refusal is said once; whoever comes back to it chooses another time.
            dialogue = rules.back(dialogue)
        if dialogue.step in rules.LISTS:
            return self._list(dialogue, person, tx, failed=failed)
        if failed and dialogue.step in {Step.SUMMARY, Step.CONDITIONS, Step.APPOINTMENT}:
            return Painted(dialogue=dialogue, screen=ListFailed(dialogue.step))
        if dialogue.step is Step.SUMMARY:
            dialogue = attrs.evolve(dialogue, consent_version=self.consent.version)
        screen = self._single(dialogue, person, tx)
        if screen is None:
            return Painted(dialogue=rules.at_menu(dialogue), screen=Menu(person.name.first))
        return Painted(dialogue=dialogue, screen=screen)

    def _single(self, dialogue: Dialogue, person: Patient, tx: Transaction) -> Screen | None:
        match dialogue.step:
            case Step.SUMMARY:
                return self.summary(dialogue, person, tx)
            case Step.HELP:
                return Help(dialogue.session[:6])
            case Step.CONDITIONS | Step.DONE | Step.APPOINTMENT | Step.CANCELLING:
                return self._visit(dialogue, person, tx)
            case _:
                return None

    def summary(self, dialogue: Dialogue, person: Patient, tx: Transaction) -> Summary | None:
        """What is confirmed, or None when the time chosen no longer exists."""
        visit = self.lists.planned(dialogue.choices, person, tx)
        if visit is None:
            return None
        return Summary(visit=visit, consent=self.consent, other_zone=self.lists.differs(visit.organisation))

    def _visit(self, dialogue: Dialogue, person: Patient, tx: Transaction) -> Screen | None:
        if dialogue.appointment is not None:
            visit = self.lists.visit(dialogue.appointment, person, tx)
        else:
            visit = self.lists.planned(dialogue.choices, person, tx)
        if visit is None:
            return None
        match dialogue.step:
            case Step.DONE:
                return self._result(visit)
            case Step.CONDITIONS:
                return Conditions(visit, visit.organisation.conditions or self.conditions)
            case Step.CANCELLING:
                return CancelQuestion(visit)
            case _:
                now, opens_at = self.lists.desk.clock.now(), visit.opens_at(self.link_lead)
                may_cancel = self.allow_cancel and visit.state is not State.CANCELLING
                link = self.link(visit.id) if visit.is_open(self.link_lead, now) else None
                return AppointmentCard(visit, opens_at if now < opens_at else None, may_cancel, link)

    def _result(self, visit: AppointmentOffer) -> Screen:
        match visit.state:
            case State.PENDING:
                return Booking()
            case State.UNKNOWN:
                return self._no_answer_yet()
            case _:
                return Booked(visit)

    def _no_answer_yet(self) -> NoAnswerYet:
        return NoAnswerYet(self.lists.terms.patience if self.lists.terms else timedelta(0))

    def told(self, said: News, visit: AppointmentOffer) -> tuple[Step, Screen]:
        """What the clinic's answer, or its silence, means for the person who waits for it."""
        match said:
            case News.NO_ANSWER_YET:
                return Step.DONE, self._no_answer_yet()
            case News.BOOKED:
                return Step.DONE, Booked(visit)
            case News.REFUSED | News.NOT_CONFIRMED:
                return Step.REFUSED, NotConfirmed(visit)
            case News.CANCELLATION_UNANSWERED:
                return Step.CANCELLED, CancellationUnanswered()
            case News.CANCELLED:
                return Step.CANCELLED, Cancelled(None, visit.own)
            case News.KEPT:
                return Step.CANCELLED, Cancelled(Kept(), visit.own)

    def _list(self, dialogue: Dialogue, person: Patient, tx: Transaction, *, failed: bool) -> Painted:
        if failed:
            return Painted(dialogue=dialogue, screen=ListFailed(dialogue.step))
        offers = self.lists.offers(dialogue, person, tx)
        if not offers:
            horizon = self.lists.desk.rules.days.horizon_days
            return Painted(dialogue=dialogue, screen=Nothing(dialogue.step, horizon))
        last = (len(offers) - 1) // self.page_size
        number = min(dialogue.place.page, last)
        shown = offers[number * self.page_size : (number + 1) * self.page_size]
        page = Page(offers=shown, number=number, earlier=number > 0, later=number < last)
        dialogue = attrs.evolve(dialogue, place=Place(step=dialogue.step, page=number))
        return Painted(
            dialogue=dialogue,
            screen=self._of(dialogue, page, tx),
            offers=tuple(offer_id(offer) for offer in shown),
            only_page=last == 0,
        )

    def _of(self, dialogue: Dialogue, page: Page, tx: Transaction) -> Screen:
        if dialogue.step is Step.UPCOMING:
            return Upcoming(page)
        choices = dialogue.choices
        doctor = self.lists.doctor(choices.resource, tx)
        speciality = tx.schedule.speciality(choices.speciality) if choices.speciality else None
        return Choice(
            step=dialogue.step,
            page=page,
            resource=doctor[0] if doctor else None,
            speciality=speciality,
            day=choices.day,
            other_zone=doctor is not None and self.lists.differs(doctor[1]),
        )

    def refused(
        self,
        reason: Refusal | Declined,
        code: str,
        dialogue: Dialogue,
        person: Patient,
        tx: Transaction,
        instead: Screen | None,
    ) -> Refused:
        """The refusal, with the visit in the way and with what is free instead."""
        other = None
        if isinstance(reason, BusyAtThatTime | SameDoctorThatDay | SpecialityBooked | SpecialityBookedThatDay):
            other = self.lists.described(reason.other, dialogue.choices, person, tx)
        offered = instead if isinstance(instead, Choice | Nothing) else None
        return Refused(reason, code, other.zone if other else self.lists.zone, other, offered)
