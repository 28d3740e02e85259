"""What stands around a slot is read whole, however much others forget meanwhile."""

import sys
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import pytest
from sqlalchemy import create_engine

from registratura.adapters.sql import SqlStorage
from registratura.adapters.sql.surroundings import READ, Around, Surroundings, asking
from registratura.application.ports.deciding import ToBook
from registratura.domain.identifiers import SlotId
from registratura.testing.contracts.storage.region import (
    CLINIC,
    COLLEAGUE,
    COLLEAGUES_SLOTS,
    CONTROL,
    DOCTOR,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    THERAPIST,
)
from tests.harness.waiting import at_once

NOBODY_MOVED = Around(organisation=CLINIC, resource=DOCTOR, speciality=THERAPIST, purpose=CONTROL)
AROUND_COLLEAGUE = Around(organisation=CLINIC, resource=COLLEAGUE, speciality=None, purpose=None)
TIMES = 2_000

Rows = tuple[Sequence[Any], Sequence[Any]]


@pytest.fixture
def rows(migrated_sqlite: str) -> Rows:
    """What is read around a slot of the doctor, and around one of the colleague with no purpose."""
    engine = create_engine(migrated_sqlite)
    with engine.connect() as connection:
        for batch in REGION:
            SqlStorage.borrow(connection).register.store(batch)

        def read(slot: SlotId, *, purpose: bool) -> Sequence[Any]:
            asked = ToBook(patient=MOTHER.id, slot=slot, now=NOW, purpose=CONTROL.id if purpose else None)
            row = READ.one(connection, asking(asked))
            assert row is not None
            return row

        found = read(SLOTS[0].id, purpose=True), read(COLLEAGUES_SLOTS[0].id, purpose=False)
    engine.dispose()
    return found


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_what_was_read_is_known_by_its_digests(rows: Rows) -> None:
    doctors, colleagues = rows
    surroundings = Surroundings()
    assert surroundings.known(doctors, 0) is None
    assert surroundings.learn(doctors) == surroundings.known(doctors, 0) == NOBODY_MOVED
    assert surroundings.known(colleagues, 0) is None
    assert surroundings.learn(colleagues) == surroundings.known(colleagues, 0) == AROUND_COLLEAGUE
    assert surroundings.known(doctors, 0) == NOBODY_MOVED


def test_too_much_is_forgotten_and_read_again(rows: Rows) -> None:
    doctors, colleagues = rows
    surroundings = Surroundings(most=3)
    surroundings.learn(doctors)
    assert surroundings.learn(colleagues) == surroundings.known(colleagues, 0) == AROUND_COLLEAGUE
    assert surroundings.known(doctors, 0) is None
    assert surroundings.learn(doctors) == NOBODY_MOVED


@pytest.mark.usefixtures("hasty_threads")
def test_what_others_forget_meanwhile_is_read_whole(rows: Rows) -> None:
    surroundings = Surroundings(most=0)

    def learn(row: Sequence[Any]) -> list[Around]:
        return [surroundings.learn(row) for _ in range(TIMES)]

    learnt = at_once(learn, islice(cycle(rows), 4))
    assert learnt == [[around] * TIMES for around in islice(cycle((NOBODY_MOVED, AROUND_COLLEAGUE)), 4)]
