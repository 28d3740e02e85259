"""The storage: one transaction is one plain function, and what it promises is published as a contract.

`transact` opens late, runs the function, commits when it returns and rolls back when it raises or returns a
`Failure`. The function cannot await, so nothing remote can happen inside. Races are settled by the database.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Protocol, TypeVar

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.accounts import Accounts
from registratura.application.ports.agenda import Agenda
from registratura.application.ports.confirmations import Confirmations
from registratura.application.ports.consultation_chats import ConsultationChats
from registratura.application.ports.consultations import Consultations
from registratura.application.ports.deciding import (
    BookingJudge,
    CancelJudge,
    Decision,
    Fingerprint,
    KeyReused,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
    ToCancel,
)
from registratura.application.ports.feedback import Feedback
from registratura.application.ports.messenger import Incoming
from registratura.application.ports.queues import Inbox, Outbox
from registratura.application.records import Record, Verdict
from registratura.domain.appointments import Appointment, ClosedAppointment, Facts
from registratura.domain.dialogue import Dialogue
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
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Representation, Snils
from registratura.domain.schedule import AgeTag, DayLimits, Opening
from registratura.domain.telemedicine import Consent, Purpose

T = TypeVar("T")
R = TypeVar("R")


class Patients(Protocol):
    """People and who acts for whom."""

    def find(self, patient: PatientId) -> Patient | None:
        """The card with this id, or the card into which this id was merged."""
        ...

    def by_messenger(self, user: MessengerId) -> Patient | None:
        """The person whose card carries this messenger id."""
        ...

    def represented_by(self, author: PatientId) -> tuple[Sequence[Representation], Sequence[Patient]]:
        """All representations of *author*, in force or not, and the cards of those represented."""
        ...

    def representing(self, patient: Patient) -> tuple[Sequence[Representation], Sequence[Patient]]:
        """All representations of *patient* by others, in force or not, and the cards of those others."""
        ...

    def by_snils(self, snils: Snils) -> Sequence[Patient]:
        """The cards with this number; more than one where a registry holds a person twice."""
        ...

    def born_on(self, day: date) -> Sequence[Patient]:
        """The cards of everybody born on that day."""
        ...

    def link(self, patient: PatientId, user: MessengerId, subject: str) -> None:
        """The card's person is *user* in the messenger and *subject* at Gosuslugi; other cards lose that *user*.

        No load changes who the card's person is in the messenger, until `unlink` or another `link`.
        """
        ...

    def unlink(self, user: MessengerId) -> None:
        """No card's person is *user* in the messenger any more."""
        ...

    def add_child(self, parent: PatientId, child: PatientId, since: date) -> None:
        """Gosuslugi lists *child* among the children of *parent*; what is known of the two stays as it is."""
        ...

    def attachments(self, patient: PatientId) -> Sequence[Attachment]:
        """All attachments of *patient*, in force or not."""
        ...


@attrs.frozen(kw_only=True)
class Window:
    """Which free slots are looked for: between two moments, with the day limits of each organisation.

    `now` is the moment of asking; `days` the region's limits, which organisations override.
    """

    now: datetime
    days: DayLimits
    ages: frozenset[AgeTag]
    """Tags that admit the patient on some day of the window."""


@attrs.frozen
class DoctorOpening:
    """A doctor with at least one free slot in the window, and when the first of them is."""

    resource: Resource
    organisation: Organisation
    nearest: datetime


class Each(Enum):
    """For what one doctor is enough to show that it is on offer."""

    SPECIALITY = "speciality"
    ORGANISATION = "organisation"


class Schedule(Protocol):
    """What is on offer."""

    def purposes(self) -> Sequence[Purpose]:
        """All purposes, switched off ones too."""
        ...

    def specialities(self) -> Sequence[Speciality]:
        """All specialities with their limits."""
        ...

    def consultants(
        self, window: Window, *, speciality: SpecialityId | None = None, organisation: OrganisationId | None = None
    ) -> Sequence[DoctorOpening]:
        """Doctors with free slots for telemedicine (tag ONLINE), absences left out, in no particular order.

        Only what the schedule itself decides is filtered here: slot state, tag, time, day limits, absences. Rules
        about the patient are the domain's.
        """
        ...

    def first_of(
        self,
        each: Each,
        window: Window,
        suits: Callable[[DoctorOpening], bool],
        *,
        speciality: SpecialityId | None = None,
    ) -> Sequence[DoctorOpening]:
        """For each speciality (or organisation) one of the `consultants` that *suits* accepts, in no particular order.

        Doctors without a speciality stand for none. Of a doctor only what rules about patients look at is filled in
        here: names, rooms and the like are not.
        """
        ...

    def openings(self, resource: ResourceId, begins: datetime, ends: datetime) -> Sequence[Opening]:
        """Free telemedicine slots of one doctor that start in [begins, ends), absences left out, in time order."""
        ...

    def doctors(self, resources: Collection[ResourceId]) -> Mapping[ResourceId, tuple[Resource, Organisation]]:
        """Doctors, rooms and devices with their organisations; ids that nothing has are left out."""
        ...

    def speciality(self, speciality: SpecialityId) -> Speciality | None:
        """One speciality."""
        ...

    def purpose(self, purpose: PurposeId) -> Purpose | None:
        """One purpose."""
        ...

    def opening(self, slot: SlotId) -> Opening | None:
        """One slot, whatever its state."""
        ...

    def availability(self, asked: AvailabilityQuery) -> Availability | None:
        """Counts of free and taken times of an organisation's doctors of one speciality; None for no such organisation.

        A free time that has begun, or for which the doctor is away, is not counted.
        """
        ...


class Appointments(Protocol):
    """Bookings. Each method is one moment; `take` and `release` settle races."""

    def facts(
        self,
        patient: PatientId,
        slot: SlotId,
        *,
        now: datetime,
        author: PatientId | None = None,
        purpose: PurposeId | None = None,
    ) -> Facts:
        """Everything the rules need, read when it is this patient's turn.

        Two bookings of one patient therefore decide one after the other; two patients never wait for each other.
        `upcoming` holds bookings in force that end after *now*; representations are those of *author*.
        """
        ...

    def take(self, appointment: Appointment, consent: Consent | None, *, agenda: datetime | None = None) -> bool:
        """Mark the slot RECORDED and keep booking and consent, if the slot is still AVAILABLE; else change nothing.

        A slot that is no longer the booking's doctor and time is not that slot any more. *agenda* is when something is
        first to be done for the booking, see `Agenda`.

        Exactly one of any number of racers gets True.
        """
        ...

    def find(self, appointment: AppointmentId) -> Appointment | ClosedAppointment | None:
        """A booking in whatever state."""
        ...

    def release(self, closed: ClosedAppointment, *, agenda: datetime | None = None) -> bool:
        """Close the booking and, if it was cancelled, make its slot AVAILABLE again unless the clinic withdrew it.

        Nothing is done for the booking any more but what is due at *agenda*. False, and nothing changed, when the
        booking was no longer in force.
        """
        ...

    def coming(self, patients: Collection[PatientId], author: PatientId | None, now: datetime) -> Sequence[Appointment]:
        """Bookings in force that end after *now*, of *patients* or made by *author*, by time."""
        ...


class Dialogues(Protocol):
    """Dialogues with people in the messenger, one for each messenger id."""

    def find(self, user: MessengerId) -> Dialogue | None:
        """The person's dialogue, locked against other workers."""
        ...

    def save(self, dialogue: Dialogue, chat: str | None) -> None:
        """Keep the dialogue; *chat* is the id of its chat where it is known (None keeps what is known)."""
        ...

    def set_reachable(self, user: MessengerId, *, reachable: bool) -> None:
        """Whether the person may be written to (AUTH-46): told with every lease of an effect for them."""
        ...


class Requests(Protocol):
    """Answers remembered under idempotency keys."""

    def remembered(self, asked: Fingerprint) -> "str | KeyReused | None":
        """The stored answer of the same request; `KeyReused` when the key came with another body."""
        ...

    def remember(self, asked: Fingerprint, answer: str, at: datetime) -> bool:
        """Keep the answer in the commit of its effect; False when another request with the key was faster."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Delete at most *limit* answers kept before that moment; give how many."""
        ...


class Audit(Protocol):
    """Who tried what: never what it was about in words."""

    def note(self, event: str, *, actor: str, subject: str, at: datetime) -> None:
        """Keep an event such as «dialogue.foreign_button»; *actor* and *subject* are ids."""
        ...


class Register(Protocol):
    """Loading what other systems know."""

    def store(self, records: Sequence[Record]) -> Sequence[Verdict]:
        """Create or change records of one kind, a verdict for each, in order; the same record twice changes nothing.

        A slot with a booking of ours in force stays RECORDED whatever stale state arrives, except CANCELED: then the
        clinic withdrew it, and the booking is closed with it. Its time and doctor stay too: the patient was told
        them, so another place is a `Clash` of `slot_id` and `visit_time` with the booking.

        A messenger id goes to the card that names it last, unless the card that has it is another's who signed in
        through Gosuslugi: the record is then stored without it. Either is noted of the card that had the id.
        """
        ...


class Transaction(Protocol):
    """Everything one unit of work may read and write."""

    @property
    def patients(self) -> Patients: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def appointments(self) -> Appointments: ...
    @property
    def agenda(self) -> Agenda: ...
    @property
    def confirmations(self) -> Confirmations: ...
    @property
    def consultations(self) -> Consultations: ...
    @property
    def chats(self) -> ConsultationChats: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def dialogues(self) -> Dialogues: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def requests(self) -> Requests: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def feedback(self) -> Feedback: ...
    @property
    def register(self) -> Register: ...


class Storage(Protocol):
    """Where everything is kept."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* in one transaction: commit when it returns, roll back when it raises or returns a `Failure`.

        Raises `Unavailable` when the storage cannot be reached, `TransactionLost` when the commit's end is unknown.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* on a consistent view, beside writers and without waiting for them; nothing is committed."""
        ...

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:
        """Look at what a booking needs, let *judge* decide, keep the decision if what was seen still holds.

        The hot path: an adapter whose database is remote asks it twice. *judge* may be called more than once.
        """
        return await self.transact(partial(_book_within, asked, judge))

    async def cancel(self, asked: ToCancel, judge: CancelJudge[T, R]) -> Result[T, R | Overtaken]:
        """Look at a booking, let *judge* decide, keep the decision if what was seen still holds; as `book`."""
        return await self.transact(partial(_cancel_within, asked, judge))

    async def availability(self, asked: AvailabilityQuery) -> Availability | None:
        """How many times are free and how many taken; None when there is no such organisation."""
        return await self.read(lambda tx: tx.schedule.availability(asked))

    async def receive(self, key: str, line: str, incoming: Incoming) -> bool:
        """Keep what came in, as `Inbox.put` does, in a commit of its own; False when it was kept before.

        MAX delivers by the hundred: an adapter whose database is remote keeps those of one moment together.
        """
        return await self.transact(lambda tx: tx.inbox.put(key, line, incoming))

    async def ping(self) -> None:
        """Return when the storage answers and its schema is the newest, else raise `Unavailable` saying why."""
        ...


def _book_within(asked: ToBook, judge: BookingJudge[T, R], tx: Transaction) -> Result[T, R | Overtaken]:
    facts = tx.appointments.facts(asked.patient, asked.slot, now=asked.now, author=asked.author, purpose=asked.purpose)
    return _carry_out(judge(Known(facts, _answered(asked.key, tx))), tx)


def _cancel_within(asked: ToCancel, judge: CancelJudge[T, R], tx: Transaction) -> Result[T, R | Overtaken]:
    held = tx.appointments.find(asked.appointment)
    return _carry_out(judge(Known(held, _answered(asked.key, tx))), tx)


def _answered(key: Fingerprint | None, tx: Transaction) -> str | KeyReused | None:
    return tx.requests.remembered(key) if key is not None else None


def _carry_out(verdict: Result[Decision[T], R], tx: Transaction) -> Result[T, R | Overtaken]:
    if not is_successful(verdict):
        return Failure(verdict.failure())
    decision = verdict.unwrap()
    answer = decision.answer
    kept = _change(decision, tx) and (answer is None or tx.requests.remember(answer.asked, answer.words, answer.at))
    return Success(decision.value) if kept else Failure(Overtaken())


def _change(decision: Decision[T], tx: Transaction) -> bool:
    match decision.change:
        case NewBooking(appointment, consent):
            return tx.appointments.take(appointment, consent, agenda=decision.agenda)
        case ClosedAppointment() as closed:
            return tx.appointments.release(closed, agenda=decision.agenda)
        case None:
            return True
