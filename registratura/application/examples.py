"""Control examples (контрольные примеры): the product's main ways walked in transactions that are undone.

They need nothing but a database with the newest schema, leave nothing behind, and may run beside everything else.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result

from registratura.application.booking import Desk, decide, release
from registratura.application.notices import NoticeWords, Soon, visit_of
from registratura.application.ports.messenger import Send, line_of
from registratura.application.ports.passwords import Passwords
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Record, SlotRecord, Stored
from registratura.domain.appointments import Application, Appointment, Channel, VisitKind
from registratura.domain.consultations import end
from registratura.domain.identifiers import MessengerId, OrganisationId, PatientId, PurposeId, ResourceId, SlotId
from registratura.domain.notifications import agenda
from registratura.domain.organisations import Organisation, Resource
from registratura.domain.people import Patient, PersonName, Sex
from registratura.domain.schedule import AgeTag, ChannelTag, DayLimits, SlotStatus
from registratura.domain.telemedicine import Purpose


@attrs.frozen
class Shown:
    """How an example ended: `fault` names what went wrong in a machine's words, None that it is right."""

    name: str
    fault: str | None
    passed: bool = False
    """It went wrong once and was right when walked again: a fault that passes, and not a failure (OPS-03)."""


class _Wrong(Exception):
    """What an example found instead of what is right."""


@attrs.frozen(kw_only=True)
class ControlExamples:
    """Run every example."""

    storage: Storage
    desk: Desk
    words: NoticeWords
    passwords: Passwords

    async def __call__(self) -> list[Shown]:
        """How each of them ended, in order; what went wrong is walked once more when all have had their turn."""
        walks: dict[str, Callable[[Transaction], None]] = {
            "lists": _lists,
            "booking": self._booking,
            "reminder": self._reminder,
            "end": self._end,
            "sending": self._sending,
        }
        examples: list[Callable[[], Awaitable[Shown]]] = [
            *(partial(self._undone, name, walk) for name, walk in walks.items()),
            self._password,
        ]
        first = [await show() for show in examples]
        return [
            shown if shown.fault is None else attrs.evolve(shown, passed=(await show()).fault is None)
            for show, shown in zip(examples, first, strict=True)
        ]

    async def _undone(self, name: str, walk: Callable[[Transaction], None]) -> Shown:
        def work(tx: Transaction) -> Result[None, str | None]:
            try:
                walk(tx)
            except _Wrong as wrong:
                return Failure(str(wrong))
            # A `Failure` is undone, whatever it says.
            return Failure(None)

        try:
            ended = await self.storage.transact(work)
        except Exception as fault:  # noqa: BLE001  # an example tells of everything
            return Shown(name, type(fault).__name__)
        return Shown(name, ended.failure())

    async def _password(self) -> Shown:
        secret = self.desk.ids.secret()
        hashed = await self.passwords.hash(secret)
        right, wrong = await self.passwords.is_right(secret, hashed), await self.passwords.is_right("x", hashed)
        return Shown("password", None if right and not wrong else "the wrong password is right")

    def _booked(self, tx: Transaction) -> Appointment:
        # The examples walk the product's ways, on any day: which days the region opens is not their matter.
        desk = attrs.evolve(self.desk, rules=attrs.evolve(self.desk.rules, days=DayLimits()))
        verdict = decide(desk, _settle(desk, tx), tx)
        if not is_successful(verdict):
            raise _Wrong(type(verdict.failure()).__name__)
        return verdict.unwrap()

    def _booking(self, tx: Transaction) -> None:
        booked = self._booked(tx)
        again = tx.appointments.find(booked.id)
        if again != booked:
            raise _Wrong("the booking is not what was kept")
        if not is_successful(release(self.desk, booked.id, tx, by=frozenset({booked.patient}))):
            raise _Wrong("it cannot be cancelled")

    def _reminder(self, tx: Transaction) -> None:
        booked = self._booked(tx)
        due = tx.agenda.describe(booked.id)
        if due is None or not agenda(booked, self.desk.reminders, due.organisation.zone):
            raise _Wrong("nobody is reminded")
        message = self.words.notice(Soon(visit=visit_of(due), minutes=15, link="https://example.org/"))
        if due.patient.name.full not in message.text:
            raise _Wrong("the reminder does not name the patient")

    def _end(self, tx: Transaction) -> None:
        booked = self._booked(tx)
        after = booked.starts + timedelta(minutes=10)
        verdict = end(booked, after, None, now=after)
        if not is_successful(verdict):
            raise _Wrong(verdict.failure().value)
        closed = verdict.unwrap().closed
        if closed is None or not tx.appointments.release(closed):
            raise _Wrong("the consultation does not end")

    def _sending(self, tx: Transaction) -> None:
        user = MessengerId(f"example-{self.desk.ids.new()}")
        booked = self._booked(tx)
        due = tx.agenda.describe(booked.id)
        if due is None:
            raise _Wrong("the booking is gone")
        message = self.words.notice(Soon(visit=visit_of(due), minutes=15, link="https://example.org/"))
        once = self.desk.ids.new()
        put = partial(tx.outbox.put_once, line_of(user), Send(user=user, message=message), id=once)
        if (put(), put()) != (True, False):
            raise _Wrong("a message may leave twice")


def _lists(tx: Transaction) -> None:
    tx.schedule.purposes()
    tx.schedule.specialities()


def _settle(desk: Desk, tx: Transaction) -> Application:
    """A clinic of one doctor, one free time and one patient, and what that patient asks for."""
    mark = desk.ids.new()
    organisation, doctor, patient = OrganisationId(f"o-{mark}"), ResourceId(f"d-{mark}"), PatientId(f"p-{mark}")
    purpose, slot = PurposeId(f"x-{mark}"), SlotId(f"s-{mark}")
    tomorrow = _tomorrow(desk.clock.now())
    batches: tuple[Record, ...] = (
        Organisation(id=organisation, name=f"Контрольный пример {mark}", address="—", zone=desk.rules.zone),
        Resource(
            id=doctor, organisation=organisation, name=PersonName("Контрольный", "Пример"), messenger=MessengerId(mark)
        ),
        Purpose(id=purpose, name="Контрольный пример"),
        Patient(id=patient, name=PersonName("Контрольный", "Пример"), born=date(1990, 1, 1), sex=Sex.FEMALE),
        SlotRecord(
            id=slot,
            organisation=organisation,
            resource=doctor,
            visit=tomorrow,
            minutes=15,
            channels=frozenset({ChannelTag.ONLINE}),
            age=AgeTag.ALL,
            status=SlotStatus.AVAILABLE,
        ),
    )
    for record in batches:
        if list(tx.register.store([record])) != [Stored.CREATED]:
            raise _Wrong("the example could not be loaded")
    return Application(
        patient=patient,
        slot=slot,
        channel=Channel.MAX,
        kind=VisitKind.ONLINE_CONSULTING,
        author=patient,
        purpose=purpose,
        consent_version=desk.rules.consent_version,
    )


def _tomorrow(now: datetime) -> datetime:
    return (now + timedelta(days=1)).astimezone(UTC).replace(microsecond=0)
