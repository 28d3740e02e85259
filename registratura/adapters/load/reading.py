"""A stream of bytes → lines ready to be stored, and lines refused with all that is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from registratura.adapters.load import texts, wire
from registratura.adapters.load.limits import Limits
from registratura.adapters.load.source import Broken, unpacked
from registratura.adapters.load.stream import Form, Unreadable, told_form, values
from registratura.application.ports.spool import Fault, Line, RefusedLine


def read_records(
    stream: Iterable[bytes], region: ZoneInfo, *, source: str = "", limits: Limits | None = None
) -> Iterator[Line | RefusedLine]:
    """Read a load in any of its forms: NDJSON, an array, the FER envelope; packed by gzip or not.

    *region* is the zone of organisations that name none; *source* is the file's name where a load has several. Never
    raises for what is in the stream: whatever cannot be read comes out refused.
    """
    bounds = limits or Limits()
    number = 0
    try:
        form, chunks = told_form(unpacked(stream, bounds))
        for number, value in values(form, chunks, bounds):
            yield _line(value, number, source, region, tell=form is Form.ENVELOPE)
    except Broken as broken:
        yield _refused(source, number + 1, None, None, [texts.whole_fault(str(broken))])


def _line(value: object, number: int, source: str, region: ZoneInfo, *, tell: bool) -> Line | RefusedLine:
    if isinstance(value, Unreadable):
        return _refused(source, number, None, None, [texts.whole_fault(value.reason)])
    if not isinstance(value, dict):
        return _refused(source, number, None, None, [texts.whole_fault(texts.NOT_OBJECT)])
    raw: Mapping[str, object] = value
    kind = wire.kind_of(raw, tell=tell)
    if isinstance(kind, Fault):
        return _refused(source, number, None, wire.id_of(None, raw), [kind])
    record = wire.read_record(kind, raw, region)
    name = wire.id_of(kind, raw)
    if isinstance(record, list):
        return _refused(source, number, kind, name, record)
    return Line(source=source, number=number, kind=kind, id=name or "", record=record, raw=raw)


def _refused(source: str, number: int, kind: str | None, id: str | None, faults: list[Fault]) -> RefusedLine:
    return RefusedLine(source=source, number=number, kind=kind, id=id, faults=tuple(faults))
