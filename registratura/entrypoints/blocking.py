"""The registry for hosts without an event loop: one thread with a loop of its own, plain calls from anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import attrs
from anyio.from_thread import BlockingPortal, start_blocking_portal
from returns.result import Result

from registratura.application.confirmation import Pending
from registratura.application.ports.mis import Mis
from registratura.domain.appointments import Application, Appointment, ClosedAppointment
from registratura.domain.confirmation import Declined, Kept
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.entrypoints.composition import Registratura, compose
from registratura.entrypoints.settings import Settings


@attrs.frozen
class BlockingRegistratura:
    """Plain calls of the use cases; safe from several threads at once."""

    _portal: BlockingPortal
    _product: Registratura

    def book(self, asked: Application) -> Result[Appointment | Pending, Refusal | Declined]:
        """See `BookAppointment`; where a clinic decides, `BookThroughMis`."""
        return self._portal.call(self._product.book, asked)

    def cancel(
        self, appointment: AppointmentId, *, by: frozenset[PatientId] | None = None
    ) -> Result[ClosedAppointment | Pending, CancelRefusal | Kept]:
        """See `CancelAppointment`; where a clinic decides, `CancelThroughMis`."""
        return self._portal.call(partial(self._product.cancel, appointment, by=by))

    def move(
        self,
        appointment: AppointmentId,
        to: SlotId,
        *,
        by: frozenset[PatientId] | None = None,
        consent_version: str | None = None,
    ) -> Result[Appointment, Refusal | CancelRefusal]:
        """See `MoveAppointment`. Raises NotImplementedError where a clinic decides."""
        if self._product.move is None:
            raise NotImplementedError("where a clinic decides, book the new time, then cancel the old one")
        return self._portal.call(partial(self._product.move, appointment, to, by=by, consent_version=consent_version))


@contextmanager
def blocking(settings: Settings, mis: Mis | None = None) -> Iterator[BlockingRegistratura]:
    """Open the product over the database that *settings* name; close it at the end.

    With a *mis* the clinic decides about bookings; somebody has to run a worker that asks it again.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(compose(settings, mis)) as product:
        yield BlockingRegistratura(portal, product)
