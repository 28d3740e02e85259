"""What every storage promises (`registratura.application.ports.storage`)."""

import pytest

from registratura.application.ports.messenger import Throttle
from registratura.application.ports.storage import Storage
from registratura.testing.contracts.storage.accounts import AccountPromises
from registratura.testing.contracts.storage.agenda import AgendaPromises
from registratura.testing.contracts.storage.availability import AvailabilityPromises
from registratura.testing.contracts.storage.bookings import BookingPromises
from registratura.testing.contracts.storage.confirmations import ConfirmationPromises
from registratura.testing.contracts.storage.consultation_chats import ConsultationChatPromises
from registratura.testing.contracts.storage.consultations import ConsultationPromises
from registratura.testing.contracts.storage.deciding import DecidingPromises
from registratura.testing.contracts.storage.dialogues import DialoguePromises
from registratura.testing.contracts.storage.inbox import InboxPromises
from registratura.testing.contracts.storage.limits import ThrottlePromises
from registratura.testing.contracts.storage.loading import LoadingPromises
from registratura.testing.contracts.storage.loading_books import LoadingBookPromises
from registratura.testing.contracts.storage.outbox import OutboxPromises
from registratura.testing.contracts.storage.schedules import SchedulePromises
from registratura.testing.contracts.storage.transactions import TransactionPromises


class StorageContract(
    TransactionPromises,
    BookingPromises,
    DecidingPromises,
    AgendaPromises,
    ConfirmationPromises,
    ConsultationPromises,
    ConsultationChatPromises,
    AccountPromises,
    SchedulePromises,
    AvailabilityPromises,
    DialoguePromises,
    InboxPromises,
    OutboxPromises,
    LoadingPromises,
    LoadingBookPromises,
    ThrottlePromises,
):
    """Subclass it and give the fixtures `storage`, `throttle` and `other_throttle`.

    `storage` is new and empty for each test. The throttles share one database, through two processes' worth of
    adapters where it can be opened twice. The tests run under the pytest plug-in of anyio, on asyncio.
    """

    @pytest.fixture
    def storage(self) -> Storage:
        """The storage under test."""
        raise NotImplementedError

    @pytest.fixture
    def throttle(self) -> Throttle:
        """Limits kept in the storage."""
        raise NotImplementedError

    @pytest.fixture
    def other_throttle(self) -> Throttle:
        """The same limits, seen by another process."""
        raise NotImplementedError
