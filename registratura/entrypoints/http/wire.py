"""Bodies of the MIS API: what is asked for and what is answered."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from registratura.application.load import LoadReport
from registratura.application.ports.deciding import Fingerprint
from registratura.domain.appointments import Application, Appointment, Channel, VisitKind
from registratura.domain.confirmation import Declined, Kept, State
from registratura.domain.identifiers import PatientId, PurposeId, SlotId
from registratura.domain.refusals import BookingCode, CancelRefusal, Refusal
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.problems import Problem

LONGEST_KEY = 200
LONGEST_ID = 200
REQUIRED = ("patient_id", "slot_id")
_FIELDS = {*REQUIRED, "kind", "channel", "author_id", "purpose_id", "consent_version", "referral_id"}
CHANNELS = {channel.value: channel for channel in (Channel.PORTAL, Channel.CALL_CENTRE, Channel.REGISTRY)}
KINDS = {kind.value: kind for kind in VisitKind}
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
    words: dict[str, str] = {}
    faults = [_fault(name, texts.FIELD_MISSING) for name in REQUIRED if given.get(name) is None]
    for name, value in given.items():
        word = value.strip() if isinstance(value, str) else ""
        if name not in _FIELDS:
            faults.append(_fault(name, texts.FIELD_UNKNOWN))
        elif word and word.isprintable() and len(word) <= LONGEST_ID:
            words[name] = word
        elif value is not None:
            faults.append(_fault(name, texts.FIELD_TEXT))
    kind = KINDS.get(words["kind"]) if "kind" in words else VisitKind.APPOINTMENT
    channel = CHANNELS.get(words["channel"]) if "channel" in words else Channel.PORTAL
    if kind is None:
        faults.append(_fault("kind", texts.FIELD_ONE_OF.format(values=", ".join(KINDS))))
    if channel is None:
        faults.append(_fault("channel", texts.FIELD_ONE_OF.format(values=", ".join(CHANNELS))))
    if faults or kind is None or channel is None:
        raise Problem(400, "body.fields", texts.BAD_FIELDS, faults)
    author, purpose = words.get("author_id"), words.get("purpose_id")
    return Application(
        patient=PatientId(words["patient_id"]),
        slot=SlotId(words["slot_id"].lower()),
        kind=kind,
        channel=channel,
        author=PatientId(author) if author else None,
        purpose=PurposeId(purpose) if purpose else None,
        consent_version=words.get("consent_version"),
        referral=words.get("referral_id"),
    )


def _fault(field: str, detail: str) -> dict[str, str]:
    return {"field": field, "detail": detail}


_STATUSES = {State.PENDING: "pending", State.UNKNOWN: "pending", State.CANCELLING: "cancelling"}
CONFIRMED = "confirmed"
STATUSES = (CONFIRMED, *dict.fromkeys(_STATUSES.values()))


def booking_body(held: Appointment, zone: ZoneInfo, state: State | None = None) -> dict[str, Any]:
    """A booking in force, for `orjson`; times carry the offset of *zone*.

    *state* is where it stands with a clinic that decides itself: what it has not confirmed has no code of the profile.
    """
    status = _STATUSES.get(state, CONFIRMED) if state is not None else CONFIRMED
    return {
        "id": held.id,
        "status": status,
        "status_code": None if status == "pending" else 5000,
        "patient_id": held.patient,
        "slot_id": held.slot,
        "resource_id": held.resource,
        "mo_id": held.organisation,
        "speciality_id": held.speciality,
        "starts": held.starts.astimezone(zone),
        "ends": held.ends.astimezone(zone),
        "kind": held.kind,
        "channel": held.channel,
        "author_id": held.author,
        "purpose_id": held.purpose,
        "platform": held.platform,
        "referral_id": held.referral,
        "booked_at": held.booked_at.astimezone(zone),
    }


def refusal_problem(reason: Refusal | CancelRefusal | Declined | Kept) -> Problem:
    """A refusal of the rules or the clinic: 409 where another slot or a later moment may do, 404 unknown, else 422."""
    name = type(reason).__name__
    status = 409 if reason.code in _CONFLICTS or name in {"AlreadyCancelled", "AlreadyOver", "Kept"} else 422
    if name in {"AppointmentUnknown", "NotYours"}:
        status = 404
    field = {"field": "status_code", "detail": str(int(reason.code))}
    return Problem(status, f"booking.{name}", (texts.REFUSALS | texts.FROM_CLINIC)[name], [field])


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
