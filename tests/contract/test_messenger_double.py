"""The double keeps the promises of a messenger."""

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import pytest

from registratura.application.ports.messenger import Button, Delivery, Receipt
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.messenger import MessengerContract
from registratura.testing.messenger import RecordingMessenger, Shown

ANNA = MessengerId("1001")
STRANGER = MessengerId("1002")
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


class StandingClock:
    def now(self) -> datetime:
        return NOW


@attrs.define
class PersonInMemory:
    messenger: RecordingMessenger
    user: MessengerId = ANNA
    stranger: MessengerId = STRANGER

    async def chat(self) -> str:
        return "90001"

    async def screen(self) -> Sequence[Shown]:
        return self.messenger.screens[self.user]

    async def now(self) -> datetime:
        return NOW

    async def press(self, payload: str) -> str:
        rows = self.messenger.screens[self.user][-1].message.keyboard
        payloads = [button.payload for row in rows for button in row if isinstance(button, Button)]
        assert payload in payloads
        return "callback"

    async def note(self, callback: str) -> str | None:
        return self.messenger.notes.get(callback)

    async def expired_callback(self) -> str:
        self.messenger.expired.add("expired")
        return "expired"

    async def stop(self) -> None:
        self.messenger.stopped.add(self.user)

    async def refuse_edits(self) -> None:
        self.messenger.edits_refused = True

    async def answer_too_many(self, times: int) -> None:
        self.messenger.script(Receipt(delivery=Delivery.LATER, reason="too.many.requests"), times=times)

    async def break_down(self, times: int) -> None:
        self.messenger.break_down(times=times)

    async def cut(self, times: int) -> None:
        self.messenger.cut(times=times)


class TestRecordingMessenger(MessengerContract):
    @pytest.fixture
    def messenger(self) -> RecordingMessenger:
        return RecordingMessenger(clock=StandingClock())

    @pytest.fixture
    def counterpart(self, messenger: RecordingMessenger) -> PersonInMemory:
        person = PersonInMemory(messenger)
        messenger.stopped.add(person.stranger)
        return person

    @pytest.fixture
    def wrong_token(self) -> RecordingMessenger:
        unbelieved = RecordingMessenger(clock=StandingClock())
        unbelieved.script(Receipt(delivery=Delivery.FORBIDDEN, reason="verify.token"), times=3)
        return unbelieved
