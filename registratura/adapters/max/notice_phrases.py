"""Notices of the bot as messages. The first line shows on a locked screen: it names nobody and no illness."""

from collections.abc import Callable
from datetime import timedelta

import attrs

from registratura.adapters.max import grammar, texts
from registratura.adapters.max.phrases import BUTTON_SIGNS, facts_of, fitted, speciality_words
from registratura.application.dialogue.screens import AppointmentOffer
from registratura.application.notices import Changed, DayBefore, Ended, LeaveOffered, NoChat, Notice, Soon
from registratura.application.ports.agenda import Due
from registratura.application.ports.messenger import Button, LinkButton, Message, Row
from registratura.domain.dialogue import NoticeKey, NoticeToken

_HEADLINES = {0: texts.NOTICE_TODAY, 1: texts.NOTICE_TOMORROW}


@attrs.frozen
class MaxNotices:
    """The Russian of notices in MAX."""

    soon: timedelta = timedelta(minutes=15)
    """How long before the visit its link comes."""

    def notice(self, notice: Notice) -> Message:
        """Write *notice* with its buttons."""
        match notice:
            case DayBefore():
                return self._day_before(notice)
            case Soon():
                return _soon(notice)
            case Changed():
                return _changed(notice)
            case Ended():
                return _ended(notice)
            case LeaveOffered():
                return _leave(notice)
            case NoChat():
                return _no_chat(notice)

    def title(self, due: Due) -> str:
        """«ТМК, 24 ноября, 14:30, Терапевтова В. И.»."""
        zone, doctor = due.organisation.zone, due.resource
        who = doctor.name.initials if doctor.name is not None else doctor.label
        return texts.CHAT_TITLE.format(when=grammar.moment_short(due.booked.starts, zone), doctor=who)

    def _day_before(self, notice: DayBefore) -> Message:
        text = texts.NOTICE_DAY_BEFORE.format(
            **_facts(notice.visit),
            headline=_HEADLINES.get(notice.days, texts.NOTICE_LATER),
            soon=grammar.plural(self.soon // timedelta(minutes=1), texts.AFTER_MINUTES),
            give_up=texts.NOTICE_GIVE_UP if notice.may_cancel else texts.NOTICE_GIVE_UP_BY_PHONE,
        )
        key = _keys(notice.visit.id)
        rows = [key(texts.B_CONDITIONS, NoticeKey.CONDITIONS)]
        rows += [key(texts.B_CANCEL, NoticeKey.CANCEL)] if notice.may_cancel else []
        return Message(fitted(text), tuple(rows))


def _soon(notice: Soon) -> Message:
    minutes = grammar.plural(notice.minutes, texts.AFTER_MINUTES)
    key = _keys(notice.visit.id)
    rows: tuple[Row, ...] = (
        (LinkButton(texts.B_JOIN, notice.link),),
        key(texts.B_CONDITIONS, NoticeKey.CONDITIONS),
        key(texts.B_CANNOT_JOIN, NoticeKey.HELP),
    )
    return Message(fitted(texts.NOTICE_SOON.format(**_facts(notice.visit), minutes=minutes)), rows)


def _changed(notice: Changed) -> Message:
    after = texts.NOTICE_CANCELLED
    if notice.instead is not None:
        place = _place(notice.instead)
        after = texts.NOTICE_MOVED.format(place=place, organisation=notice.instead.organisation.name)
    key = _keys(notice.visit.id)
    mine = key(texts.B_UPCOMING, NoticeKey.UPCOMING)
    rows = (mine,) if notice.instead is not None else (key(texts.B_BOOK_AGAIN, NoticeKey.AGAIN), mine)
    return Message(fitted(texts.NOTICE_CHANGED.format(before=_place(notice.visit), after=after)), rows)


def _ended(notice: Ended) -> Message:
    visit = notice.visit
    same_day = notice.ended_at.astimezone(visit.zone).date() == visit.starts.astimezone(visit.zone).date()
    facts = facts_of(visit) | {
        "doctor": notice.held_by.label,
        "when": grammar.moment_short(visit.starts, visit.zone),
        "ended": (grammar.clock if same_day else grammar.moment_short)(notice.ended_at, visit.zone),
    }
    return Message(fitted(texts.NOTICE_ENDED.format(**facts)), (_keys(visit.id)(texts.B_UPCOMING, NoticeKey.UPCOMING),))


def _leave(notice: LeaveOffered) -> Message:
    offer = notice.offer
    text = texts.NOTICE_LEAVE.format(
        doctor=notice.resource.label,
        speciality=speciality_words(notice.speciality),
        organisation=notice.organisation.name,
        number=offer.number,
        opened=grammar.date_words(offer.opened_on),
        until=grammar.date_words(offer.until),
        comment=texts.NOTICE_COMMENT.format(comment=offer.comment) if offer.comment else "",
    )
    key = _keys(offer.id)
    rows = (key(texts.B_BOOK, NoticeKey.LEAVE), key(texts.B_NOT_NOW, NoticeKey.NOT_NOW))
    return Message(fitted(text), rows)


def _no_chat(notice: NoChat) -> Message:
    text = texts.NOTICE_NO_CHAT_DOCTOR if notice.to_doctor else texts.NOTICE_NO_CHAT
    facts = facts_of(notice.visit) | {
        "code": notice.visit.id[:8],
        "headline": texts.NO_DOCTOR_IN_CHAT if notice.is_open else texts.NO_CHAT,
        "doctor_knows": texts.DOCTOR_KNOWS if notice.doctor_knows else texts.DOCTOR_IS_CALLED,
    }
    if notice.to_doctor:
        # The buttons of notices are for those who booked.
        return Message(fitted(text.format(**facts)))
    return Message(fitted(text.format(**facts)), (_keys(notice.visit.id)(texts.B_HELP, NoticeKey.HELP),))


def _place(visit: AppointmentOffer) -> str:
    when = grammar.moment_short(visit.starts, visit.zone)
    return texts.NOTICE_CHANGED_PLACE.format(when=when, doctor=facts_of(visit)["doctor"])


def _facts(visit: AppointmentOffer) -> dict[str, str]:
    # The full name, as in the summary: two children may share a first name and an initial (TMK-90).
    return facts_of(visit) | {"patient": visit.patient.name.full}


def _keys(subject: str) -> Callable[[str, NoticeKey], Row]:
    def row(label: str, press: NoticeKey) -> Row:
        return (Button(grammar.cut(label, BUTTON_SIGNS), NoticeToken(press, subject).write()),)

    return row
