"""Loading: any order, every record settled on its own, nothing twice."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs
import pytest

from registratura.adapters.load import read_records, temporary_spool
from registratura.application.load import Counts, LoadReport
from registratura.application.ports.spool import Line, RefusedLine
from registratura.application.ports.storage import Transaction
from registratura.application.records import Clash, Orphan
from registratura.testing.memory import MemoryStorage, State
from tests.unit.load.examples import (
    BOOK,
    DOCTOR,
    GOOD,
    MO,
    OTHER_DOCTOR,
    PARENT,
    REGION,
    SLOT,
    Raw,
    everything,
    loader,
    made,
    ndjson,
    read,
)

pytestmark = pytest.mark.anyio

T = TypeVar("T")

SECOND_SLOT = SLOT[:-1] + "2"
BASE = [made("mo"), made("resource")]


async def load(storage: MemoryStorage, records: Iterable[object], *, batch: int = 1000, kept: int = 1000) -> LoadReport:
    return await loader(storage, batch=batch, kept=kept)(read(ndjson(records)))


def refused(report: LoadReport) -> list[tuple[int, str | None, str | None, str]]:
    return [(line.number, line.kind, line.id, line.code) for line in report.refused]


@attrs.define(eq=False)
class Watched(MemoryStorage):
    """Notes how many records each transaction added."""

    added: list[int] = attrs.field(factory=list)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        before = _size(self.state)
        value = await super().transact(work)
        self.added.append(_size(self.state) - before)
        return value


def _size(state: State) -> int:
    return sum(len(getattr(state, field.name)) for field in attrs.fields(State) if field.name != "loaded_patients")


@pytest.mark.parametrize("batch", [1, 3, 1000])
async def test_references_may_come_after_those_who_refer(batch: int) -> None:
    report = await load(MemoryStorage(), everything(), batch=batch)
    assert report.is_complete
    assert report.counts == {kind: Counts(created=2 if kind == "patient" else 1) for kind in GOOD}
    assert report.total == Counts(created=len(GOOD) + 1)


async def test_the_same_load_twice_changes_nothing() -> None:
    storage = MemoryStorage()
    await load(storage, everything())
    before = storage.state
    report = await load(storage, everything())
    assert report.total == Counts(same=len(GOOD) + 1)
    assert report.total.loaded == len(GOOD) + 1
    assert storage.state == before


async def test_a_changed_record_is_counted_as_changed() -> None:
    storage = MemoryStorage()
    await load(storage, everything())
    report = await load(storage, [made("slot", tag_age="CHILD"), made("speciality")])
    assert report.counts == {"speciality": Counts(same=1), "slot": Counts(changed=1)}


async def test_what_is_wrong_is_refused_and_the_rest_is_loaded() -> None:
    report = await load(
        MemoryStorage(), [*BASE, made("slot", duration=0), made("slot", id=SECOND_SLOT), {"kind": "tram"}]
    )
    assert refused(report) == [(3, "slot", SLOT, "R-310"), (5, None, None, "R-310")]
    assert not report.is_complete
    assert report.counts["slot"] == Counts(created=1, refused=1)
    assert report.counts["unknown"] == Counts(refused=1)


@pytest.mark.req("FER-116", "FER-118")
async def test_the_second_record_with_an_id_is_refused_and_the_first_is_loaded() -> None:
    storage = MemoryStorage()
    other = made("resource", id=OTHER_DOCTOR)
    slots = [made("slot"), made("slot", resource_id=OTHER_DOCTOR)]
    report = await load(storage, [*slots, *BASE, other])
    assert refused(report) == [(2, "slot", SLOT, "R-310")]
    assert report.refused[0].reason.startswith(
        f"В слоте с идентификатором '{SLOT}': Уникальный идентификатор слота [id] имеет дубликат внутри запроса"
    )
    assert storage.state.slots[SLOT].opening.resource == DOCTOR


async def test_a_malformed_record_does_not_use_up_its_id() -> None:
    report = await load(MemoryStorage(), [*BASE, made("slot", duration="x"), made("slot")])
    assert report.counts["slot"] == Counts(created=1, refused=1)


async def test_one_id_may_serve_records_of_two_kinds() -> None:
    report = await load(MemoryStorage(), [*BASE, made("slot"), made("service", id=SLOT)])
    assert report.is_complete


@pytest.mark.req("FER-120")
async def test_a_slot_in_the_place_of_another_is_refused_with_the_others_id() -> None:
    storage = MemoryStorage()
    report = await load(storage, [*BASE, made("slot"), made("slot", id=SECOND_SLOT)])
    assert refused(report) == [(4, "slot", SECOND_SLOT, "R-330")]
    assert f"[{SLOT}]" in report.refused[0].reason
    assert "resource_id, visit_time" in report.refused[0].reason
    assert SECOND_SLOT not in storage.state.slots


@pytest.mark.req("FER-077", "FER-081")
async def test_an_organisation_with_the_name_of_another_is_refused() -> None:
    twin = MO[:-1] + "2"
    report = await load(MemoryStorage(), [made("mo"), made("mo", id=twin)])
    assert refused(report) == [(2, "mo", twin, "R-330")]
    assert report.refused[0].faults[0].field == "name"


@pytest.mark.parametrize("batch", [1, 1000])
async def test_a_place_that_is_cleared_later_in_the_load_is_free(batch: int) -> None:
    storage = MemoryStorage()
    await load(storage, [*BASE, made("slot")])
    newcomer = made("slot", id=SECOND_SLOT)
    moved = made("slot", visit_time="2026-03-02T10:00:00")
    report = await load(storage, [newcomer, moved], batch=batch)
    assert report.counts == {"slot": Counts(created=1, changed=1)}


async def test_a_whole_row_of_slots_may_move_on_by_one_place() -> None:
    storage = MemoryStorage()
    ids = [f"30000000-0000-0000-0000-{hour:012}" for hour in range(9, 14)]

    def row(first: int) -> list[Raw]:
        return [made("slot", id=which, visit_time=f"2026-03-02T{first + n:02}:00:00") for n, which in enumerate(ids)]

    await load(storage, [*BASE, *row(9)])
    assert (await load(storage, row(10))).counts == {"slot": Counts(changed=5)}
    assert (await load(storage, row(9)[::-1])).counts == {"slot": Counts(changed=5)}


@pytest.mark.req("FER-055")
async def test_what_refers_to_nothing_is_refused_by_name() -> None:
    report = await load(MemoryStorage(), [made("book"), made("slot"), made("mo"), made("resource", duration=1)])
    assert refused(report) == [(4, "resource", DOCTOR, "R-310"), (2, "slot", SLOT, "R-330"), (1, "book", BOOK, "R-330")]
    assert report.refused[1].reason == (
        f"resource_id: нет такого resource_id: {DOCTOR}: загрузите его вместе с этой записью или раньше неё"
    )


async def test_a_booking_that_changes_hands_is_refused() -> None:
    storage = MemoryStorage()
    await load(storage, everything())
    report = await load(storage, [made("book", patient_id=PARENT)])
    assert refused(report) == [(1, "book", BOOK, "R-330")]
    assert "под новым идентификатором" in report.refused[0].reason


async def test_every_refusal_is_told_although_few_are_kept() -> None:
    told: list[RefusedLine] = []
    bad: list[Raw] = [made("slot", id=SLOT[:-2] + f"{number:02}") for number in range(10)]
    report = await loader(MemoryStorage(), batch=3, kept=4)(read(ndjson(bad)), on_refused=told.append)
    assert len(report.refused) == 4
    assert report.total.refused == len(told) == 10
    assert [line.number for line in told] == list(range(1, 11))


async def test_progress_counts_the_lines_and_transactions_stay_small() -> None:
    storage = Watched()
    seen: list[int] = []
    await loader(storage, batch=4)(read(ndjson(everything())), progress=seen.append)
    assert seen == [4, 8, 12, 15]
    assert sum(storage.added) == 15
    assert max(storage.added) <= 4


async def test_files_of_one_load_are_told_apart() -> None:
    lines = [
        *read_records([ndjson([made("slot")])], REGION, source="slots.ndjson"),
        *read_records([ndjson([*BASE, made("book")])], REGION, source="rest.ndjson"),
    ]
    report = await loader(MemoryStorage())(lines)
    assert [(line.source, line.number, line.kind) for line in report.refused] == [("rest.ndjson", 3, "book")]


def test_the_spool_keeps_what_waits() -> None:
    line = next(iter(read(ndjson([made("slot", update_ts={"anything": "at all"})]))))
    assert isinstance(line, Line)
    with temporary_spool(REGION) as spool:
        spool.put(line, Orphan("mo_id", MO))
        (waiting,) = spool.waiting("slot", 0, 10)
        assert (waiting.line, waiting.obstacle) == (line, Orphan("mo_id", MO))
        clash = Clash(("resource_id", "visit_time"), SECOND_SLOT)
        spool.update(waiting.ticket, clash)
        assert [held.obstacle for held in spool.waiting("slot", 0, 10)] == [clash]
        assert spool.waiting("slot", waiting.ticket, 10) == []
        assert spool.waiting("mo", 0, 10) == []
        spool.drop(waiting.ticket)
        assert spool.waiting("slot", 0, 10) == []


async def test_a_booked_slot_is_not_moved_under_the_patient() -> None:
    storage = MemoryStorage()
    await load(storage, everything())
    report = await load(storage, [made("slot", duration=30)])
    [refused] = report.refused
    assert refused.code == "R-330"
    assert "сначала перенесите или отмените её" in refused.reason
