"""Where the chats of consultations stand."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from registratura.domain.chats import ConsultationChat
from registratura.domain.identifiers import AppointmentId


class ConsultationChats(Protocol):
    """One for each consultation that is to have a chat. Moments are those of the storage's own clock."""

    def find(self, appointment: AppointmentId) -> ConsultationChat | None:
        """The chat of a consultation, locked against others until the transaction ends."""
        ...

    def of(self, appointments: Collection[AppointmentId]) -> Mapping[AppointmentId, ConsultationChat]:
        """The chats of several consultations, not locked; those without one are left out."""
        ...

    def due(self, limit: int) -> Sequence[ConsultationChat]:
        """At most *limit* for which something is due, the longest waiting first, locked; nobody else gets them."""
        ...

    def save(self, chat: ConsultationChat) -> None:
        """Keep *chat* in place of what is known of its consultation."""
        ...
