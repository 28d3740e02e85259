"""The forms in which a load may come, whole and broken."""

import gzip
import json
from collections.abc import Callable, Sequence

import pytest

from registratura.adapters.load import Limits
from registratura.application.ports.spool import Line, RefusedLine
from tests.unit.load.examples import GOOD, everything, made, ndjson, read

ALL = everything()


def as_array(records: Sequence[object]) -> bytes:
    return json.dumps(records, ensure_ascii=False).encode()


def as_spread_array(records: Sequence[object]) -> bytes:
    return json.dumps(records, ensure_ascii=False, indent=2).encode()


def as_envelope(records: Sequence[object]) -> bytes:
    return json.dumps({"data": records}, ensure_ascii=False, indent=4).encode()


def as_spread_objects(records: Sequence[object]) -> bytes:
    return b"\n".join(json.dumps(record, ensure_ascii=False, indent=1).encode() for record in records)


def as_dos_lines(records: Sequence[object]) -> bytes:
    return b"\r\n\r\n" + ndjson(records).replace(b"\n", b"\r\n")


FORMS = [ndjson, as_array, as_spread_array, as_envelope, as_spread_objects, as_dos_lines]
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "marked": lambda data: b"\xef\xbb\xbf" + data,
    "packed": gzip.compress,
    "packed and marked": lambda data: gzip.compress(b"\xef\xbb\xbf" + data),
    "packed in two": lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:]) + b"\0" * 512,
    "unfinished": lambda data: data.rstrip(),
    "spaced": lambda data: b" \n" * 3000 + data,
}


def reasons(lines: Sequence[Line | RefusedLine]) -> dict[int, str]:
    return {line.number: line.reason for line in lines if isinstance(line, RefusedLine)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapped", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_every_form_brings_the_same_records(
    form: Callable[[Sequence[object]], bytes], wrapped: Callable[[bytes], bytes], chunk: int
) -> None:
    lines = read(wrapped(form(ALL)), chunk=chunk)
    assert [(line.kind, line.id) for line in lines] == [(line.kind, line.id) for line in read(ndjson(ALL))]
    assert reasons(lines) == {}


def test_numbers_are_lines_of_the_file_or_places_in_the_array() -> None:
    slot = made("slot")
    assert [line.number for line in read(b"\n\n" + ndjson([slot]) + b"\n" + ndjson([slot]))] == [3, 5]
    assert [line.number for line in read(as_array([slot, slot]))] == [1, 2]


NOTHING = {
    "no bytes": b"",
    "empty lines": b"\n \r\n",
    "empty array": b"[]",
    "spaced array": b" [ ] ",
    "empty data": b'{"data": []}',
    "empty gzip": gzip.compress(b""),
}


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING)
def test_an_empty_load_is_no_fault(nothing: bytes) -> None:
    assert read(nothing) == []


@pytest.mark.parametrize(
    "broken", [b'{"kind": "slot", ', b"{'kind': 'slot'}", b'{"duration": NaN}', b"\xff\xfe\xfd", b"kind;id"]
)
def test_a_broken_line_stands_for_itself(broken: bytes) -> None:
    lines = read(ndjson([made("slot")]) + broken + b"\n" + ndjson([made("mo")]))
    assert [line.kind for line in lines] == ["slot", None, "mo"]
    assert reasons(lines) == {2: "строка не читается как JSON: исправьте её"}


@pytest.mark.parametrize("value", [None, True, 5, "слот", [made("slot")]])
def test_a_line_that_is_no_object_is_refused(value: object) -> None:
    assert reasons(read(ndjson([made("mo"), value]))) == {2: "нужен объект JSON с полем kind"}


def test_a_line_too_long_is_refused_alone_and_never_held() -> None:
    long = made("mo", name="П" * 5000)
    lines = read(ndjson([long, made("mo"), long]) + b"x" * 100_000, Limits(record=2000), chunk=64)
    assert [type(line) for line in lines] == [RefusedLine, Line, RefusedLine, RefusedLine]
    assert "длиннее 2000 байт" in reasons(lines)[1]


@pytest.mark.parametrize("broken", [b"nonsense", b'{"kind": }', b'{"a": NaN}', b"'", b"{1: 2}", b"[" * 100_000])
def test_a_broken_array_is_read_up_to_the_broken_place(broken: bytes) -> None:
    data = b"[" + json.dumps(made("slot")).encode() + b",\n " + broken + b", " + json.dumps(made("mo")).encode() + b"]"
    lines = read(data)
    assert [line.kind for line in lines] == ["slot", None]
    assert lines[1].number == 2
    assert "JSON нарушен в строке 2, столбце 2" in reasons(lines)[2]


@pytest.mark.parametrize(
    "end",
    [b"", b",", b', {"kind"', b', {"kind": "mo"}', b', "', b", 12"],
    ids=["value", "comma", "key", "object", "text", "number"],
)
def test_an_array_that_breaks_off_is_told_so(end: bytes) -> None:
    lines = read(b"[" + json.dumps(made("slot")).encode() + end)
    assert isinstance(lines[0], Line)
    assert "JSON" in lines[-1].reason if isinstance(lines[-1], RefusedLine) else False


@pytest.mark.parametrize("tail", [b" x", b"]", b' {"kind": "mo"}'])
def test_what_follows_an_array_is_refused(tail: bytes) -> None:
    lines = read(as_array([made("slot")]) + tail)
    assert isinstance(lines[0], Line)
    assert "после конца массива" in reasons(lines)[2]


def test_a_number_at_the_edge_of_a_piece_stays_whole() -> None:
    lines = read(b"[" + b", ".join([b"1234567"] * 1000) + b"]", chunk=1)
    assert reasons(lines) == dict.fromkeys(range(1, 1001), "нужен объект JSON с полем kind")


def test_a_large_archive_is_unpacked_to_the_end() -> None:
    assert len(read(gzip.compress(ndjson([made("slot")] * 3000)), chunk=1000)) == 3000


def test_elements_without_commas_are_refused() -> None:
    one = json.dumps(made("slot")).encode()
    assert list(reasons(read(b"[" + one + b" " + one + b"]"))) == [2]


def test_text_in_another_encoding_is_told_so() -> None:
    in_array = json.dumps([made("mo")], ensure_ascii=False)
    assert "UTF-8" in reasons(read(in_array.encode("cp1251")))[1]
    assert "UTF-16" in reasons(read(in_array.encode("utf-16")))[1]


def test_half_a_surrogate_pair_never_gets_through() -> None:
    for form in (as_array, ndjson):
        data = form([made("mo", name="ПОЛОВИНА")]).replace("ПОЛОВИНА".encode(), rb"\ud83d")
        assert list(reasons(read(data))) == [1]


def test_an_archive_that_breaks_off_gives_what_it_had() -> None:
    data = gzip.compress(ndjson([made("slot", id=f"30000000-0000-0000-0000-{number:012}") for number in range(5000)]))
    lines = read(data[: len(data) // 2])
    assert isinstance(lines[0], Line)
    assert isinstance(lines[-1], RefusedLine)
    assert "архив gzip обрывается" in lines[-1].reason


def test_a_damaged_archive_is_told_so() -> None:
    data = bytearray(gzip.compress(ndjson(ALL)))
    data[len(data) // 2] ^= 0xFF
    assert "gzip повреждён" in read(bytes(data))[-1].reason  # type: ignore[union-attr]  # the last line is refused


@pytest.mark.parametrize("limits", [Limits(expanded=100_000), Limits(allowance=10_000, ratio=5)])
def test_an_archive_that_swells_beyond_reason_is_cut(limits: Limits) -> None:
    lines = read(gzip.compress(ndjson([made("slot")] * 5000)), limits)
    assert len(lines) < 5000
    assert "слишком большой файл" in lines[-1].reason  # type: ignore[union-attr]  # the last line is refused


def test_kinds_are_told_by_attributes_in_the_envelope_of_the_profile_only() -> None:
    fer = [
        kind
        for kind in GOOD
        if kind
        in ("mo", "resource", "service", "slot", "book", "referral", "unaccessable_period", "profilecode_resource")
    ]
    assert [line.kind for line in read(as_envelope([GOOD[kind] for kind in fer]))] == fer
    assert "по полям не понять" in reasons(read(as_envelope([{"id": "1"}])))[1]
    assert '"kind": "slot"' in reasons(read(ndjson([GOOD["slot"]])))[1]


@pytest.mark.parametrize("kind", ["slots", "", None, 5, ["slot"], "patients"])
def test_kinds_that_do_not_exist_are_refused(kind: object) -> None:
    (line,) = read(ndjson([{**GOOD["patient"], "kind": kind}]))
    assert isinstance(line, RefusedLine)
    assert line.kind is None
    assert "kind" in line.reason
