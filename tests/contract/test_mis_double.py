"""The double keeps the promises of a MIS."""

import attrs
import pytest

from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.testing.contracts.mis import Clinic, MisContract
from registratura.testing.mis import MemoryMis, Way


@attrs.frozen
class Inside:
    """The other side of the double: the double itself."""

    mis: MemoryMis

    async def holds(self, appointment: AppointmentId) -> bool:
        return appointment in self.mis.held

    async def occupy(self, slot: SlotId) -> None:
        self.mis.occupied.add(slot)

    async def keep_bookings(self) -> None:
        self.mis.keeps_bookings = True

    async def disconnect(self) -> None:
        self.mis.script(*[Way(heard=False)] * 9)

    async def lose_answer(self) -> None:
        self.mis.script(Way(answered=False))


class TestMemoryMis(MisContract):
    @pytest.fixture
    def mis(self) -> MemoryMis:
        return MemoryMis()

    @pytest.fixture
    def clinic(self, mis: MemoryMis) -> Clinic:
        return Inside(mis)
