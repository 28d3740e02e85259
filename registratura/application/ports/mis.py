"""The clinic's own information system (МИС) where it, and not we, decides about bookings.

Every call carries our booking, whose id is the idempotency key: whatever was asked under one id before, asked again
gives the same answer and has no second effect.
"""

from typing import Protocol

from registratura.domain.appointments import Appointment
from registratura.domain.confirmation import Confirmed, Declined, Kept, NotThere

__all__ = ["Confirmed", "Declined", "Kept", "Mis", "NotThere"]


class Mis(Protocol):
    """A remote registry. Calls run outside of any transaction and are cut off after a deadline.

    Each raises `Unavailable` when it is certain that nothing arrived, for example when no connection came about, and
    `OutcomeUnknown` when the question may have arrived and no readable answer came back. What is raised otherwise, and
    a call that is cut off, counts as unknown.
    """

    async def book(self, appointment: Appointment) -> Confirmed | Declined:
        """Take the slot for the patient.

        `Declined` is final: nothing is held under this id and nothing will be. An id that was cancelled is declined.
        """
        ...

    async def find(self, appointment: Appointment) -> Confirmed | Declined | NotThere:
        """What became of the booking; changes nothing.

        `NotThere` says only that the clinic holds nothing now, for example because it never heard of the booking or
        because it was cancelled.
        """
        ...

    async def cancel(self, appointment: Appointment) -> NotThere | Kept:
        """Give the slot back. `NotThere` when the clinic holds nothing now, whether or not it did before."""
        ...
