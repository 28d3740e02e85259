"""The bot's screens as messages: which words, which buttons, in which rows."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import assert_never

import attrs

from registratura.adapters.max import grammar, texts
from registratura.adapters.max.refusal_phrases import refusal_words, way_out
from registratura.application import message_limits
from registratura.application.dialogue import screens
from registratura.application.dialogue.screens import (
    AppointmentOffer,
    DayOffer,
    DoctorOffer,
    Offer,
    OrganisationOffer,
    Page,
    Payload,
    PersonOffer,
    Remark,
    Screen,
    TimeOffer,
)
from registratura.application.message_limits import length
from registratura.application.ports.messenger import Button, LinkButton, Message, Row
from registratura.domain.confirmation import UNANSWERED, State
from registratura.domain.dialogue import Key, Pick, Press, Step
from registratura.domain.organisations import Resource, Speciality
from registratura.domain.refusals import AlreadyCancelled, AlreadyOver
from registratura.domain.telemedicine import Purpose

BUTTON_SIGNS = 40
"""What a button shows without being cut on a phone; the full words stand in the text."""
TIMES_IN_A_ROW = 4
NUMBERS_IN_A_ROW = 5


@attrs.frozen
class _Keys:
    """Builds buttons with the payloads of one screen."""

    payload: Payload
    has_previous: bool

    def button(self, label: str, press: Press) -> Button:
        return Button(grammar.cut(label, BUTTON_SIGNS), self.payload(press))

    def row(self, label: str, press: Press) -> Row:
        return (self.button(label, press),)

    def foot(self) -> Row:
        home = self.button(texts.B_HOME, Key.HOME)
        return (self.button(texts.B_BACK, Key.BACK), home) if self.has_previous else (home,)

    def pages(self, page: Page) -> tuple[Row, ...]:
        row = [self.button(texts.B_EARLIER, Key.EARLIER)] if page.earlier else []
        row += [self.button(texts.B_LATER, Key.LATER)] if page.later else []
        return (tuple(row),) if row else ()


@attrs.frozen
class MaxPhrases:
    """The Russian of the bot in MAX."""

    def screen(self, screen: Screen, *, payload: Payload, has_previous: bool, remark: Remark | None) -> Message:
        """Write *screen* with its buttons; *remark* stands above the text."""
        keys = _Keys(payload, has_previous)
        text, rows = _written(screen, keys)
        above = texts.ABOVE.get(remark) if remark else None
        return Message(fitted(f"{above}\n\n{text}" if above else text), rows)

    def closed(self, screen: Screen) -> Message:
        """The same words without buttons."""
        text, _ = _written(screen, _Keys(lambda _: "-", has_previous=False))
        return Message(fitted(text))

    def note(self, remark: Remark) -> str:
        """The short answer to a press."""
        return texts.NOTES[remark]


def fitted(text: str) -> str:
    """*text*, cut where the messenger would refuse it: it counts some signs twice."""
    if length(text) <= message_limits.TEXT:
        return text
    room = message_limits.TEXT - 1
    return text.encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore") + "…"


def _written(screen: Screen, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    writer: Callable[..., tuple[str, tuple[Row, ...]]] = _WRITERS[type(screen)]
    return writer(screen, keys)


def _invitation(screen: screens.Invitation, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    login = (LinkButton(texts.B_LOGIN, screen.link),)
    return texts.INVITATION, (login, keys.row(texts.B_CHECK_AGAIN, Key.RETRY))


def _no_card(screen: screens.NoCard, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    login = (LinkButton(texts.B_LOGIN_ANEW, screen.link),)
    return texts.NO_CARD, (keys.row(texts.B_CHECK_AGAIN, Key.RETRY), login)


def _menu(screen: screens.Menu, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    rows = (
        keys.row(texts.B_SELF, Key.SELF),
        keys.row(texts.B_OTHER, Key.OTHER),
        keys.row(texts.B_UPCOMING, Key.UPCOMING),
        keys.row(texts.B_HELP, Key.HELP),
    )
    return texts.MENU.format(name=screen.name), rows


def _choice(screen: screens.Choice, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    text = texts.QUESTIONS[screen.step].format(
        doctor=screen.resource.name.initials if screen.resource and screen.resource.name else "",
        speciality=speciality_words(screen.speciality),
        day=grammar.day_words(screen.day) if screen.day else "",
        own=texts.OWN_CLINIC_FIRST if _own_first(screen.page.offers) else "",
    )
    if screen.other_zone:
        text = f"{text}\n{texts.OTHER_ZONE}"
    labels = _labels(screen.page.offers)
    cut = [label for label in labels if len(label) > BUTTON_SIGNS]
    if cut:
        text = "\n".join([text, "", *(f"• {label}" for label in cut)])
    buttons = [keys.button(label, Pick(index)) for index, label in enumerate(labels)]
    width = TIMES_IN_A_ROW if screen.step is Step.TIME else 1
    rows = tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))
    return text, (*rows, *keys.pages(screen.page), keys.foot())


def _own_first(offers: Sequence[Offer]) -> bool:
    return any(isinstance(offer, OrganisationOffer) and offer.own for offer in offers)


def _labels(offers: Sequence[Offer]) -> list[str]:
    """A label for each offer; people whose short labels are the same are told apart by their full names."""
    short = [_label(offer) for offer in offers]
    return [
        f"{offer.patient.name.full}, {grammar.age(offer.patient.born, offer.today)}"
        if isinstance(offer, PersonOffer) and short.count(label) > 1
        else label
        for offer, label in zip(offers, short, strict=True)
    ]


def _label(offer: Offer) -> str:  # noqa: PLR0911  # one line a kind of offer
    match offer:
        case PersonOffer(patient=patient, today=today):
            return f"{patient.name.first}, {grammar.age(patient.born, today)}"
        case Purpose(name=name):
            return name
        case Speciality():
            return speciality_words(offer)
        case OrganisationOffer(organisation=organisation):
            return organisation.name
        case DoctorOffer(resource=resource, nearest=nearest, zone=zone):
            who = resource.name.initials if resource.name else resource.label
            return f"{who} — {grammar.moment_button(nearest, zone)}"
        case DayOffer(day=day, free=free):
            return f"{grammar.day_button(day)} — {free}"
        case TimeOffer(starts=starts, zone=zone):
            return grammar.clock(starts, zone)
        case AppointmentOffer(starts=starts, zone=zone):
            return grammar.moment_button(starts, zone)
        case _:
            assert_never(offer)


def _nothing(screen: screens.Nothing, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    text = texts.NOTHING[screen.step].format(horizon=grammar.plural(screen.horizon_days, texts.DAYS))
    extra = {
        Step.WHOM: (texts.B_SELF, Key.SELF),
        Step.UPCOMING: (texts.B_BOOK, Key.SELF),
        Step.DAY: (texts.B_OTHER_DOCTOR, Key.DOCTORS),
        Step.TIME: (texts.B_OTHER_DOCTOR, Key.DOCTORS),
    }.get(screen.step)
    return text, (*((keys.row(*extra),) if extra else ()), keys.foot())


def _list_failed(_: screens.ListFailed, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    return texts.LIST_FAILED, (keys.row(texts.B_RETRY, Key.RETRY), keys.foot())


def speciality_words(speciality: Speciality | None) -> str:
    """The name of *speciality*, or what stands for one that is not known."""
    if speciality is None:
        return texts.NO_SPECIALITY
    unnamed = speciality.name == speciality.id
    return texts.SPECIALITY_UNNAMED.format(code=speciality.id) if unnamed else speciality.name


def _who(resource: Resource) -> str:
    return resource.label


def facts_of(visit: AppointmentOffer) -> dict[str, str]:
    """The words for *visit*, by the names that texts use."""
    return {
        "patient": visit.patient.name.discreet,
        "doctor": _who(visit.resource),
        "speciality": speciality_words(visit.speciality),
        "organisation": visit.organisation.name,
        "address": visit.organisation.address,
        "when": grammar.moment_words(visit.starts, visit.zone),
        "purpose": visit.purpose.name if visit.purpose else texts.NO_PURPOSE,
    }


def _summary(screen: screens.Summary, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    # The full name: two children may share a first name and an initial (TMK-70).
    facts = facts_of(screen.visit) | {"patient": screen.visit.patient.name.full}
    text = texts.SUMMARY.format(**facts, consent=screen.consent.text)
    if screen.other_zone:
        text = f"{text}\n\n{texts.OTHER_ZONE}"
    rows = (
        keys.row(texts.B_CONFIRM, Key.CONFIRM),
        keys.row(texts.B_CONDITIONS, Key.CONDITIONS),
        keys.foot(),
    )
    return text, rows


def _conditions(screen: screens.Conditions, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    organisation = screen.visit.organisation
    clinic = texts.CONDITIONS_CLINIC.format(
        address=organisation.address,
        phone=texts.CONDITIONS_PHONE.format(phone=organisation.phone) if organisation.phone else "",
        licence=texts.CONDITIONS_LICENCE.format(licence=organisation.licence) if organisation.licence else "",
    )
    template = texts.CONDITIONS if screen.text is None else texts.CONDITIONS_OWN
    return template.format(**facts_of(screen.visit), clinic=clinic, text=screen.text), (keys.foot(),)


def _booked(screen: screens.Booked, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    facts = facts_of(screen.visit)
    headline = texts.BOOKED_SELF if screen.visit.own else texts.BOOKED_OTHER.format(**facts)
    rows = (
        keys.row(texts.B_UPCOMING, Key.UPCOMING),
        keys.row(texts.B_CONDITIONS, Key.CONDITIONS),
        keys.row(texts.B_HOME, Key.HOME),
    )
    return texts.BOOKED.format(headline=headline, **facts), rows


def _booking(_: screens.Booking, _keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    return texts.NOTES[Remark.BOOKING], ()


def _no_answer_yet(screen: screens.NoAnswerYet, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    minutes = grammar.plural(screen.patience // timedelta(minutes=1), texts.WITHIN_MINUTES)
    rows = (keys.row(texts.B_UPCOMING, Key.UPCOMING), keys.row(texts.B_HOME, Key.HOME))
    return texts.NO_ANSWER_YET.format(patience=minutes), rows


def _not_confirmed(screen: screens.NotConfirmed, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    when = grammar.moment_short(screen.visit.starts, screen.visit.zone)
    rows = (keys.row(texts.B_TIMES, Key.TIMES), keys.row(texts.B_HOME, Key.HOME))
    return texts.NOT_CONFIRMED.format(when=when), rows


def _refused(screen: screens.Refused, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    words = refusal_words(screen)
    if screen.instead is not None:
        text, rows = _written(screen.instead, keys)
        return f"{words}\n\n{text}", rows
    extra = way_out(screen.reason)
    return words, (*((keys.row(*extra),) if extra else ()), keys.foot())


def _upcoming(screen: screens.Upcoming, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    visits = [offer for offer in screen.page.offers if isinstance(offer, AppointmentOffer)]
    rows = "\n".join(_upcoming_row(number, visit) for number, visit in enumerate(visits, start=1))
    buttons = tuple(keys.button(str(number), Pick(number - 1)) for number in range(1, len(visits) + 1))
    numbers = tuple(buttons[start : start + NUMBERS_IN_A_ROW] for start in range(0, len(buttons), NUMBERS_IN_A_ROW))
    return texts.UPCOMING.format(rows=rows), (*numbers, *keys.pages(screen.page), keys.foot())


def _upcoming_row(number: int, visit: AppointmentOffer) -> str:
    facts = facts_of(visit) | {"when": grammar.moment_short(visit.starts, visit.zone)}
    purpose = texts.CARD_PURPOSE.format(**facts) if visit.purpose else texts.ROW_ONLINE
    facts["purpose"] = purpose if visit.online else texts.CARD_IN_PERSON
    return _with_state(texts.UPCOMING_ROW.format(number=number, **facts), visit)


def _with_state(text: str, visit: AppointmentOffer) -> str:
    """Nobody may take a booking for certain that the clinic has not confirmed."""
    if visit.state in UNANSWERED:
        return f"{text}\n{texts.BOOKING_AWAITED}"
    return f"{text}\n{texts.CANCELLATION_AWAITED}" if visit.state is State.CANCELLING else text


def _card(screen: screens.AppointmentCard, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    visit = screen.visit
    later = ""
    if screen.link_from is not None:
        later = texts.CARD_LINK_LATER.format(when=grammar.moment_short(screen.link_from, visit.zone))
    facts = facts_of(visit)
    facts["purpose"] = texts.CARD_PURPOSE.format(**facts) if visit.purpose else ""
    text = texts.CARD.format(**facts, link=later if visit.online else texts.CARD_IN_PERSON)
    rows: list[Row] = [(LinkButton(texts.B_JOIN, screen.link),)] if screen.link is not None else []
    rows += [keys.row(texts.B_CONDITIONS, Key.CONDITIONS)] if visit.online else []
    rows += [keys.row(texts.B_CANCEL, Key.CANCEL)] if screen.may_cancel else []
    return _with_state(_without_gaps(text), visit), (*rows, keys.foot())


def _without_gaps(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line)


def _cancel_question(screen: screens.CancelQuestion, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    facts = facts_of(screen.visit) | {"when": grammar.moment_short(screen.visit.starts, screen.visit.zone)}
    rows = (keys.row(texts.B_CANCEL_YES, Key.CANCEL_YES), keys.row(texts.B_CANCEL_NO, Key.BACK))
    return texts.CANCEL_QUESTION.format(**facts), rows


def _cancelling(_: screens.Cancelling, _keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    return texts.CANCELLING, ()


def _cancellation_unanswered(_: screens.CancellationUnanswered, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    rows = (keys.row(texts.B_UPCOMING, Key.UPCOMING), keys.row(texts.B_HOME, Key.HOME))
    return texts.CANCELLATION_UNANSWERED, rows


def _cancelled(screen: screens.Cancelled, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    again = Key.SELF if screen.own else Key.OTHER
    rows = (keys.row(texts.B_BOOK_AGAIN, again), keys.row(texts.B_HOME, Key.HOME))
    if screen.reason is None:
        return texts.CANCELLED, rows
    words = {AlreadyCancelled: texts.ALREADY_CANCELLED, AlreadyOver: texts.ALREADY_OVER}
    return words.get(type(screen.reason), texts.CANCEL_REFUSED), rows


def _help(screen: screens.Help, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    return texts.HELP.format(code=screen.code), (keys.foot(),)


def _fault(screen: screens.Fault, keys: _Keys) -> tuple[str, tuple[Row, ...]]:
    rows: Iterable[Row] = (keys.row(texts.B_SELF, Key.SELF), keys.row(texts.B_UPCOMING, Key.UPCOMING))
    return texts.FAULT.format(code=screen.code), tuple(rows)


_WRITERS: dict[type, Callable[..., tuple[str, tuple[Row, ...]]]] = {
    screens.Invitation: _invitation,
    screens.NoCard: _no_card,
    screens.Menu: _menu,
    screens.Choice: _choice,
    screens.Nothing: _nothing,
    screens.ListFailed: _list_failed,
    screens.Summary: _summary,
    screens.Conditions: _conditions,
    screens.Booking: _booking,
    screens.NoAnswerYet: _no_answer_yet,
    screens.Booked: _booked,
    screens.NotConfirmed: _not_confirmed,
    screens.Refused: _refused,
    screens.Upcoming: _upcoming,
    screens.AppointmentCard: _card,
    screens.CancelQuestion: _cancel_question,
    screens.Cancelling: _cancelling,
    screens.CancellationUnanswered: _cancellation_unanswered,
    screens.Cancelled: _cancelled,
    screens.Help: _help,
    screens.Fault: _fault,
}
