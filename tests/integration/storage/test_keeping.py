"""Several bookings in one statement: each is kept whole or not at all, and is told why not."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

import attrs
import pytest
from returns.pipeline import is_successful
from sqlalchemy import Engine, create_engine, text

from registratura.adapters.sql import SqlStorage, open_storage, races
from registratura.adapters.sql.engines import lane_parameters
from registratura.adapters.sql.keeping import KEEP_TOGETHER, KEPT, LOST
from registratura.adapters.sql.lanes import Lanes
from registratura.adapters.sql.prepared import Parameters
from registratura.application.ports.deciding import Answer, Fingerprint
from registratura.application.records import SlotRecord
from registratura.domain.identifiers import PatientId, ResourceId, SlotId
from registratura.domain.people import Patient
from registratura.testing.contracts.storage.deciding import taking, to_book
from registratura.testing.contracts.storage.region import (
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    booking,
    consent,
    load,
)
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio

PEOPLE = [attrs.evolve(STRANGER, id=PatientId(f"guest-{number}")) for number in range(8)]


@pytest.fixture
async def storage(migrated_postgres: str) -> AsyncIterator[SqlStorage]:
    async with open_storage(migrated_postgres, pool_size=2) as storage:
        await load(storage, *REGION, PEOPLE)
        yield storage


@pytest.fixture
def outsider(migrated_postgres: str) -> Iterator[Engine]:
    engine = create_engine(migrated_postgres)
    yield engine
    engine.dispose()


def wanted(who: Patient, at: SlotRecord, *, seen: int = 0, agreed: bool = False, key: str | None = None) -> Parameters:
    """One booking as the statement is told of it; its id is that of the patient."""
    held = booking(who.id, at, who)
    answer = Answer(Fingerprint("mis", key, "digest"), who.id, NOW) if key else None
    remembered = races.remembering(answer) if answer else {}
    return {**races.taking(held, consent(held) if agreed else None, None), **remembered, "seen": seen}


async def test_each_is_kept_whole_or_not_at_all(storage: SqlStorage, outsider: Engine) -> None:
    await storage.book(to_book(SLOTS[5].id), taking(booking("before", SLOTS[5])))
    moved = attrs.evolve(SLOTS[4], resource=ResourceId("somebody else"))
    asked = [
        (wanted(PEOPLE[0], SLOTS[0], agreed=True, key="one"), KEPT),
        (wanted(PEOPLE[1], SLOTS[1]), KEPT),
        (wanted(PEOPLE[2], SLOTS[2], agreed=True), KEPT),
        (wanted(PEOPLE[3], SLOTS[3], key="two"), KEPT),
        (wanted(PEOPLE[4], SLOTS[0], agreed=True, key="three"), LOST),
        (wanted(PEOPLE[5], SLOTS[5], agreed=True), LOST),
        (wanted(PEOPLE[6], SLOTS[4], seen=7), LOST),
        (wanted(PEOPLE[7], moved), LOST),
        (wanted(PEOPLE[1], SLOTS[4]), LOST),
    ]
    lanes = Lanes(lane_parameters(outsider.url), 1)
    told = await lanes.all(KEEP_TOGETHER.statement, KEEP_TOGETHER.parameters([one for one, _ in asked]))
    await lanes.close()

    assert [end for (end,) in told] == [end for _, end in asked]
    with outsider.connect() as connection:

        def column(statement: str) -> list[str]:
            return list(connection.scalars(text(statement)))

        assert column("SELECT id FROM appointment ORDER BY id") == ["before", *(who.id for who in PEOPLE[:4])]
        assert column("SELECT appointment_id FROM consent ORDER BY 1") == ["before", PEOPLE[0].id, PEOPLE[2].id]
        assert column("SELECT key || ' ' || answer FROM request ORDER BY 1") == ["one guest-0", "two guest-3"]
        taken = [*(at.id for at in SLOTS[:4]), SLOTS[5].id]
        assert column("SELECT id FROM slot WHERE status = 'RECORDED' ORDER BY id") == taken


_GROW = text("""
WITH one AS MATERIALIZED (SELECT * FROM slot WHERE id = :id)
INSERT INTO slot (id, organisation_id, resource_id, starts, minutes, local_day, status, channels, online, age, digest)
SELECT 'grown-' || n, organisation_id, resource_id, starts + n * interval '1 hour', minutes, local_day, 'AVAILABLE',
  channels, online, age, digest
FROM one, generate_series(30, 3029) AS numbers(n)
""")
_READ = text("SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_user_tables WHERE relname = 'slot'")

_CONNECTED = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'registratura' AND datname = current_database()"
)


async def test_plans_made_for_a_small_region_do_for_a_large_one(migrated_postgres: str, outsider: Engine) -> None:
    grown = [
        attrs.evolve(SLOTS[0], id=SlotId(f"grown-{hours}"), visit=SLOTS[0].visit + timedelta(hours=hours))
        for hours in range(30, 30 + len(SLOTS))
    ]
    async with open_storage(migrated_postgres, pool_size=2) as storage:
        await load(storage, *REGION, PEOPLE)
        await _book_all(storage, "before", SLOTS)
        with outsider.begin() as connection:
            connection.execute(_GROW, {"id": SLOTS[0].id})
        before = _read(outsider)
        await _book_all(storage, "after", grown)
    until(lambda: _nobody_is_connected(outsider), "every connection of ours has told what it read, and is gone")
    assert 0 < _read(outsider) - before < 500


async def _book_all(storage: SqlStorage, name: str, slots: Sequence[SlotRecord]) -> None:
    ended = await asyncio.gather(
        *(
            storage.book(to_book(at.id, who.id), taking(booking(f"{name}-{who.id}", at, who)))
            for at, who in zip(slots, PEOPLE, strict=False)
        )
    )
    assert all(map(is_successful, ended))


def _nobody_is_connected(outsider: Engine) -> bool:
    with outsider.connect() as connection:
        return not connection.execute(_CONNECTED).scalar_one()


def _read(outsider: Engine) -> int:
    with outsider.connect() as connection:
        return int(connection.execute(_READ).scalar_one())
