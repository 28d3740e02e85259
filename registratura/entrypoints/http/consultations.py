"""The doctor's side of the API: the day, the end of a consultation, the offer to close a sick leave."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from returns.pipeline import is_successful
from starlette.requests import Request
from starlette.responses import Response

from registratura.application.ports.consultations import LeaveOffer, Planned
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import Appointment, ClosedAppointment, Outcome
from registratura.domain.chats import ConsultationChat
from registratura.domain.consultations import EndRefusal
from registratura.domain.identifiers import AppointmentId, PatientId, ResourceId
from registratura.domain.moments import day_bounds
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http import texts
from registratura.entrypoints.http.bodies import bounded_body
from registratura.entrypoints.http.exchanges import exchange_in
from registratura.entrypoints.http.fields import Fields
from registratura.entrypoints.http.problems import Json, Problem
from registratura.entrypoints.http.wire import is_id, read_object

BODY_LIMIT = 64 * 1024
_STATUS = {EndRefusal.UNKNOWN: 404, EndRefusal.CANCELLED: 409, EndRefusal.MISSED: 409}
_BOOKED = "booked"
_CLOSED = {
    Outcome.SERVED: "ended",
    Outcome.NOT_ARRIVED: "missed",
    Outcome.CANCELLED: "cancelled",
    Outcome.CANCELLED_BY_PATIENT: "cancelled",
}
STATES = (_BOOKED, *dict.fromkeys(_CLOSED.values()))


async def day(request: Request, product: Registratura) -> Response:
    """`GET /api/v1/consultations?resource_id=&day=`: a doctor's consultations of one day on the clinic's clocks."""
    fields = Fields.of(request.query_params, ("resource_id", "day"))
    doctor, asked = ResourceId(fields.id("resource_id")), fields.day("day")
    fields.require_right("query.fields")
    found = await product.storage.read(lambda tx: tx.schedule.doctors({doctor}).get(doctor))
    if found is None:
        raise Problem(404, "resource.unknown", texts.RESOURCE_UNKNOWN)
    zone = found[1].zone
    try:
        begins, ends = (moment.astimezone(UTC) for moment in day_bounds(asked, zone))
    except OverflowError:
        fault = {"field": "day", "detail": texts.FIELD_DAY}
        raise Problem(400, "query.fields", texts.BAD_FIELDS, [fault]) from None
    seen = await product.storage.read(lambda tx: _seen(doctor, begins, ends, tx))
    rows = [_row(one, chat, zone) for one, chat in seen]
    return Json({"resource_id": doctor, "day": asked, "consultations": rows})


def _seen(
    doctor: ResourceId, begins: datetime, ends: datetime, tx: Transaction
) -> Sequence[tuple[Planned, ConsultationChat | None]]:
    planned = tx.consultations.of_doctor(doctor, begins, ends)
    chats = tx.chats.of([_booked(one).id for one in planned])
    return [(one, chats.get(_booked(one).id)) for one in planned]


def _booked(planned: Planned) -> Appointment:
    held = planned.held
    return held.appointment if isinstance(held, ClosedAppointment) else held


def _row(planned: Planned, chat: ConsultationChat | None, zone: ZoneInfo) -> dict[str, Any]:
    held, patient, end = planned.held, planned.patient, planned.end
    booked = _booked(planned)
    return {
        "booking_id": booked.id,
        "state": _CLOSED[held.outcome] if isinstance(held, ClosedAppointment) else _BOOKED,
        "starts": booked.starts.astimezone(zone),
        "ends": booked.ends.astimezone(zone),
        "ended_at": _local(end.ended_at if end is not None else None, zone),
        "patient_id": patient.id,
        "patient_name": patient.name.full,
        "patient_birthdate": patient.born,
        "purpose": planned.purpose.name if planned.purpose is not None else None,
        "chat": _chat(chat) if chat is not None else None,
    }


def _chat(chat: ConsultationChat) -> dict[str, Any]:
    return {
        "state": chat.state.value,
        "link": chat.link if chat.is_open else None,
        "missing": sorted(side.value for side in chat.missing_sides),
    }


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment is not None else None


async def open_chat(request: Request, product: Registratura) -> Response:
    """`POST /api/v1/consultations/{booking_id}/chat`: somebody has looked, and another chat is to be made."""
    booking = request.path_params["id"].lower()
    chat = await product.make_another_chat(AppointmentId(booking)) if is_id(booking) else None
    if chat is None:
        raise Problem(404, "chat.unknown", texts.CHAT_UNKNOWN)
    return Json({"booking_id": chat.appointment, "chat": _chat(chat)}, status_code=202)


async def end(request: Request, product: Registratura) -> Response:
    """`POST /api/v1/consultations/{booking_id}/end`: whoever booked is told once; again corrects the time."""
    body = await bounded_body(request, BODY_LIMIT)
    fields = Fields.of(read_object(body) if body.strip() else {}, ("ended_at", "resource_id"))
    zone = product.settings.region.timezone
    ended_at, held_by = fields.moment("ended_at", zone), fields.id_or_none("resource_id")
    fields.require_right()
    booking = request.path_params["id"].lower()
    if not is_id(booking):
        raise _end_problem(EndRefusal.UNKNOWN)
    verdict = await product.end_consultation(
        AppointmentId(booking), ended_at, ResourceId(held_by) if held_by is not None else None
    )
    if not is_successful(verdict):
        exchange_in(request.scope).outcome = verdict.failure().value
        raise _end_problem(verdict.failure())
    recorded = verdict.unwrap()
    return Json({"booking_id": recorded.appointment, "ended_at": recorded.ended_at.astimezone(zone)})


def _end_problem(reason: EndRefusal) -> Problem:
    return Problem(_STATUS.get(reason, 422), f"consultation.{reason.value}", texts.END_REFUSALS[reason])


async def offer_leave_closing(request: Request, product: Registratura) -> Response:
    """`POST /api/v1/sick-leave-offers`: the patient is told once for each sick leave, unless `again` is true."""
    given = read_object(await bounded_body(request, BODY_LIMIT))
    known = ("patient_id", "resource_id", "number", "opened_on", "until", "comment", "again")
    fields = Fields.of(given, known)
    offer = LeaveOffer(
        id=product.ids.new(),
        patient=PatientId(fields.id("patient_id")),
        doctor=ResourceId(fields.id("resource_id")),
        number=fields.id("number"),
        opened_on=fields.day("opened_on"),
        until=fields.day("until"),
        comment=fields.text("comment"),
        offered_at=product.clock.now(),
    )
    again = fields.flag("again")
    if offer.until < offer.opened_on:
        fields.fault("until", texts.FIELD_NOT_BEFORE.format(other="opened_on"))
    fields.require_right()
    verdict = await product.offer_leave_closing(offer, again=again)
    if not is_successful(verdict):
        field = verdict.failure().field
        fault = {"field": field, "detail": texts.NOBODY_THERE[field]}
        raise Problem(422, f"{field.removesuffix('_id')}.unknown", texts.BAD_FIELDS, [fault])
    return Json({"reachable": verdict.unwrap().reachable}, status_code=201)
