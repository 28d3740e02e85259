"""One good record of each kind, everybody invented, and how they are read and loaded."""

import json
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from registratura.adapters.load import Limits, RussianWording, read_records, temporary_spool
from registratura.application.load import LoadRecords
from registratura.application.ports.spool import Line, RefusedLine
from registratura.application.records import Record
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.testing.memory import MemoryStorage

Raw = dict[str, Any]

REGION = ZoneInfo("Europe/Samara")

MO = OrganisationId("10000000-0000-0000-0000-000000000001")
DOCTOR = ResourceId("20000000-0000-0000-0000-000000000001")
OTHER_DOCTOR = ResourceId("20000000-0000-0000-0000-000000000002")
SLOT = SlotId("30000000-0000-0000-0000-000000000001")
BOOK = AppointmentId("40000000-0000-0000-0000-000000000001")
PATIENT = PatientId("пациент-17")
PARENT = PatientId("пациент-18")

_MADE = {"create_ts": "2026-02-01T09:00:00"}

GOOD: dict[str, Raw] = {
    "mo": {
        "id": MO,
        "parent_id": "1.2.643.5.1.13.13.12.2.100.10001",
        "branch_oid": "1.2.643.5.1.13.13.12.2.100.10001.0.200001",
        "name": "Поликлиника на Облачной",
        "address": "Лугозёрск, ул. Облачная, 1",
        "enabled": "ALL",
        "tag_age": "ALL",
        **_MADE,
    },
    "resource": {
        "id": DOCTOR,
        "type": "SPECIALIST",
        "mo_id": MO,
        "enabled": "ATTACHED_REG",
        "post_id": "110",
        "speciality_id": "49",
        "snils": "00000000123",
        "last_name": "Облакова",
        "first_name": "Зоря",
        **_MADE,
    },
    "speciality": {"id": "49", "name": "Терапия"},
    "service": {
        "id": "50000000-0000-0000-0000-000000000001",
        "resource_id": DOCTOR,
        "code": "B01.047.001",
        **_MADE,
    },
    "slot": {
        "id": SLOT,
        "mo_id": MO,
        "resource_id": DOCTOR,
        "tag_type": "EPGU,ONLINE",
        "tag_age": "ADULT",
        "visit_time": "2026-03-02T09:20:00",
        "duration": 20,
        "status": "AVAILABLE",
        **_MADE,
    },
    "book": {
        "id": BOOK,
        "patient_id": PATIENT,
        "slot_id": SLOT,
        "status_code": 5000,
        "tag_source": "REG",
        "type": "APPOINTMENT",
        **_MADE,
    },
    "referral": {
        "id": "60000000-0000-0000-0000-000000000001",
        "patient_id": PATIENT,
        "type": "CONSULTATION",
        "speciality_id": "49",
        "to_post_name": "врач-терапевт участковый",
        "start_date": "2026-02-01T00:00:00",
        "to_mo_id": MO,
        "to_profile_code": "97",
        "status": "AVAILABLE",
        **_MADE,
    },
    "unaccessable_period": {
        "period_id": "70000000-0000-0000-0000-000000000001",
        "resource_id": DOCTOR,
        "reason": "VACATION",
        "beg_date": "2026-03-09T00:00:00",
        "end_date": "2026-03-15T23:59:59",
        **_MADE,
    },
    "profilecode_resource": {
        "id": "80000000-0000-0000-0000-000000000001",
        "resource_id": DOCTOR,
        "profile_code": "97",
        **_MADE,
    },
    "patient": {
        "id": PATIENT,
        "lastname": "Ветров",
        "firstname": "Лад",
        "birthdate": "1990-05-17",
        "gender": "1",
    },
    "attachment": {"patient_id": PATIENT, "mo_id": MO, "area": "7", "since": "2020-01-01"},
    "representation": {"representative_id": PARENT, "patient_id": PATIENT, "relation": "legal"},
    "purpose": {"id": "repeat", "name": "Повторная консультация"},
    "consent_document": {
        "id": "согласие-1",
        "patient_id": PATIENT,
        "booking_id": BOOK,
        "title": "Согласие на консультацию",
        "template_id": "5",
        "signing_method": "Электронно",
    },
}


def made(kind: str, **changes: object) -> Raw:
    """A good record of *kind* with some fields changed; None takes a field away."""
    raw = {"kind": kind, **GOOD[kind], **changes}
    return {name: value for name, value in raw.items() if value is not None}


def everything() -> list[Raw]:
    """A load in which every reference leads somewhere, in an order that suits nobody."""
    parent = made("patient", id=PARENT, lastname="Ветрова", firstname="Ясна", birthdate="1965-01-02", gender="2")
    return [*(made(kind) for kind in reversed(GOOD)), parent]


def ndjson(records: Iterable[object]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def read(data: bytes, limits: Limits | None = None, *, chunk: int = 1 << 16) -> list[Line | RefusedLine]:
    pieces = (data[start : start + chunk] for start in range(0, len(data), chunk))
    return list(read_records(pieces, REGION, limits=limits))


def read_one(raw: object) -> Line | RefusedLine:
    (line,) = read(ndjson([raw]))
    return line


def record_of(raw: object) -> Record:
    line = read_one(raw)
    assert isinstance(line, Line), getattr(line, "reason", "")
    return line.record


def faults_of(raw: object) -> dict[str | None, str]:
    """What is wrong with each field."""
    line = read_one(raw)
    assert isinstance(line, RefusedLine), "the record should have been refused"
    assert all(fault.code == "R-310" for fault in line.faults)
    return {fault.field: fault.reason for fault in line.faults}


def loader(storage: MemoryStorage, *, batch: int = 1000, kept: int = 1000) -> LoadRecords:
    return LoadRecords(
        storage=storage,
        open_spool=lambda: temporary_spool(REGION),
        wording=RussianWording(),
        batch=batch,
        kept=kept,
    )
