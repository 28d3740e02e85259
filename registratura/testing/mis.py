"""A clinic's system in memory: it decides about bookings, and its answers can be ordered to be late, lost or no."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NoReturn, TypeVar

import attrs

from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.domain.appointments import Appointment
from registratura.domain.confirmation import Confirmed, Declined, Kept, NotThere
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.domain.refusals import BookingCode

A = TypeVar("A")


@attrs.frozen(kw_only=True)
class Way:
    """How one call to come fares. What was heard has its effect even if the caller has stopped waiting."""

    delay: float = 0.0
    """Seconds until the call is heard."""
    heard: bool = True
    """False when it never is."""
    answered: bool = True
    """False when no answer comes: the connection breaks, or is never made where the call was not heard."""
    silent: bool = False
    """Instead of breaking, the connection stays open without an answer."""


@attrs.define
class MemoryMis:
    """Keeps the published contract of a MIS without a network.

    `held` are the bookings that stand; those on a slot in `occupied` are declined, and all while it is
    `declining`; while it `keeps_bookings` no cancellation is accepted. `calls` lists what was asked, heard or not.
    """

    held: dict[AppointmentId, Appointment] = attrs.field(factory=dict)
    declined: dict[AppointmentId, BookingCode] = attrs.field(factory=dict)
    cancelled: set[AppointmentId] = attrs.field(factory=set)
    occupied: set[SlotId] = attrs.field(factory=set)
    declining: bool = False
    """Every new booking is declined."""
    keeps_bookings: bool = False
    calls: list[tuple[str, AppointmentId]] = attrs.field(factory=list)
    _script: deque[Way] = attrs.field(factory=deque, init=False)
    _under_way: set["asyncio.Task[object]"] = attrs.field(factory=set, init=False)

    def script(self, *ways: Way) -> None:
        """Let the next calls fare so, one after the other; those after them are heard and answered at once."""
        self._script.extend(ways)

    async def book(self, appointment: Appointment) -> Confirmed | Declined:
        """Take the slot; see the port."""
        return await self._call("book", appointment, self._book)

    async def find(self, appointment: Appointment) -> Confirmed | Declined | NotThere:
        """What became of the booking; see the port."""
        return await self._call("find", appointment, self._find)

    async def cancel(self, appointment: Appointment) -> NotThere | Kept:
        """Give the slot back; see the port."""
        return await self._call("cancel", appointment, self._cancel)

    async def all_heard(self) -> None:
        """Return when no call is on its way any more."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _call(self, name: str, appointment: Appointment, effect: Callable[[Appointment], A]) -> A:
        self.calls.append((name, appointment.id))
        way = self._script.popleft() if self._script else Way()
        if not way.heard:
            await asyncio.sleep(way.delay)
            return await _nothing(way, Unavailable("no connection"))
        hearing = asyncio.create_task(_later(way.delay, effect, appointment))
        self._under_way.add(hearing)
        hearing.add_done_callback(self._under_way.discard)
        # The caller may stop waiting; what is on its way arrives all the same.
        answer = await asyncio.shield(hearing)
        return answer if way.answered else await _nothing(way, OutcomeUnknown("the connection broke"))

    def _book(self, appointment: Appointment) -> Confirmed | Declined:
        known = self._find(appointment)
        if not isinstance(known, NotThere):
            return known
        if appointment.id in self.cancelled or self.declining:
            return self._decline(appointment, BookingCode.IMPOSSIBLE)
        taken = appointment.slot in self.occupied | {other.slot for other in self.held.values()}
        if taken:
            return self._decline(appointment, BookingCode.TAKEN)
        self.held[appointment.id] = appointment
        return Confirmed(_number(appointment))

    def _decline(self, appointment: Appointment, code: BookingCode) -> Declined:
        self.declined[appointment.id] = code
        return Declined(code)

    def _find(self, appointment: Appointment) -> Confirmed | Declined | NotThere:
        if appointment.id in self.held:
            return Confirmed(_number(appointment))
        code = self.declined.get(appointment.id)
        return Declined(code) if code is not None else NotThere()

    def _cancel(self, appointment: Appointment) -> NotThere | Kept:
        if appointment.id not in self.held:
            return NotThere()
        if self.keeps_bookings:
            return Kept()
        del self.held[appointment.id]
        self.cancelled.add(appointment.id)
        return NotThere()


async def _nothing(way: Way, broken: Exception) -> NoReturn:
    if way.silent:
        await asyncio.Event().wait()
    raise broken


async def _later(seconds: float, effect: Callable[[Appointment], A], appointment: Appointment) -> A:
    await asyncio.sleep(seconds)
    return effect(appointment)


def _number(appointment: Appointment) -> str:
    return f"МИС-{appointment.id[:8]}"
