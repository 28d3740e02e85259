"""What holds for every load: no order matters, nothing happens twice, nothing raises."""

import asyncio
import gzip
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registratura.adapters.load import Limits
from registratura.adapters.load.fields import Fields
from registratura.adapters.load.schedules import plain_slot, slot
from registratura.application.load import Counts
from registratura.application.ports.spool import RefusedLine
from registratura.testing.memory import MemoryStorage
from tests.unit.load.examples import GOOD, REGION, Raw, everything, loader, made, ndjson, read

SLOTS = [
    made("slot", id=f"30000000-0000-0000-0000-{number:012}", visit_time=f"2026-03-03T{number:02}:00:00")
    for number in range(8, 16)
]
ALL = [*everything(), *SLOTS]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def loaded(storage: MemoryStorage, records: list[Raw], batch: int) -> Counts:
    return asyncio.run(loader(storage, batch=batch)(read(ndjson(records)))).total


@given(order=st.permutations(ALL), batch=st.integers(1, 30))
def test_any_order_of_a_load_ends_in_the_same_state(order: list[Raw], batch: int) -> None:
    storage, straight = MemoryStorage(), MemoryStorage()
    assert loaded(storage, order, batch) == Counts(created=len(ALL))
    loaded(straight, ALL, 1000)
    assert storage.state == straight.state


@given(order=st.permutations(ALL), cut=st.integers(0, len(ALL)), batch=st.integers(1, 30))
def test_a_load_that_broke_off_is_completed_by_repeating_it(order: list[Raw], cut: int, batch: int) -> None:
    storage, straight = MemoryStorage(), MemoryStorage()
    part = loaded(storage, order[:cut], batch)
    again = loaded(storage, order, batch)
    assert again == Counts(created=len(ALL) - part.created, same=part.created)
    assert loaded(storage, order, batch) == Counts(same=len(ALL))
    loaded(straight, ALL, 1000)
    assert storage.state == straight.state


@given(kind=st.sampled_from(list(GOOD)), data=st.data())
def test_any_value_of_any_field_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    changes = st.dictionaries(
        st.sampled_from([*GOOD[kind], "area", "checks", "note_age_to", "snils", "max_phone"]), anything
    )
    raw: dict[str, Any] = made(kind) | data.draw(changes)
    for form in (json.dumps(raw), json.dumps([raw])):
        (line,) = read(form.encode())
        assert not isinstance(line, RefusedLine) or all(fault.reason for fault in line.faults)


@given(
    changes=st.dictionaries(
        st.sampled_from([*GOOD["slot"], "note_text"]),
        anything
        | st.sampled_from(
            [" ", 20.0, True, "20", " ONLINE", "ONLINE\x1f", "2026-02-30T10:00:00", SLOTS[0]["id"] + " "]
        ),
        max_size=2,
    )
)
def test_a_plain_slot_is_read_as_any_other(changes: dict[str, Any]) -> None:
    raw = made("slot") | changes
    fields = Fields(raw, REGION)
    plain = plain_slot(raw)
    assert plain is None or (plain == slot(fields) and not fields.faults)
    assert plain is not None or changes


@given(value=anything)
def test_any_json_is_refused_without_raising(value: object) -> None:
    for text in (json.dumps(value), json.dumps([value]), json.dumps({"data": [value]})):
        assert all(isinstance(line, RefusedLine) for line in read(text.encode()))


@given(
    data=st.binary(max_size=200),
    opening=st.sampled_from([b"", b"[", b'{"data":[', b"{\n", b"\xef\xbb\xbf", b"\x1f\x8b\x08\0", b"\xff\xfe"]),
    chunk=st.integers(1, 50),
)
def test_any_bytes_are_refused_without_raising(data: bytes, opening: bytes, chunk: int) -> None:
    limits = Limits(record=64)
    for stream in (opening + data, gzip.compress(opening + data)):
        assert all(isinstance(line, RefusedLine) for line in read(stream, limits, chunk=chunk))


@given(cut=st.integers(0, 4000), form=st.sampled_from(["lines", "array", "envelope"]), chunk=st.integers(1, 500))
def test_a_load_cut_anywhere_gives_all_records_before_the_cut(cut: int, form: str, chunk: int) -> None:
    whole = {
        "lines": ndjson(SLOTS),
        "array": json.dumps(SLOTS).encode(),
        "envelope": json.dumps({"data": SLOTS}, indent=1).encode(),
    }[form]
    ends = whole[:cut].count(b"}") if cut < len(whole) else len(SLOTS)
    lines = read(whole[:cut], chunk=chunk)
    good = [line.id for line in lines if not isinstance(line, RefusedLine)]
    assert good == [slot["id"] for slot in SLOTS[:ends]]
    assert all(isinstance(line, RefusedLine) for line in lines[ends:])
    assert len(lines) <= ends + 1
