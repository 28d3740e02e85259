"""The two applications that `benchmarks.pipeline` compares: ours over a storage that is none, and Starlette's echo."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import attrs
import uvicorn
from returns.result import Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from registratura.application.booking import Desk
from registratura.application.ports.deciding import BookingJudge, Known, Overtaken, ToBook
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Record, Stored
from registratura.application.requests import BookOnce
from registratura.domain.appointments import Appointment, Channel, Facts, VisitKind
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient, PersonName, Sex
from registratura.domain.schedule import ChannelTag, FreeSlot, Opening
from registratura.domain.telemedicine import Purpose
from registratura.entrypoints.composition import Registratura, compose
from registratura.entrypoints.http.app import Deferred
from registratura.entrypoints.http.serving import Server
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.settings import load_settings

T = TypeVar("T")
R = TypeVar("R")

TOKEN = "bench"  # noqa: S105  # of an application that holds nothing
PATIENT, SLOT = "953f8666-21ce-478f-8351-389f27ce8cde", "b10902d0-e331-11ed-8d9e-60123c4747d1"


def serve_echo(port: int) -> None:
    """The floor: Starlette with one route that answers what it was sent, as uvicorn serves it."""
    uvicorn.run(echo(), port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


def serve_ours(port: int) -> None:
    """The product as `serve` serves it, journal and all, but for its storage."""
    set_up_logging()
    Server(ours(), port=port, drain_seconds=0).run()


def echo() -> ASGIApp:
    """One route."""

    async def again(request: Request) -> JSONResponse:
        return JSONResponse(await request.json())

    return Starlette(routes=[Route("/api/v1/bookings", again, methods=["POST"])])


def ours() -> Deferred:
    """The product over `Agreeable`."""
    settings = load_settings({"REGISTRATURA_API_TOKEN": TOKEN}, Path(__file__).parent)

    @asynccontextmanager
    async def composing() -> AsyncIterator[Registratura]:
        async with compose(settings) as product:
            storage = Agreeable(product.clock.now())
            desk = Desk(rules=settings.rules, clock=product.clock, ids=product.ids)
            yield attrs.evolve(
                product,
                storage=storage,
                book_once=BookOnce(storage=storage, desk=desk),
                keep_consent_text=attrs.evolve(product.keep_consent_text, storage=storage),
            )

    return Deferred(composing)


class Agreeable(Storage):
    """Knows the same whatever is asked and keeps everything, at once."""

    def __init__(self, now: datetime) -> None:
        self._known = Known(_facts(now))

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:  # noqa: ARG002
        return judge(self._known).map(lambda decision: decision.value)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        return work(cast("Transaction", _Shelf()))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.transact(work)

    async def ping(self) -> None:
        """There is nothing to reach."""


class _Shelf:
    """Where the text of the consent is kept at the start."""

    def __init__(self) -> None:
        self.register = self

    def store(self, records: Sequence[Record]) -> Sequence[Stored]:
        return [Stored.SAME for _ in records]


def _facts(now: datetime) -> Facts:
    """A consultation tomorrow that every rule admits after it has looked at something."""
    patient, clinic, doctor = PatientId(PATIENT), OrganisationId("clinic"), ResourceId("doctor")
    therapy = Speciality(id=SpecialityId("49"), name="терапия")
    opening = Opening(
        id=SlotId(SLOT),
        organisation=clinic,
        resource=doctor,
        starts=now + timedelta(days=1),
        minutes=20,
        channels=frozenset({ChannelTag.ONLINE}),
    )
    other = Appointment(
        id=AppointmentId("other"),
        patient=patient,
        slot=SlotId("other"),
        organisation=clinic,
        resource=ResourceId("other"),
        speciality=SpecialityId("8"),
        starts=now + timedelta(days=2),
        ends=now + timedelta(days=2, minutes=20),
        kind=VisitKind.APPOINTMENT,
        channel=Channel.PORTAL,
        booked_at=now,
    )
    return Facts(
        patient=Patient(id=patient, name=PersonName("А", "Б"), born=date(1990, 1, 1), sex=Sex.FEMALE),
        slot=FreeSlot(opening),
        organisation=Organisation(id=clinic, name="Поликлиника", address="-", zone=ZoneInfo("Asia/Yekaterinburg")),
        resource=Resource(
            id=doctor,
            organisation=clinic,
            speciality=therapy.id,
            areas=frozenset({"1"}),
            messenger=MessengerId("1"),
        ),
        speciality=therapy,
        purpose=Purpose(id=PurposeId("first"), name="Первичная"),
        attachments=(Attachment(patient=patient, organisation=clinic, area="1"),),
        upcoming=(other,),
    )
