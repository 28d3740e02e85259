"""Everything a storage knows, as plain values a test may look at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from registratura.application.ports.consultations import LeaveOffer
from registratura.application.ports.deciding import Fingerprint
from registratura.application.ports.feedback import Words
from registratura.application.ports.messenger import Incoming, Outgoing
from registratura.application.ports.queues import SendState
from registratura.domain.accounts import Account, LoginLink, Session, SignIn
from registratura.domain.appointments import Appointment, ClosedAppointment
from registratura.domain.chats import ConsultationChat
from registratura.domain.confirmation import Confirmation
from registratura.domain.consultations import End
from registratura.domain.dialogue import Dialogue
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation
from registratura.domain.schedule import Absence, Slot
from registratura.domain.telemedicine import Consent, Purpose


@attrs.frozen(kw_only=True)
class Update:
    """What came in, and how its work stands: `new`, `done` or `parked`."""

    number: int
    line: str
    incoming: Incoming
    not_before: datetime
    state: str = "new"
    attempts: int = 0
    reason: str | None = None
    done_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Effect:
    """An effect in the outbox."""

    number: int
    id: str
    line: str
    outgoing: Outgoing
    due: datetime
    state: SendState = SendState.WAITING
    attempts: int = 0
    first_attempt_at: datetime | None = None
    lease_until: datetime | None = None
    in_doubt: bool = False
    reason: str | None = None
    settled_at: datetime | None = None

    @property
    def is_unsent(self) -> bool:
        """Whether it holds up those behind it."""
        return self.state in {SendState.WAITING, SendState.SENDING}

    @property
    def may_leave_at(self) -> datetime:
        """When it is due, or when its lease runs out."""
        return self.lease_until if self.lease_until is not None else self.due


@attrs.frozen
class Note:
    """A line of the audit."""

    event: str
    actor: str
    subject: str
    at: datetime


@attrs.frozen
class Remembered:
    """An answer under an idempotency key."""

    asked: Fingerprint
    answer: str
    at: datetime


@attrs.define
class State:
    """Values by id; the values are frozen, so a copy of the dictionaries is a copy of everything."""

    organisations: dict[str, Organisation] = attrs.field(factory=dict)
    resources: dict[str, Resource] = attrs.field(factory=dict)
    specialities: dict[str, Speciality] = attrs.field(factory=dict)
    purposes: dict[str, Purpose] = attrs.field(factory=dict)
    patients: dict[str, Patient] = attrs.field(factory=dict)
    loaded_patients: dict[str, Patient] = attrs.field(factory=dict)
    """Cards as they came, before another card took the messenger id."""
    tied: set[str] = attrs.field(factory=set)
    """Cards whose messenger id is that of whoever signed in."""
    united: dict[str, str] = attrs.field(factory=dict)
    """Merged id → the card it leads to."""
    attachments: dict[tuple[str, str, str], Attachment] = attrs.field(factory=dict)
    representations: dict[tuple[str, str, str], Representation] = attrs.field(factory=dict)
    slots: dict[str, Slot] = attrs.field(factory=dict)
    absences: dict[str, Absence] = attrs.field(factory=dict)
    appointments: dict[str, Appointment | ClosedAppointment] = attrs.field(factory=dict)
    agenda: dict[str, datetime] = attrs.field(factory=dict)
    """Booking → when it is next looked at."""
    consents: dict[str, Consent] = attrs.field(factory=dict)
    consultation_chats: dict[str, ConsultationChat] = attrs.field(factory=dict)
    accounts: dict[str, Account] = attrs.field(factory=dict)
    sessions: dict[str, Session] = attrs.field(factory=dict)
    login_links: dict[str, LoginLink] = attrs.field(factory=dict)
    sign_ins: dict[str, SignIn] = attrs.field(factory=dict)
    ends: dict[str, End] = attrs.field(factory=dict)
    """Consultation → how it ended."""
    offers: dict[tuple[str, str, str], LeaveOffer] = attrs.field(factory=dict)
    """Patient, doctor and number of the sick leave → the offer to close it."""
    confirmations: dict[str, Confirmation] = attrs.field(factory=dict)
    references: dict[tuple[str, str], Mapping[str, Any]] = attrs.field(factory=dict)
    dialogues: dict[str, Dialogue] = attrs.field(factory=dict)
    chats: dict[str, str] = attrs.field(factory=dict)
    reachable: dict[str, bool] = attrs.field(factory=dict)
    inbox: dict[str, Update] = attrs.field(factory=dict)
    """By the key under which each came."""
    markers: dict[str, str] = attrs.field(factory=dict)
    outbox: dict[str, Effect] = attrs.field(factory=dict)
    requests: dict[tuple[str, str], Remembered] = attrs.field(factory=dict)
    audit: list[Note] = attrs.field(factory=list)
    feedback: list[Words] = attrs.field(factory=list)
    throttle: dict[str, float] = attrs.field(factory=dict)
    """Name of a line → seconds since 1970 of its next place."""

    def copy(self) -> "State":
        """The state as it is now, whatever happens to this one."""
        return State(**{field.name: getattr(self, field.name).copy() for field in attrs.fields(State)})

    def card(self, patient: str | None) -> Patient | None:
        """The card with this id, or the one into which it was merged."""
        if patient is None:
            return None
        return self.patients.get(patient) or self.patients.get(self.united.get(patient, ""))

    def in_force(self) -> list[Appointment]:
        """Bookings in force, by time."""
        held = [known for known in self.appointments.values() if isinstance(known, Appointment)]
        return sorted(held, key=lambda booked: (booked.starts, booked.id))
