"""Questions asked all day are answered from indexes: what is slow on a million rows looks the same on ten."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta

import attrs
import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from registratura.adapters.sql import SqlStorage, migrate
from registratura.application.availability import AvailabilityQuery
from registratura.application.ports.storage import Transaction, Window
from registratura.domain.identifiers import PatientId
from registratura.domain.schedule import AgeTag, DayLimits
from registratura.testing.contracts.storage.inbox import typed
from registratura.testing.contracts.storage.outbox import SEND
from registratura.testing.contracts.storage.region import (
    CLINIC,
    COLLEAGUE,
    CONTROL,
    DAY,
    DOCTOR,
    NOW,
    REGION,
    STRANGER,
    THERAPIST,
    absence,
    book,
    slot,
)

PEOPLE = [attrs.evolve(STRANGER, id=PatientId(f"person-{number}")) for number in range(400)]
COUNTED = AvailabilityQuery(organisation=CLINIC.id, speciality=THERAPIST.id, now=NOW)
WINDOW = Window(now=NOW, days=DayLimits(), ages=frozenset(AgeTag))
QUESTIONS: dict[str, tuple[Callable[[Transaction], object], set[str]]] = {
    "openings": (lambda tx: tx.schedule.openings(DOCTOR.id, NOW, NOW + DAY), {"ix_slot_free_online"}),
    "consultants": (
        lambda tx: tx.schedule.consultants(WINDOW, speciality=THERAPIST.id),
        {"ix_slot_free_online", "ix_absence_resource"},
    ),
    "availability": (lambda tx: tx.schedule.availability(COUNTED), {"ix_slot_calendar", "ix_absence_resource"}),
    "facts": (
        lambda tx: tx.appointments.facts(PEOPLE[0].id, slot(0).id, now=NOW, author=PEOPLE[0].id, purpose=CONTROL.id),
        {"uq_appointment_patient_starts", "ix_absence_resource"},
    ),
    "coming": (
        lambda tx: tx.appointments.coming([PEOPLE[0].id], PEOPLE[0].id, NOW),
        {"uq_appointment_patient_starts", "ix_appointment_author"},
    ),
    "confirmations": (lambda tx: tx.confirmations.due(NOW, 10), {"ix_confirmation_due"}),
    "agenda": (lambda tx: (tx.agenda.due(10), tx.agenda.next()), {"ix_appointment_agenda"}),
    "inbox": (lambda tx: tx.inbox.next(), {"ix_inbox_new"}),
    "outbox": (lambda tx: tx.outbox.lease(10, timedelta(minutes=1)), {"ix_outbox_due", "ix_outbox_line"}),
}


def loaded(url: str) -> Engine:
    """A database with enough in it that reading a table whole would cost more than its index."""
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        tx = SqlStorage.borrow(connection)
        slots = [slot(number) for number in range(100, 100 + len(PEOPLE))]
        books = [book(f"book-{person.id}", at, person) for at, person in zip(slots, PEOPLE, strict=True)]
        away = [absence(person.id, NOW, NOW, COLLEAGUE) for person in PEOPLE]
        for batch in (*REGION, PEOPLE, slots, books, away):
            tx.register.store(batch)
        for person in PEOPLE:
            tx.inbox.put(person.id, person.id, typed(person.id))
            tx.outbox.put(person.id, SEND, id=person.id)
    return engine


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = loaded(f"sqlite:///{tmp_path_factory.mktemp('plans')}/registratura.db")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def postgres(make_postgres_database: Callable[..., str]) -> Iterator[Engine]:
    engine = loaded(make_postgres_database())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))

    @event.listens_for(engine, "connect")
    def prefer_indexes(connection: psycopg.Connection, _record: object) -> None:
        # Tables of one page are read whole whatever indexes they have.
        connection.execute("SET enable_seqscan = off")
        connection.commit()

    engine.dispose()
    yield engine
    engine.dispose()


def sqlite_plans(engine: Engine, ask: Callable[[Transaction], object]) -> str:
    """As `plans`; the driver itself tells, since the hot path goes past SQLAlchemy."""
    asked: list[str] = []
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(asked.append)
        ask(SqlStorage.borrow(connection))
        raw.set_trace_callback(None)
        reading = [sql for sql in asked if sql.lstrip().startswith(("SELECT", "WITH"))]
        return "\n".join(row[-1] for sql in reading for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}"))


def plans(engine: Engine, ask: Callable[[Transaction], object]) -> str:
    """How the database answers each statement of *ask*."""
    if engine.dialect.name == "sqlite":
        return sqlite_plans(engine, ask)
    asked: list[tuple[str, object]] = []

    def remember(_c: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    with engine.connect() as connection:
        tx = SqlStorage.borrow(connection)
        event.listen(connection, "before_cursor_execute", remember)
        ask(tx)
        event.remove(connection, "before_cursor_execute", remember)
        rows = [connection.exec_driver_sql(f"EXPLAIN {sql}", given).all() for sql, given in asked]  # type: ignore[arg-type]  # as the driver got them
    return "\n".join(str(row[-1]) for plan in rows for row in plan)


@pytest.mark.parametrize("question", QUESTIONS)
def test_sqlite_answers_from_indexes(sqlite: Engine, question: str) -> None:
    ask, indexes = QUESTIONS[question]
    plan = plans(sqlite, ask)
    assert {index for index in indexes if index not in plan} == set(), plan
    for table in ("slot", "appointment", "absence", "patient"):
        assert f"SCAN {table}\n" not in f"{plan}\n", plan
        assert f"SCAN {table} USING" not in plan, plan


@pytest.mark.parametrize("question", QUESTIONS)
def test_postgres_answers_from_indexes(postgres: Engine, question: str) -> None:
    ask, indexes = QUESTIONS[question]
    plan = plans(postgres, ask)
    assert {index for index in indexes if index not in plan} == set(), plan
    for table in ("slot", "appointment", "absence", "patient", "inbox"):
        assert f"Seq Scan on {table} " not in plan, plan
