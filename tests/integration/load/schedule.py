"""A schedule of any size, everybody in it invented."""

import gzip
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tests.unit.load.examples import Raw, made, ndjson

DOCTORS = 100
FIRST = datetime(2026, 3, 2, 8, 0)  # noqa: DTZ001  # local time of the organisation


def doctor_id(number: int) -> str:
    return f"20000000-0000-0000-0000-{number:012}"


def slot_id(number: int) -> str:
    return f"{number * 2_654_435_761 % 2**32:08x}-0000-0000-0000-{number:012}"


def schedule(slots: int) -> list[Raw]:
    """An organisation, its doctors and *slots* times, doctor after doctor."""
    doctors = [made("resource", id=doctor_id(number)) for number in range(DOCTORS)]
    return [made("mo"), *doctors, *(_slot(number) for number in range(slots))]


def _slot(number: int) -> Raw:
    place, doctor = divmod(number, DOCTORS)
    visit = FIRST + timedelta(minutes=20 * place)
    return made("slot", id=slot_id(number), resource_id=doctor_id(doctor), visit_time=visit.isoformat())


def write_packed(file: Path, records: Sequence[Raw]) -> Path:
    file.write_bytes(gzip.compress(ndjson(records), compresslevel=1))
    return file
