"""The double keeps the promises of an identity provider."""

from datetime import UTC, datetime

import attrs
import pytest

from registratura.application.ports.identity import Begun, Returned
from registratura.testing.contracts.identity import Gosuslugi, IdentityContract
from registratura.testing.identity import Citizen, MemoryIdentityProvider
from registratura.testing.time import FixedClock, SequentialIds

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@attrs.frozen
class Inside:
    """The other side of the double: the double itself."""

    provider: MemoryIdentityProvider

    async def sign_in(self, begun: Begun, citizen: Citizen) -> Returned:
        return self.provider.sign_in(begun, citizen)

    async def cancel(self, begun: Begun) -> Returned:
        return self.provider.cancel(begun)

    async def fall_silent(self) -> None:
        self.provider.silent = True

    async def speak_again(self) -> None:
        self.provider.silent = False


class TestMemoryIdentityProvider(IdentityContract):
    @pytest.fixture
    def provider(self) -> MemoryIdentityProvider:
        return MemoryIdentityProvider(clock=FixedClock(NOW), ids=SequentialIds())

    @pytest.fixture
    def gosuslugi(self, provider: MemoryIdentityProvider) -> Gosuslugi:
        return Inside(provider)
