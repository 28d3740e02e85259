"""The registry for hosts without an event loop: one thread with a loop of its own, plain calls from anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import attrs
from anyio.from_thread import BlockingPortal, start_blocking_portal
from returns.result import Result

from registratura.domain.appointments import Application, Appointment, ClosedAppointment
from registratura.domain.identifiers import AppointmentId, PatientId, SlotId
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.entrypoints.composition import Registratura, compose
from registratura.entrypoints.settings import Settings


@attrs.frozen
class BlockingRegistratura:
    """Plain calls of the use cases; safe from several threads at once."""

    _portal: BlockingPortal
    _product: Registratura

    def book(self, asked: Application) -> Result[Appointment, Refusal]:
        """See `BookAppointment`."""
        return self._portal.call(self._product.book, asked)

    def cancel(
        self, appointment: AppointmentId, *, by: frozenset[PatientId] | None = None
    ) -> Result[ClosedAppointment, CancelRefusal]:
        """See `CancelAppointment`."""
        return self._portal.call(partial(self._product.cancel, appointment, by=by))

    def move(
        self,
        appointment: AppointmentId,
        to: SlotId,
        *,
        by: frozenset[PatientId] | None = None,
        consent_version: str | None = None,
    ) -> Result[Appointment, Refusal | CancelRefusal]:
        """See `MoveAppointment`."""
        return self._portal.call(partial(self._product.move, appointment, to, by=by, consent_version=consent_version))


@contextmanager
def blocking(settings: Settings) -> Iterator[BlockingRegistratura]:
    """Open the product over the database that *settings* name; close it at the end."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(compose(settings)) as product:
        yield BlockingRegistratura(portal, product)
