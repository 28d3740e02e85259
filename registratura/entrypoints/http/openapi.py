"""The API as an OpenAPI 3.1 document: `/openapi.json`. Its words are Russian: `/docs` shows them to MIS teams."""

from importlib.metadata import version
from typing import Any

from registratura.application.availability import LONGEST
from registratura.domain.chats import ChatState, Side
from registratura.domain.refusals import BookingCode
from registratura.domain.schedule import AgeTag
from registratura.domain.telemedicine import Platform
from registratura.entrypoints.http import consultations, texts, wire
from registratura.entrypoints.http.fields import LONGEST_TEXT
from registratura.entrypoints.http.openapi_words import CODES, DESCRIPTIONS, FIELDS, OPERATIONS, RESPONSES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": wire.LONGEST_ID}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_DAY: Schema = {"type": "string", "format": "date"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_KEY: Schema = {"type": "string", "minLength": 1, "maxLength": wire.LONGEST_KEY, "pattern": "^[\\x20-\\x7e]+$"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    told = {name: schema | _told(name) for name, schema in properties.items()}
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": told}


def _told(name: str) -> Schema:
    return {"description": FIELDS[name]} if name in FIELDS else {}


_APPLICATION = _object(
    wire.REQUIRED,
    patient_id=_TEXT,
    slot_id=_TEXT,
    kind={"type": "string", "enum": list(wire.KINDS)},
    channel={"type": "string", "enum": list(wire.CHANNELS)},
    author_id=_nullable(_TEXT),
    purpose_id=_nullable(_TEXT),
    consent_version=_nullable(_TEXT),
    referral_id=_nullable(_TEXT),
)
_BOOKING_FIELDS: dict[str, Schema] = {
    "id": {"type": "string", "format": "uuid"},
    "status": {"type": "string", "enum": list(wire.STATUSES)},
    "status_code": {"enum": [5000, None]},
    "patient_id": _TEXT,
    "slot_id": _TEXT,
    "resource_id": _TEXT,
    "mo_id": _TEXT,
    "speciality_id": _nullable(_TEXT),
    "starts": _MOMENT,
    "ends": _MOMENT,
    "kind": {"type": "string", "enum": list(wire.KINDS)},
    "channel": {"type": "string"},
    "author_id": _nullable(_TEXT),
    "purpose_id": _nullable(_TEXT),
    "platform": {"enum": [*(platform.value for platform in Platform), None]},
    "referral_id": _nullable(_TEXT),
    "booked_at": _MOMENT,
}
_CONSULTATION_FIELDS: dict[str, Schema] = {
    "booking_id": {"type": "string", "format": "uuid"},
    "state": {"type": "string", "enum": list(consultations.STATES)},
    "starts": _MOMENT,
    "ends": _MOMENT,
    "ended_at": _nullable(_MOMENT),
    "patient_id": _TEXT,
    "patient_name": {"type": "string"},
    "patient_birthdate": _DAY,
    "purpose": _nullable({"type": "string"}),
    "chat": _nullable(_ref("Chat")),
}
_PROBLEM_FIELDS: dict[str, Schema] = {
    "type": {"const": "about:blank"},
    "title": {"type": "string"},
    "status": {"type": "integer"},
    "code": {"type": "string"},
    "detail": {"type": "string"},
    "request_id": {"type": "string", "format": "uuid"},
    "errors": {
        "type": "array",
        "items": _object(("field", "detail"), field={"type": "string"}, detail={"type": "string"}),
    },
}
_DAY_COUNT = _object(
    ("day", "resource_id", "tag_age", "available", "recorded"),
    day=_DAY,
    resource_id=_TEXT,
    tag_age={"type": "string", "enum": [tag.value for tag in AgeTag]},
    available=_COUNT,
    recorded=_COUNT,
)
_LOADED = _object(
    ("created", "changed", "same", "refused"), created=_COUNT, changed=_COUNT, same=_COUNT, refused=_COUNT
)
_REFUSED_RECORD = _object(
    ("line", "kind", "id", "code", "reason"),
    line=_COUNT,
    kind=_nullable({"type": "string"}),
    id=_nullable({"type": "string"}),
    code={"type": "string"},
    reason={"type": "string"},
)
_SCHEMAS: dict[str, Schema] = {
    "Application": _APPLICATION,
    "Booking": _object(tuple(_BOOKING_FIELDS), **_BOOKING_FIELDS),
    "Bookings": _object(("bookings",), bookings={"type": "array", "items": _ref("Booking")}),
    "Availability": _object(
        ("mo_id", "speciality_id", "from", "to", "counts"),
        **{"from": _DAY, "to": _DAY},
        mo_id=_TEXT,
        speciality_id=_TEXT,
        counts={"type": "array", "items": _DAY_COUNT},
    ),
    "LoadReport": _object(
        ("counts", "refused_total", "refused"),
        counts={"type": "object", "additionalProperties": _LOADED},
        refused_total=_COUNT,
        refused={"type": "array", "items": _REFUSED_RECORD},
    ),
    "Consultations": _object(
        ("resource_id", "day", "consultations"),
        resource_id=_TEXT,
        day=_DAY,
        consultations={"type": "array", "items": _object(tuple(_CONSULTATION_FIELDS), **_CONSULTATION_FIELDS)},
    ),
    "Chat": _object(
        ("state", "link", "missing"),
        state={"type": "string", "enum": [state.value for state in ChatState]},
        link=_nullable({"type": "string"}),
        missing={"type": "array", "items": {"type": "string", "enum": [side.value for side in Side]}},
    ),
    "OpeningChat": _object(("booking_id", "chat"), booking_id={"type": "string", "format": "uuid"}, chat=_ref("Chat")),
    "End": _object((), ended_at=_MOMENT, resource_id=_nullable(_TEXT)),
    "Ended": _object(("booking_id", "ended_at"), booking_id={"type": "string", "format": "uuid"}, ended_at=_MOMENT),
    "LeaveOffer": _object(
        ("patient_id", "resource_id", "number", "opened_on", "until"),
        patient_id=_TEXT,
        resource_id=_TEXT,
        number=_TEXT,
        opened_on=_DAY,
        until=_DAY,
        comment={"type": "string", "maxLength": LONGEST_TEXT},
        again={"type": "boolean", "default": False},
    ),
    "LeaveOffered": _object(("reachable",), reachable={"type": "boolean"}),
    "Problem": _object(("type", "title", "status", "code", "detail", "request_id"), **_PROBLEM_FIELDS),
}


def _problems(*statuses: int) -> Schema:
    """The problems of an operation; those that every operation may have are added."""
    return {
        str(status): {
            "description": RESPONSES.get(status, texts.TITLES[status]),
            "content": {"application/problem+json": {"schema": _ref("Problem")}},
        }
        for status in sorted({*statuses, 401, 500, 503})
    }


def _json(status: int, schema: str) -> Schema:
    return {str(status): {"description": RESPONSES[status], "content": {"application/json": {"schema": _ref(schema)}}}}


def _query(name: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema} | _told(name)


_BY_KEY = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": _KEY} | _told("Idempotency-Key")
_BY_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT} | _told("id")


def _operation(name: str, responses: Schema, **more: Any) -> Schema:  # noqa: ANN401  # parts of an operation
    summary, description = OPERATIONS[name]
    return {"operationId": name, "summary": summary, "description": description, **more, "responses": responses}


def _body(**contents: Schema) -> Schema:
    media = {"json": "application/json", "ndjson": "application/x-ndjson"}
    return {"required": True, "content": {media[name]: {"schema": schema} for name, schema in contents.items()}}


_AVAILABILITY_QUERY = [
    _query("mo_id", _TEXT, required=True),
    _query("speciality_id", _TEXT, required=True),
    _query("from", _DAY),
    _query("to", _DAY),
    _query("online", {"type": "boolean", "default": False}),
]
_REFUSALS = "\n".join(f"- {int(code)}: {CODES[code]}" for code in BookingCode if code is not BookingCode.BOOKED)

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Регистратура",
        "version": version("registratura"),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "description": DESCRIPTIONS["api"].format(codes=_REFUSALS),
    },
    "servers": [{"url": "/"}],
    "security": [{"token": []}],
    "paths": {
        "/api/v1/bookings": {
            "post": _operation(
                "book",
                _json(201, "Booking") | _json(202, "Booking") | _problems(400, 408, 409, 413, 422),
                parameters=[_BY_KEY],
                requestBody=_body(json=_ref("Application")),
            ),
            "get": _operation(
                "listBookings",
                _json(200, "Bookings") | _problems(400),
                parameters=[_query("patient_id", _TEXT, required=True)],
            ),
        },
        "/api/v1/bookings/{id}": {
            "delete": _operation(
                "cancelBooking",
                _json(202, "Booking") | {"204": {"description": RESPONSES[204]}} | _problems(400, 404, 409, 422),
                parameters=[_BY_ID, _BY_KEY],
            ),
        },
        "/api/v1/consultations": {
            "get": _operation(
                "consultationsOfTheDay",
                _json(200, "Consultations") | _problems(400, 404),
                parameters=[_query("resource_id", _TEXT, required=True), _query("day", _DAY, required=True)],
            ),
        },
        "/api/v1/consultations/{id}/chat": {
            "post": _operation("openChat", _json(202, "OpeningChat") | _problems(404), parameters=[_BY_ID]),
        },
        "/api/v1/consultations/{id}/end": {
            "post": _operation(
                "endConsultation",
                _json(200, "Ended") | _problems(400, 404, 408, 409, 413, 422),
                parameters=[_BY_ID],
                requestBody=_body(json=_ref("End")) | {"required": False},
            ),
        },
        "/api/v1/sick-leave-offers": {
            "post": _operation(
                "offerLeaveClosing",
                _json(201, "LeaveOffered") | _problems(400, 408, 413, 422),
                requestBody=_body(json=_ref("LeaveOffer")),
            ),
        },
        "/api/v1/availability": {
            "get": _operation(
                "availability",
                _json(200, "Availability") | _problems(400, 404),
                parameters=_AVAILABILITY_QUERY,
            ),
        },
        "/api/v1/load": {
            "post": _operation(
                "load",
                _json(200, "LoadReport") | _json(207, "LoadReport") | _problems(408, 413),
                requestBody=_body(ndjson={"type": "string"}, json={"type": "array", "items": {"type": "object"}}),
            ),
        },
    },
    "components": {
        "schemas": _SCHEMAS,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": DESCRIPTIONS["token"]}},
    },
}
DOCUMENT["paths"]["/api/v1/availability"]["get"]["description"] += DESCRIPTIONS["longest"].format(longest=LONGEST)
