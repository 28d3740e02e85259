"""A whole invented region, from a packed file into a real database."""

import gzip
import json
import random
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registratura.adapters.load import RussianWording, open_source, read_records, temporary_spool
from registratura.adapters.sql.schema import migrate
from registratura.adapters.sql.storage import open_storage
from registratura.application.load import LoadRecords, LoadReport
from registratura.application.ports.storage import Storage
from registratura.emulators.region import Size, invent
from tests.unit.load.examples import made, ndjson

pytestmark = pytest.mark.anyio

ZONE = ZoneInfo("Europe/Moscow")
REGION = list(invent(7, date(2026, 3, 2), size=Size(organisations=4, doctors=40, days=7, patients=120)))


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    url = f"sqlite:///{tmp_path / 'registratura.db'}"
    migrate(url)
    async with open_storage(url) as opened:
        yield opened


async def load_file(storage: Storage, file: Path) -> LoadReport:
    load = LoadRecords(storage=storage, open_spool=lambda: temporary_spool(ZONE), wording=RussianWording())
    with open_source(str(file)) as source:
        return await load(read_records(source, ZONE))


async def test_a_region_loads_whole_in_any_order_and_but_once(storage: Storage, tmp_path: Path) -> None:
    shuffled = list(REGION)
    random.Random(3).shuffle(shuffled)
    lines, array = tmp_path / "region.ndjson.gz", tmp_path / "region.json"
    lines.write_bytes(gzip.compress(ndjson(shuffled)))
    array.write_text(json.dumps(REGION, ensure_ascii=False, indent=1))
    first = await load_file(storage, lines)
    assert [line.reason for line in first.refused] == []
    assert first.total.created == first.total.loaded == len(REGION)
    again = await load_file(storage, array)
    assert again.total.same == again.total.loaded == len(REGION)


async def test_moved_slots_find_their_places_whatever_comes_first(storage: Storage, tmp_path: Path) -> None:
    hours = range(9, 17)
    base = [made("mo"), made("resource")]

    def slots(shift: int) -> list[dict[str, object]]:
        return [
            made("slot", id=f"30000000-0000-0000-0000-{hour:012}", visit_time=f"2026-03-03T{hour + shift:02}:00:00")
            for hour in hours
        ]

    file = tmp_path / "slots.ndjson"
    file.write_bytes(ndjson([*base, *slots(0)]))
    await load_file(storage, file)
    file.write_bytes(ndjson(slots(1)))
    assert (await load_file(storage, file)).counts["slot"].changed == len(hours)
    assert (await load_file(storage, file)).counts["slot"].same == len(hours)


def test_memory_does_not_grow_with_the_load() -> None:
    def peak(records: int) -> int:
        tracemalloc.start()
        one = ndjson([made("slot")])

        def stream() -> Iterator[bytes]:
            packer = zlib.compressobj(wbits=31)
            for _ in range(records // 100):
                yield packer.compress(one * 100)
            yield packer.flush()

        assert sum(1 for _ in read_records(stream(), ZONE)) == records
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(6_000) < peak(1_000) + 1_000_000
