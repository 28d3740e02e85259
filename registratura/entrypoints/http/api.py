"""The API for MIS teams: `/api/v1`, a bearer token, JSON."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import orjson
from returns.pipeline import is_successful
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registratura.application.confirmation import Pending
from registratura.application.ports.deciding import KeyReused
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import Appointment
from registratura.domain.confirmation import State
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.domain.refusals import AppointmentUnknown, BookingCode
from registratura.entrypoints.composition import Registratura, TooLarge, receive
from registratura.entrypoints.http import consultations, texts, wire
from registratura.entrypoints.http.availability import availability
from registratura.entrypoints.http.bodies import bounded_body, header, steady_body, too_large
from registratura.entrypoints.http.exchanges import exchange_in
from registratura.entrypoints.http.problems import Json, Problem
from registratura.entrypoints.http.routing import Answer, route
from registratura.entrypoints.metrics import meters

BODY_LIMIT = 64 * 1024
LOAD_LIMIT = 512 * 1024 * 1024
_GONE = ""
"""What a cancellation answers: nothing."""

Handler = Callable[[Request, Registratura], Awaitable[Response]]


def routes(product: Registratura) -> list[Route]:
    """The API over *product*."""
    guarded = partial(_guarded, product)
    return [
        route("/api/v1/load", {"POST": guarded(load)}, has_deadline=False),
        route("/api/v1/availability", {"GET": guarded(availability)}),
        route("/api/v1/bookings", {"GET": guarded(listed), "POST": guarded(book)}),
        route("/api/v1/bookings/{id}", {"DELETE": guarded(cancel)}),
        route("/api/v1/consultations", {"GET": guarded(consultations.day)}),
        route("/api/v1/consultations/{id}/chat", {"POST": guarded(consultations.open_chat)}),
        route("/api/v1/consultations/{id}/end", {"POST": guarded(consultations.end)}),
        route("/api/v1/sick-leave-offers", {"POST": guarded(consultations.offer_leave_closing)}),
    ]


def _guarded(product: Registratura, handler: Handler) -> Answer:
    token = product.settings.api.token
    expected = token.reveal.encode() if token else b""

    def answer(request: Request) -> Awaitable[Response]:
        scheme, _, given = (header(request.scope, b"authorization") or "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), expected)
        if not expected or not known or scheme.lower() != "bearer":
            raise Problem(401, "api.token", texts.TOKEN_NEEDED, headers={"WWW-Authenticate": "Bearer"})
        return handler(request, product)

    return answer


async def load(request: Request, product: Registratura) -> Response:
    """`POST /api/v1/load`: NDJSON or a JSON array, gzip allowed; 200 when all was loaded, 207 when in part."""
    try:
        source = await receive(steady_body(request), LOAD_LIMIT)
    except TooLarge:
        raise too_large(LOAD_LIMIT) from None
    with closing(source.stream):
        report = await product.loading.run(source)
    return Json(wire.report_body(report), status_code=200 if report.is_complete else 207)


async def book(request: Request, product: Registratura) -> Response:
    """`POST /api/v1/bookings`: 201 with the booking, 202 while a deciding clinic is silent, or the reason why not."""
    body = await bounded_body(request, BODY_LIMIT)
    asked = wire.read_application(body)
    key = wire.read_fingerprint("api.bookings", header(request.scope, b"idempotency-key"), body)
    zone = product.settings.region.timezone
    answer = await product.book_once(asked, key, partial(_written, zone=zone))
    if is_successful(answer):
        told = answer.unwrap()
        if isinstance(told, Pending):
            return _pending(request, told, zone)
        _tell(request, asked.channel.value, "booked", BookingCode.BOOKED)
        return Json(told.encode(), status_code=201)
    reason = answer.failure()
    if isinstance(reason, KeyReused):
        raise _key_reused()
    _tell(request, asked.channel.value, type(reason).__name__, reason.code)
    raise wire.refusal_problem(reason)


def _pending(request: Request, told: Pending, zone: ZoneInfo) -> Response:
    exchange_in(request.scope).outcome = "pending"
    return Json(wire.booking_body(told.booked, zone, told.state), status_code=202)


def _tell(request: Request, channel: str, outcome: str, code: BookingCode) -> None:
    exchange_in(request.scope).outcome = outcome
    meters.booking(channel, outcome, code)


def _key_reused() -> Problem:
    return Problem(422, "idempotency.reused", texts.KEY_REUSED)


def _written(held: Appointment, zone: ZoneInfo) -> str:
    return orjson.dumps(wire.booking_body(held, zone)).decode()


async def listed(request: Request, product: Registratura) -> Response:
    """`GET /api/v1/bookings?patient_id=`: what is ahead."""
    patient = request.query_params.get("patient_id", "").strip()
    if not wire.is_id(patient):
        raise Problem(400, "query.patient_id", texts.NEEDS_PATIENT)
    now, zone = product.clock.now(), product.settings.region.timezone
    decided_there = product.ask_mis is not None
    held = await product.storage.read(lambda tx: _coming(PatientId(patient), now, tx, decided_there=decided_there))
    return Json({"bookings": [wire.booking_body(booking, zone, state) for booking, state in held]})


def _coming(
    patient: PatientId, now: datetime, tx: Transaction, *, decided_there: bool
) -> Sequence[tuple[Appointment, State | None]]:
    card = tx.patients.find(patient)
    held = tx.appointments.coming(card.ids if card else [patient], None, now)
    states = tx.confirmations.states([booking.id for booking in held]) if decided_there else {}
    return [(booking, states.get(booking.id)) for booking in held]


async def cancel(request: Request, product: Registratura) -> Response:
    """`DELETE /api/v1/bookings/{id}`: the clinic gives the slot back; 204, or 409 when there is nothing to cancel.

    202 while a clinic that decides itself has not answered: the booking is in force until then.
    """
    asked = request.path_params["id"].lower()
    key = wire.read_fingerprint("api.cancel", header(request.scope, b"idempotency-key"), asked.encode())
    if not wire.is_id(asked):
        raise wire.refusal_problem(AppointmentUnknown())
    verdict = await product.cancel_once(AppointmentId(asked), key, lambda _: _GONE)
    if is_successful(verdict):
        told = verdict.unwrap()
        if isinstance(told, Pending):
            return _pending(request, told, product.settings.region.timezone)
        exchange_in(request.scope).outcome = "cancelled"
        return Response(status_code=204)
    reason = verdict.failure()
    if isinstance(reason, KeyReused):
        raise _key_reused()
    exchange_in(request.scope).outcome = type(reason).__name__
    raise wire.refusal_problem(reason)
