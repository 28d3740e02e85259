"""What a person sees, in facts: the words and the layout belong to the channel."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

import attrs

from registratura.application.ports.messenger import Message
from registratura.domain.confirmation import UNANSWERED, Declined, Kept, State
from registratura.domain.dialogue import Press, Step
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Patient
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.domain.telemedicine import ConsentText, Purpose


@attrs.frozen
class PersonOffer:
    """Somebody who may be booked; the age is counted on `today`."""

    patient: Patient
    today: date


@attrs.frozen
class OrganisationOffer:
    """A clinic; `own` is the patient's clinic of attachment."""

    organisation: Organisation
    own: bool


@attrs.frozen
class DoctorOffer:
    """A doctor and the nearest free time."""

    resource: Resource
    nearest: datetime
    zone: ZoneInfo


@attrs.frozen
class DayOffer:
    """A day and how many times are free on it."""

    day: date
    free: int


@attrs.frozen
class TimeOffer:
    """A free time."""

    slot: SlotId
    starts: datetime
    zone: ZoneInfo


@attrs.frozen
class AppointmentOffer:
    """A coming visit, with everything that is said about it."""

    id: AppointmentId
    starts: datetime
    zone: ZoneInfo
    patient: Patient
    resource: Resource
    organisation: Organisation
    speciality: Speciality | None
    purpose: Purpose | None
    own: bool
    """Whether the person who talks is the patient."""
    online: bool
    state: State | None = None
    """Where it stands with a clinic that decides itself; None where we decide."""

    def opens_at(self, lead: timedelta) -> datetime:
        """When the way into its consultation opens, *lead* before it begins."""
        return self.starts - lead

    def is_open(self, lead: timedelta, now: datetime) -> bool:
        """Whether the way into its consultation is shown: not before its time, nor before the clinic's answer."""
        return self.online and self.state not in UNANSWERED and now >= self.opens_at(lead)


Offer = PersonOffer | Purpose | Speciality | OrganisationOffer | DoctorOffer | DayOffer | TimeOffer | AppointmentOffer


@attrs.frozen(kw_only=True)
class Page:
    """One page of a list: what is on it and whether there is more on either side."""

    offers: tuple[Offer, ...]
    number: int = 0
    earlier: bool = False
    later: bool = False


@attrs.frozen
class Invitation:
    """The person is not known to the clinic yet (AUTH-31)."""

    link: str


@attrs.frozen
class NoCard:
    """The person signed in, and no clinic has a card for them; `link` lets them sign in as somebody else."""

    link: str


@attrs.frozen
class Menu:
    """The main menu of a known person."""

    name: str


@attrs.frozen(kw_only=True)
class Choice:
    """A list to choose from at `step`; what was chosen before is said where it helps."""

    step: Step
    page: Page
    resource: Resource | None = None
    speciality: Speciality | None = None
    day: date | None = None
    other_zone: bool = False
    """The clinic's clocks differ from the region's: say so."""


@attrs.frozen
class Nothing:
    """An empty list is no fault (TMK-15)."""

    step: Step
    horizon_days: int


@attrs.frozen
class ListFailed:
    """The list of `step` cannot be had now (TMK-21 and its like)."""

    step: Step


@attrs.frozen(kw_only=True)
class Summary:
    """Everything before the consent (TMK-63 to TMK-71). `other` names the patient when it is not the person."""

    visit: AppointmentOffer
    consent: ConsentText
    other_zone: bool


@attrs.frozen
class Conditions:
    """Order and conditions of the consultation (TMK-83 to TMK-86)."""

    visit: AppointmentOffer
    text: str | None


@attrs.frozen
class Booking:
    """The clinic is being asked."""


@attrs.frozen
class NoAnswerYet:
    """The clinic is silent; the person will be told within `patience`."""

    patience: timedelta


@attrs.frozen
class Booked:
    """The yes."""

    visit: AppointmentOffer


@attrs.frozen
class NotConfirmed:
    """The no that we say because the clinic does not say yes."""

    visit: AppointmentOffer


@attrs.frozen
class Refused:
    """The no, with its reason and, when the time is gone, what is free instead."""

    reason: Refusal | Declined
    code: str
    """Finds the attempt in the journal; read out by phone."""
    zone: ZoneInfo
    other: AppointmentOffer | None = None
    """The visit that stands in the way."""
    instead: "Choice | Nothing | None" = None


@attrs.frozen
class Upcoming:
    """Coming visits."""

    page: Page


@attrs.frozen
class AppointmentCard:
    """One coming visit; the link to the consultation appears later."""

    visit: AppointmentOffer
    link_from: datetime | None
    """When the link will appear; None once that time has come."""
    may_cancel: bool
    link: str | None = None
    """Where the consultation is, once its time has come (TMK-109)."""


@attrs.frozen
class CancelQuestion:
    """Asked before a visit is cancelled."""

    visit: AppointmentOffer


@attrs.frozen
class Cancelling:
    """The clinic is being asked to give the slot back."""


@attrs.frozen
class CancellationUnanswered:
    """It is silent; one goes on asking."""


@attrs.frozen
class Cancelled:
    """The visit is cancelled, or why not; `own` is whether it was the person's own."""

    reason: CancelRefusal | Kept | None
    own: bool


@attrs.frozen
class Help:
    """Where to turn."""

    code: str


@attrs.frozen
class Fault:
    """Something broke on our side; the code finds it in the journal."""

    code: str


Screen = (
    Invitation
    | NoCard
    | Menu
    | Choice
    | Nothing
    | ListFailed
    | Summary
    | Conditions
    | Booking
    | NoAnswerYet
    | Booked
    | NotConfirmed
    | Refused
    | Upcoming
    | AppointmentCard
    | CancelQuestion
    | Cancelling
    | CancellationUnanswered
    | Cancelled
    | Help
    | Fault
)


class Remark(Enum):
    """What is said besides the screen: as the note that answers a press, or above the text."""

    TAKEN = "taken"
    BACK = "back"
    BOOKING = "booking"
    STALE = "stale"
    FOREIGN = "foreign"
    IDLE = "idle"
    BUTTONS_ONLY = "buttons_only"


Payload = Callable[[Press], str]
"""Turns what a button means into what it carries."""


class Phrases(Protocol):
    """The words of a channel."""

    def screen(self, screen: Screen, *, payload: Payload, has_previous: bool, remark: Remark | None) -> Message:
        """Write *screen* as a message; *payload* gives what a button carries."""
        ...

    def closed(self, screen: Screen) -> Message:
        """The same screen when its buttons are gone."""
        ...

    def note(self, remark: Remark) -> str:
        """The short answer to a press."""
        ...
