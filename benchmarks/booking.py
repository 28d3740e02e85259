"""The booking use case, with every rule and check, to the same statements on the raw driver."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import attrs
from returns.pipeline import is_successful
from sqlalchemy import Engine, event

from benchmarks.databases import Bench, Statement
from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.application.booking import BookAppointment, Desk
from registratura.application.records import Record, SlotRecord
from registratura.domain.appointments import Application, Channel, Rules, VisitKind
from registratura.domain.identifiers import MessengerId, OrganisationId, PatientId, PurposeId, ResourceId, SlotId
from registratura.domain.organisations import Organisation, Resource
from registratura.domain.people import Patient, PersonName, Sex
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose
from registratura.testing.time import FixedClock, SequentialIds

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
IN_FLIGHT = 32
DOCTORS = 50
ZONE = ZoneInfo("Europe/Moscow")


def records(bookings: int) -> Iterator[Sequence[Record]]:
    """A clinic with one free consultation for each of as many patients."""
    clinic = OrganisationId("clinic")
    yield [Organisation(id=clinic, name="Поликлиника", address="-", zone=ZONE)]
    yield [Purpose(id=PurposeId("first"), name="Первичная")]
    yield [Resource(id=ResourceId(f"d{n}"), organisation=clinic, messenger=MessengerId(str(n))) for n in range(DOCTORS)]
    yield [
        Patient(id=PatientId(f"p{n}"), name=PersonName("А", "Б"), born=date(1990, 1, 1), sex=Sex.FEMALE)
        for n in range(bookings)
    ]
    starts = NOW + timedelta(days=1)
    yield [
        SlotRecord(
            id=SlotId(f"s{n}"),
            organisation=clinic,
            resource=ResourceId(f"d{n % DOCTORS}"),
            visit=starts + timedelta(minutes=5 * (n // DOCTORS)),
            minutes=5,
            channels=frozenset({ChannelTag.ONLINE}),
            age=AgeTag.ALL,
            status=SlotStatus.AVAILABLE,
        )
        for n in range(bookings)
    ]


def applications(bookings: int) -> list[Application]:
    """Every patient wants a slot of their own."""
    return [
        Application(
            patient=PatientId(f"p{n}"),
            slot=SlotId(f"s{n}"),
            channel=Channel.MAX,
            kind=VisitKind.ONLINE_CONSULTING,
            author=PatientId(f"p{n}"),
            purpose=PurposeId("first"),
            consent_version="1",
        )
        for n in range(bookings)
    ]


async def compare(bench: Bench, bookings: int, rounds: int) -> None:
    """Floor and ours in turn; print each round's ratio and the median."""
    await asyncio.to_thread(migrate, bench.prepared)
    async with open_storage(bench.prepared) as storage:
        for batch in records(bookings):
            await storage.transact(lambda tx, batch=batch: tx.register.store(batch))  # type: ignore[misc]
    asked = applications(bookings)
    transactions = await _recorded(bench.copy(), asked)
    print(f"\n{bench.name}: {bookings} bookings a round, {len(transactions[0])} statements each")
    ratios = []
    for number in range(1, rounds + 1):
        floor = _timed_floor(bench, transactions)
        ours = await _timed_ours(bench.copy(), asked)
        ratios.append(ours / floor)
        print(f"  {number}: raw driver {floor:7.0f}/s   ours {ours:7.0f}/s   ratio {ours / floor:.2f}")
    print(f"  median ratio {median(ratios):.2f} ({min(ratios):.2f} .. {max(ratios):.2f})")


def _timed_floor(bench: Bench, transactions: Sequence[Sequence[Statement]]) -> float:
    url = bench.copy()
    begun = perf_counter()
    bench.replay(url, transactions)
    return len(transactions) / (perf_counter() - begun)


async def _timed_ours(url: str, asked: Sequence[Application]) -> float:
    async with open_storage(url) as storage:
        book = _use_case(storage)
        begun = perf_counter()
        await _all(book, asked, IN_FLIGHT)
        return len(asked) / (perf_counter() - begun)


def _use_case(storage: SqlStorage) -> BookAppointment:
    return BookAppointment(storage=storage, desk=Desk(rules=Rules(), clock=FixedClock(NOW), ids=SequentialIds()))


async def _all(book: BookAppointment, asked: Sequence[Application], in_flight: int) -> None:
    waiting = iter(asked)

    async def one_after_another() -> None:
        for application in waiting:
            verdict = await book(application)
            if not is_successful(verdict):
                raise RuntimeError(f"not booked: {verdict.failure()}")

    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))


@attrs.define
class _Recorder:
    """Writes down what goes to the driver, transaction by transaction."""

    transactions: list[list[Statement]] = attrs.field(factory=list)

    def attach(self, engine: Engine) -> None:
        """Listen to *engine*."""

        @event.listens_for(engine, "before_cursor_execute")
        def heard(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            if statement.startswith("BEGIN"):
                self.transactions.append([])
            else:
                self.transactions[-1].append((statement, parameters))

        @event.listens_for(engine, "begin")
        def begun(_connection: object) -> None:
            if engine.dialect.name == "postgresql":
                self.transactions.append([])


async def _recorded(url: str, asked: Sequence[Application]) -> list[list[Statement]]:
    async with open_storage(url) as storage:
        recorder = _Recorder()
        recorder.attach(storage._engine)  # noqa: SLF001  # to hear what it sends
        await _all(_use_case(storage), asked, 1)
    return [transaction for transaction in recorder.transactions if transaction]
