"""What no port reads back but people will ask for: consents, the audit, and the local days of slots."""

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from sqlalchemy import Connection, create_engine, select, update

from registratura.adapters.sql import SqlStorage
from registratura.adapters.sql import tables as t
from registratura.application.ports.messenger import Message, Send, Started
from registratura.application.ports.queues import SendState
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.storage.region import (
    CHILD,
    CLINIC,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    booking,
    cancelled,
    consent,
    slot,
)


@pytest.fixture
def connection(migrated_sqlite: str) -> Iterator[Connection]:
    engine = create_engine(migrated_sqlite)
    with engine.connect() as connection:
        register = SqlStorage.borrow(connection).register
        for batch in REGION:
            register.store(batch)
        yield connection
    engine.dispose()


@pytest.mark.req("TMK-73")
def test_consent_outlives_the_booking_it_was_given_for(connection: Connection) -> None:
    held = booking("1", SLOTS[0], CHILD, author=MOTHER)
    appointments = SqlStorage.borrow(connection).appointments
    assert appointments.take(held, consent(held))
    assert appointments.release(cancelled(held))
    (kept,) = connection.execute(select(t.consent))
    assert kept._asdict() == {
        "appointment_id": "1",
        "author_id": MOTHER.id,
        "patient_id": CHILD.id,
        "version": "1",
        "given_at": NOW,
        "channel": "MAX",
    }


def test_consent_of_the_loser_is_not_kept(connection: Connection) -> None:
    appointments = SqlStorage.borrow(connection).appointments
    assert appointments.take(booking("1", SLOTS[0]), None)
    lost = booking("2", SLOTS[0], STRANGER)
    assert not appointments.take(lost, consent(lost))
    assert connection.execute(select(t.consent)).all() == []


@pytest.mark.req("AUTH-34")
def test_moved_messenger_id_is_audited(connection: Connection) -> None:
    SqlStorage.borrow(connection).register.store([attrs.evolve(STRANGER, messenger=MessengerId("1001"))])
    (note,) = connection.execute(select(t.audit.c.event, t.audit.c.actor, t.audit.c.subject))
    assert tuple(note) == ("patient.messenger_moved", "register", MOTHER.id)


@pytest.mark.req("AUTH-34")
def test_messenger_id_that_a_load_leaves_to_who_signed_in_is_audited(connection: Connection) -> None:
    tx, user = SqlStorage.borrow(connection), MessengerId("2002")
    tx.patients.link(MOTHER.id, user, "esia-1")
    claiming = [attrs.evolve(card, messenger=user) for card in (CHILD, STRANGER)]
    for _ in range(2):
        tx.register.store(claiming)
    notes = connection.execute(select(t.audit.c.event, t.audit.c.actor, t.audit.c.subject)).all()
    assert [tuple(note) for note in notes] == [("patient.messenger_kept", "register", MOTHER.id)] * 2


@pytest.mark.req("AUTH-34")
def test_messenger_id_that_a_load_names_for_a_card_tied_by_a_sign_in_is_audited(connection: Connection) -> None:
    tx, user = SqlStorage.borrow(connection), MessengerId("2002")
    tx.patients.link(MOTHER.id, user, "esia-1")
    told = attrs.evolve(MOTHER, phone="+79000000000")
    for _ in range(2):
        tx.register.store([told])
    assert tx.patients.by_messenger(user) == attrs.evolve(told, messenger=user, esia="esia-1")
    notes = connection.execute(select(t.audit.c.event, t.audit.c.actor, t.audit.c.subject)).all()
    assert [tuple(note) for note in notes] == [("patient.messenger_kept", "register", MOTHER.id)]


@pytest.mark.req("AUTH-44")
def test_notes_of_the_audit_are_numbered(connection: Connection) -> None:
    audit = SqlStorage.borrow(connection).audit
    for subject in ("child", "stranger"):
        audit.note("dialogue.foreign_button", actor="1001", subject=subject, at=NOW)
    notes = connection.execute(select(t.audit)).all()
    assert [tuple(note) for note in notes] == [
        (1, "dialogue.foreign_button", "1001", "child", NOW),
        (2, "dialogue.foreign_button", "1001", "stranger", NOW),
    ]


def test_slots_fall_on_other_days_when_the_clocks_of_their_clinic_change(connection: Connection) -> None:
    register = SqlStorage.borrow(connection).register
    late = attrs.evolve(slot(0), visit=slot(0).visit.replace(hour=23))
    register.store([late])

    def day() -> date:
        found: date = connection.execute(select(t.slot.c.local_day).where(t.slot.c.id == late.id)).scalar_one()
        return found

    assert day() == date(2026, 3, 3)
    register.store([attrs.evolve(CLINIC, zone=ZoneInfo("Asia/Kamchatka"))])
    assert day() == date(2026, 3, 4)


def test_what_another_version_wrote_stops_nobody_behind_it(connection: Connection) -> None:
    tx = SqlStorage.borrow(connection)
    for user in ("1", "2"):
        tx.inbox.put(f"key-{user}", f"max:{user}", Started(user=MessengerId(user), chat=None))
        send = Send(user=MessengerId(user), message=Message("Здравствуйте"))
        tx.outbox.put(f"max:{user}", send, id=f"effect-{user}")
    connection.execute(update(t.inbox).where(t.inbox.c.key == "key-1").values(payload={"kind": "of the future"}))
    connection.execute(update(t.outbox).where(t.outbox.c.id == "effect-1").values(payload={"kind": "of the future"}))
    assert tx.inbox.next() is None
    received = tx.inbox.next()
    assert received is not None
    assert received.incoming.user == "2"
    assert [leased.id for leased in tx.outbox.lease(8, timedelta(minutes=1))] == ["effect-2"]
    parked = select(t.inbox.c.state).where(t.inbox.c.key == "key-1")
    assert connection.scalar(parked) == "parked"
    assert connection.scalar(select(t.outbox.c.state).where(t.outbox.c.id == "effect-1")) == "parked"


@pytest.mark.parametrize(("state", "kept"), [(SendState.SENT, False), (SendState.PARKED, True)])
def test_what_was_said_is_forgotten_once_it_is_said(connection: Connection, state: SendState, kept: bool) -> None:
    tx = SqlStorage.borrow(connection)
    send = Send(user=MessengerId("1"), message=Message("canary"))
    tx.outbox.put("max:1", send, id="effect")
    tx.outbox.settle("effect", state, None)
    assert ("canary" in str(connection.scalar(select(t.outbox.c.payload)))) is kept


def test_the_bookings_of_a_merged_card_count(connection: Connection) -> None:
    tx = SqlStorage.borrow(connection)
    tx.appointments.take(booking("1", SLOTS[0]), None)
    tx.register.store([attrs.evolve(STRANGER, united=frozenset({MOTHER.id}))])
    facts = tx.appointments.facts(STRANGER.id, SLOTS[1].id, now=NOW)
    assert [held.id for held in facts.upcoming] == ["1"]
