"""Messages in the shape of those the FER profile prints, flaws included (I-20, I-21, I-46)."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registratura.adapters.load import open_source, read_records
from registratura.application.ports.spool import Line, RefusedLine
from registratura.domain.organisations import Organisation

FOLDER = Path(__file__).parents[2] / "data" / "fer"
ZONE = ZoneInfo("Europe/Moscow")


def read_file(name: str) -> list[Line | RefusedLine]:
    with open_source(str(FOLDER / name)) as source:
        return list(read_records(source, ZONE))


@pytest.mark.req("FER-074", "FER-076")
def test_the_printed_organisation_lacks_only_its_age_group() -> None:
    name = "organisation-with-the-flaws-of-the-printed-one.json"
    (line,) = read_file(name)
    assert isinstance(line, RefusedLine)
    assert [fault.field for fault in line.faults] == ["tag_age"]
    whole = json.loads((FOLDER / name).read_text())
    whole["data"][0]["tag_age"] = "ALL"
    (mended,) = read_records([json.dumps(whole).encode()], ZONE)
    assert isinstance(mended, Line)
    assert isinstance(mended.record, Organisation)


@pytest.mark.req("FER-114")
@pytest.mark.parametrize("name", ["slots-with-one-id.json", "slot-in-the-place-of-another.json"])
def test_the_printed_slots_are_read(name: str) -> None:
    assert {(type(line), line.kind) for line in read_file(name)} == {(Line, "slot")}


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("booking-request.json", "это запрос на запись: отправьте его на POST /booking/book"),
        ("cancel-request.json", "это запрос на отмену записи: отправьте его на POST /booking/cancel"),
        ("cancel-answer.json", "это ответ на запись или отмену"),
    ],
)
def test_messages_for_another_door_are_sent_there(name: str, advice: str) -> None:
    (line,) = read_file(name)
    assert isinstance(line, RefusedLine)
    assert line.reason.startswith(advice)


def test_messages_between_gateway_and_sender_are_no_records() -> None:
    for message in ({"isSuccess": False, "errors": []}, {"username": "u", "password": "p"}):
        (line,) = read_records([json.dumps(message).encode()], ZONE)
        assert isinstance(line, RefusedLine)
        assert line.reason.startswith("это ")
