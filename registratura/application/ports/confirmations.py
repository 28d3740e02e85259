"""Where bookings at a remote MIS stand, kept between one question and the next."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from registratura.domain.confirmation import Confirmation, State
from registratura.domain.identifiers import AppointmentId


class Confirmations(Protocol):
    """One for each booking that the MIS decides about."""

    def now(self) -> datetime:
        """The time by the storage's own clock, which all processes share: leases are counted by it."""
        ...

    def find(self, appointment: AppointmentId) -> Confirmation | None:
        """Where the booking stands, locked against others until the transaction ends."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Confirmation]:
        """At most *limit* whose `due` has come, the longest waiting first, locked; those that others lock are left out.

        No two transactions get the same one at once; whoever saves it with a later `due` keeps it for longer.
        """
        ...

    def save(self, held: Confirmation) -> None:
        """Keep *held* in place of what is known of its booking, which must be taken already."""
        ...

    def states(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, State]:
        """Where several bookings stand, not locked; those that no MIS decides about are left out."""
        ...
