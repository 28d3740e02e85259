"""The patient's dialogue as a state machine: steps, «Назад» and stale buttons are data and rules.

Two laws of this file. A press changes something only when it was offered on the screen in force: each screen has a
revision, and a button carries the revision it was drawn with. And a later choice never survives an earlier one: going
back drops what was chosen at that step and after it.

What a step shows is not here: lists depend on the schedule, words on the channel.
"""

import re
from datetime import date, datetime, timedelta
from enum import Enum

import attrs

from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.moments import aware


class Step(Enum):
    """Where a dialogue stands."""

    UNLINKED = "unlinked"
    MENU = "menu"
    WHOM = "whom"
    PURPOSE = "purpose"
    SPECIALITY = "speciality"
    ORGANISATION = "organisation"
    DOCTOR = "doctor"
    DAY = "day"
    TIME = "time"
    SUMMARY = "summary"
    CONDITIONS = "conditions"
    DONE = "done"
    REFUSED = "refused"
    UPCOMING = "upcoming"
    APPOINTMENT = "appointment"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    HELP = "help"


class Key(Enum):
    """What a button means; a choice from a list is a number instead."""

    SELF = "self"
    OTHER = "other"
    UPCOMING = "mine"
    HELP = "help"
    BACK = "back"
    HOME = "home"
    EARLIER = "prev"
    LATER = "next"
    CONFIRM = "yes"
    CONDITIONS = "cond"
    RETRY = "retry"
    CANCEL = "cancel"
    CANCEL_YES = "drop"
    DOCTORS = "doctors"
    TIMES = "times"


@attrs.frozen
class Pick:
    """The choice number *index* of the page that is shown."""

    index: int


Press = Key | Pick


@attrs.frozen(kw_only=True)
class Choices:
    """What was chosen so far, in the order of the steps."""

    patient: PatientId | None = None
    purpose: PurposeId | None = None
    speciality: SpecialityId | None = None
    organisation: OrganisationId | None = None
    resource: ResourceId | None = None
    day: date | None = None
    slot: SlotId | None = None


CHOSEN_AT: dict[Step, str] = {
    Step.WHOM: "patient",
    Step.PURPOSE: "purpose",
    Step.SPECIALITY: "speciality",
    Step.ORGANISATION: "organisation",
    Step.DOCTOR: "resource",
    Step.DAY: "day",
    Step.TIME: "slot",
}
"""The steps that choose something, in order, with the field of `Choices` they fill."""

BOOKING_ORDER: tuple[Step, ...] = (*CHOSEN_AT, Step.SUMMARY)
"""The way to a booking: each step leads to the next one."""

LISTS: frozenset[Step] = frozenset({*CHOSEN_AT, Step.UPCOMING})
"""Steps that show a list in pages."""

_NAVIGATION = frozenset({Key.BACK, Key.HOME})
_LIST_KEYS = _NAVIGATION | {Key.EARLIER, Key.LATER, Key.RETRY}

OFFERED: dict[Step, frozenset[Key]] = {
    Step.UNLINKED: frozenset({Key.RETRY}),
    Step.MENU: frozenset({Key.SELF, Key.OTHER, Key.UPCOMING, Key.HELP}),
    Step.WHOM: _LIST_KEYS | {Key.SELF},
    Step.PURPOSE: _LIST_KEYS,
    Step.SPECIALITY: _LIST_KEYS,
    Step.ORGANISATION: _LIST_KEYS,
    Step.DOCTOR: _LIST_KEYS,
    Step.DAY: _LIST_KEYS | {Key.DOCTORS},
    Step.TIME: _LIST_KEYS | {Key.DOCTORS},
    Step.SUMMARY: _NAVIGATION | {Key.CONFIRM, Key.CONDITIONS, Key.RETRY},
    Step.CONDITIONS: _NAVIGATION,
    Step.DONE: frozenset({Key.UPCOMING, Key.CONDITIONS, Key.HOME}),
    Step.REFUSED: _NAVIGATION | {Key.UPCOMING, Key.DOCTORS, Key.TIMES, Key.RETRY, Key.HELP},
    Step.UPCOMING: _LIST_KEYS | {Key.SELF},
    Step.APPOINTMENT: _NAVIGATION | {Key.CANCEL, Key.CONDITIONS},
    Step.CANCELLING: _NAVIGATION | {Key.CANCEL_YES},
    Step.CANCELLED: frozenset({Key.SELF, Key.OTHER, Key.UPCOMING, Key.HOME}),
    Step.HELP: _NAVIGATION,
}
"""The keys each step understands; any other is answered like a stale button."""


@attrs.frozen(kw_only=True)
class Place:
    """A step as it was shown, with the page; what «Назад» returns to."""

    step: Step
    page: int = 0


@attrs.frozen(kw_only=True)
class Dialogue:
    """One person's dialogue with the bot, as it survives a restart."""

    user: MessengerId = attrs.field(repr=False)
    session: str = attrs.field(repr=False)
    """Random and the person's own: buttons of another person carry another one."""
    revision: int = 0
    """Grows with each screen drawn; buttons of earlier screens are stale."""
    place: Place = Place(step=Step.MENU)
    trail: tuple[Place, ...] = ()
    """The places behind, the oldest first; empty where no previous step exists."""
    choices: Choices = attrs.field(default=Choices(), repr=False)
    offers: tuple[str, ...] = attrs.field(default=(), repr=False)
    """What the choices of the page in force stand for, in order."""
    appointment: AppointmentId | None = None
    """The booking just made or being looked at."""
    consent_version: str | None = None
    """Version of the consent text the summary showed."""
    touched_at: datetime = attrs.field(validator=aware)

    @property
    def step(self) -> Step:
        """The step in force."""
        return self.place.step

    @property
    def has_previous(self) -> bool:
        """Whether «Назад» leads anywhere."""
        return bool(self.trail)


_TOKEN = re.compile(r"v1\.(?P<session>[A-Za-z0-9_-]{8,64})\.(?P<revision>[0-9]{1,9})\.(?P<key>[a-z]{2,8}|[0-9]{1,3})")
_KEYS = {key.value: key for key in Key}


@attrs.frozen
class Token:
    """What a button carries: nothing personal, and no use to anybody else."""

    session: str
    revision: int
    press: Press

    def write(self) -> str:
        """The payload of a button."""
        what = str(self.press.index) if isinstance(self.press, Pick) else self.press.value
        return f"v1.{self.session}.{self.revision}.{what}"


def read_token(payload: str | None) -> Token | None:
    """The token in a button's payload, or None when it was not written by us."""
    found = _TOKEN.fullmatch(payload or "")
    if found is None:
        return None
    what = found["key"]
    press = Pick(int(what)) if what.isdigit() else _KEYS.get(what)
    return None if press is None else Token(found["session"], int(found["revision"]), press)


class NoticeKey(Enum):
    """What a button of a notice means. Notices stand beside the dialogue, so their buttons never get stale."""

    CONDITIONS = "cond"
    CANCEL = "cancel"
    UPCOMING = "mine"
    AGAIN = "again"
    HELP = "help"
    LEAVE = "leave"
    NOT_NOW = "not"


_NOTICE_TOKEN = re.compile(r"n1\.(?P<key>[a-z]{2,8})\.(?P<subject>[A-Za-z0-9_-]{1,64})")
_NOTICE_KEYS = {key.value: key for key in NoticeKey}


@attrs.frozen
class NoticeToken:
    """What a button of a notice carries: what it means, and which booking or offer the notice is about.

    Whether the person may see that is asked when the button is pressed.
    """

    press: NoticeKey
    subject: str

    def write(self) -> str:
        """The payload of a button."""
        return f"n1.{self.press.value}.{self.subject}"


def read_notice_token(payload: str | None) -> NoticeToken | None:
    """The token in the payload of a notice's button, or None when it is none of these."""
    found = _NOTICE_TOKEN.fullmatch(payload or "")
    press = _NOTICE_KEYS.get(found["key"]) if found is not None else None
    return NoticeToken(press, found["subject"]) if found is not None and press is not None else None


class Standing(Enum):
    """What a press is worth."""

    FRESH = "fresh"
    STALE = "stale"
    """Of an earlier screen, or pressed twice."""
    FOREIGN = "foreign"
    """Not from this person's dialogue: forwarded or made by hand (AUTH-44)."""


def standing(dialogue: Dialogue, token: Token | None) -> Standing:
    """Judge a press before it may do anything."""
    if token is None or token.session != dialogue.session:
        return Standing.FOREIGN
    if token.revision != dialogue.revision:
        # «В начало» means the same on every screen, so nobody is caught between two of them.
        home = token.press is Key.HOME and token.revision < dialogue.revision
        return Standing.FRESH if home else Standing.STALE
    if isinstance(token.press, Pick):
        return Standing.FRESH if token.press.index < len(dialogue.offers) else Standing.FOREIGN
    return Standing.FRESH if token.press in OFFERED[dialogue.step] else Standing.FOREIGN


def is_idle(dialogue: Dialogue, now: datetime, limit: timedelta) -> bool:
    """Whether the person was away so long that the dialogue starts again from the menu."""
    return now - dialogue.touched_at > limit


def at_menu(dialogue: Dialogue) -> Dialogue:
    """The dialogue back at the start: nothing chosen, nothing behind."""
    return attrs.evolve(
        dialogue,
        place=Place(step=Step.MENU),
        trail=(),
        choices=Choices(),
        offers=(),
        appointment=None,
        consent_version=None,
    )


def to_step(dialogue: Dialogue, step: Step) -> Dialogue:
    """One step onwards; the place left behind is where «Назад» returns to."""
    return attrs.evolve(dialogue, place=Place(step=step), trail=(*dialogue.trail, dialogue.place), offers=())


def replaced(dialogue: Dialogue, step: Step) -> Dialogue:
    """Another step in place of the one in force, which «Назад» must not return to."""
    return attrs.evolve(dialogue, place=Place(step=step), offers=())


def back(dialogue: Dialogue) -> Dialogue:
    """The previous place as it was shown; choices made there and later are dropped (TMK-17)."""
    if not dialogue.trail:
        return at_menu(dialogue)
    *behind, place = dialogue.trail
    returned = attrs.evolve(dialogue, place=place, trail=tuple(behind), offers=())
    return at_menu(returned) if place.step is Step.MENU else dropping_from(returned, place.step)


def back_to(dialogue: Dialogue, step: Step) -> Dialogue:
    """The latest place of *step* behind, or *step* opened anew where the dialogue never was there."""
    for depth in range(len(dialogue.trail) - 1, -1, -1):
        if dialogue.trail[depth].step is step:
            return back(attrs.evolve(dialogue, trail=dialogue.trail[: depth + 1]))
    later = BOOKING_ORDER[BOOKING_ORDER.index(step) :]
    earlier = tuple(place for place in dialogue.trail if place.step not in later)
    return dropping_from(replaced(attrs.evolve(dialogue, trail=earlier), step), step)


def dropping_from(dialogue: Dialogue, step: Step) -> Dialogue:
    """Forget what was chosen at *step* and after it."""
    if step not in CHOSEN_AT:
        return dialogue
    steps = list(CHOSEN_AT)
    later = {CHOSEN_AT[dropped]: None for dropped in steps[steps.index(step) :]}
    return attrs.evolve(dialogue, choices=attrs.evolve(dialogue.choices, **later))


def turned(dialogue: Dialogue, by: int) -> Dialogue:
    """Another page of the same list."""
    page = max(0, dialogue.place.page + by)
    return attrs.evolve(dialogue, place=attrs.evolve(dialogue.place, page=page), offers=())


def choosing(dialogue: Dialogue, value: str) -> Dialogue:
    """Choose *value* at the step in force and go on to the next one."""
    step = dialogue.step
    chosen: object = date.fromisoformat(value) if step is Step.DAY else value
    # A step seen again starts from what was chosen before it, so that nothing later survives.
    cleared = dropping_from(dialogue, step).choices
    choices = attrs.evolve(cleared, **{CHOSEN_AT[step]: chosen})  # type: ignore[arg-type]  # the table names the field
    following = BOOKING_ORDER[BOOKING_ORDER.index(step) + 1]
    return attrs.evolve(to_step(dialogue, following), choices=choices)


def for_oneself(dialogue: Dialogue, patient: PatientId) -> Dialogue:
    """«Записать себя»: the patient is the person who talks, so the choice of a patient is passed over."""
    fresh = at_menu(dialogue)
    return attrs.evolve(to_step(fresh, Step.PURPOSE), choices=Choices(patient=patient))


def opened_at_doctor(
    dialogue: Dialogue,
    *,
    patient: PatientId,
    purpose: PurposeId,
    speciality: SpecialityId | None,
    organisation: OrganisationId,
    resource: ResourceId,
) -> Dialogue:
    """Opened from a notice that has chosen the doctor: there is no previous step (TMK-119)."""
    choices = Choices(
        patient=patient, purpose=purpose, speciality=speciality, organisation=organisation, resource=resource
    )
    return attrs.evolve(at_menu(dialogue), place=Place(step=Step.DAY), choices=choices)


def shown(dialogue: Dialogue, offers: tuple[str, ...], now: datetime) -> Dialogue:
    """The dialogue after its screen was drawn: earlier buttons are stale from here on."""
    return attrs.evolve(dialogue, revision=dialogue.revision + 1, offers=offers, touched_at=now)
