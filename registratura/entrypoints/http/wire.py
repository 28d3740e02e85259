"""Bodies of the MIS API: what is asked for and what is answered."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from registratura.application.load import LoadReport
from registratura.application.ports.storage import Fingerprint
from registratura.domain.appointments import Application, Appointment, Channel, VisitKind
from registratura.domain.identifiers import PatientId, PurposeId, SlotId
from registratura.domain.refusals import BookingCode, CancelRefusal, Refusal
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.problems import Problem

LONGEST_KEY = 200
LONGEST_ID = 200
_REQUIRED = ("patient_id", "slot_id")
_OPTIONAL = ("kind", "channel", "author_id", "purpose_id", "consent_version", "referral_id")
_CHANNELS = {channel.value: channel for channel in (Channel.PORTAL, Channel.CALL_CENTRE, Channel.REGISTRY)}
_KINDS = {kind.value: kind for kind in VisitKind}
_CONFLICTS = frozenset({BookingCode.TAKEN, BookingCode.ANNULLED, BookingCode.SAME_TIME, BookingCode.SAME_DOCTOR})


def is_id(text: str) -> bool:
    """Whether *text* may be an id: printable and not endless; what the databases take alike."""
    return text.isprintable() and 1 <= len(text) <= LONGEST_ID


def read_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in *body*; raises `Problem`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise Problem(400, "body.not_json", texts.NOT_JSON.format(place=broken.pos)) from None
    if not isinstance(value, dict):
        raise Problem(400, "body.not_object", texts.NOT_OBJECT)
    return value


def read_application(body: bytes) -> Application:
    """What a caller wants booked; raises `Problem` with every wrong field."""
    given = read_object(body)
    faults = [{"field": name, "detail": texts.FIELD_UNKNOWN} for name in given if name not in _REQUIRED + _OPTIONAL]
    faults += [{"field": name, "detail": texts.FIELD_MISSING} for name in _REQUIRED if given.get(name) is None]
    words = {name: value.strip() for name, value in given.items() if isinstance(value, str) and is_id(value.strip())}
    for name in _REQUIRED + _OPTIONAL:
        if given.get(name) is not None and name not in words:
            faults.append({"field": name, "detail": texts.FIELD_TEXT})
    for name, allowed in (("channel", _CHANNELS), ("kind", _KINDS)):
        if name in words and words[name] not in allowed:
            detail = texts.FIELD_ONE_OF.format(values=", ".join(allowed))
            faults.append({"field": name, "detail": detail})
    if faults:
        raise Problem(400, "body.fields", texts.BAD_FIELDS, faults)
    return Application(
        patient=PatientId(words["patient_id"]),
        slot=SlotId(words["slot_id"].lower()),
        kind=_KINDS[words.get("kind", VisitKind.APPOINTMENT.value)],
        channel=_CHANNELS[words.get("channel", Channel.PORTAL.value)],
        author=PatientId(words["author_id"]) if "author_id" in words else None,
        purpose=PurposeId(words["purpose_id"]) if "purpose_id" in words else None,
        consent_version=words.get("consent_version"),
        referral=words.get("referral_id"),
    )


def booking_body(held: Appointment, zone: ZoneInfo) -> dict[str, Any]:
    """A booking in force; times carry the offset of *zone*."""
    return {
        "id": held.id,
        "status_code": 5000,
        "patient_id": held.patient,
        "slot_id": held.slot,
        "resource_id": held.resource,
        "mo_id": held.organisation,
        "speciality_id": held.speciality,
        "starts": held.starts.astimezone(zone).isoformat(),
        "ends": held.ends.astimezone(zone).isoformat(),
        "kind": held.kind.value,
        "channel": held.channel.value,
        "author_id": held.author,
        "purpose_id": held.purpose,
        "platform": held.platform.value if held.platform else None,
        "referral_id": held.referral,
        "booked_at": held.booked_at.astimezone(zone).isoformat(),
    }


def refusal_problem(reason: Refusal | CancelRefusal) -> Problem:
    """A refusal of the rules: 409 where another slot or a later moment may do, 404 unknown, 422 otherwise."""
    name = type(reason).__name__
    status = 409 if reason.code in _CONFLICTS or name in {"AlreadyCancelled", "AlreadyOver"} else 422
    if name in {"AppointmentUnknown", "NotYours"}:
        status = 404
    field = {"field": "status_code", "detail": str(int(reason.code))}
    return Problem(status, f"booking.{name}", texts.REFUSALS[name], [field])


def report_body(report: LoadReport) -> dict[str, Any]:
    """How a load ended: counts by kind and the refused records."""
    return {
        "counts": {
            kind: {
                "created": counts.created,
                "changed": counts.changed,
                "same": counts.same,
                "refused": counts.refused,
            }
            for kind, counts in report.counts.items()
        },
        "refused_total": report.total.refused,
        "refused": [
            {"line": line.number, "kind": line.kind, "id": line.id, "code": line.code, "reason": line.reason}
            for line in report.refused
        ],
    }


def read_fingerprint(scope: str, key: str | None, body: bytes) -> Fingerprint | None:
    """The request under its idempotency key, if it came with one; raises `Problem` for a key of another shape."""
    if key is None:
        return None
    if not (key.isascii() and key.isprintable() and 1 <= len(key) <= LONGEST_KEY):
        raise Problem(400, "idempotency.shape", texts.KEY_SHAPE)
    return Fingerprint(scope, key, sha256(body).hexdigest())
