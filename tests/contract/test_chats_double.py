"""The double keeps the promises of chats."""

from collections.abc import Mapping, Sequence

import anyio
import attrs
import pytest

from registratura.application.ports.chats import ChatRefused, RefusalKind, Role
from registratura.application.ports.failures import Unavailable
from registratura.testing.chats import MemoryChats, Way
from registratura.testing.contracts.chats import DOCTOR, LATECOMER, TITLE, ChatsContract


@attrs.frozen
class Inside:
    """The other side of the double: the double itself."""

    chats: MemoryChats

    async def titles(self) -> Sequence[str]:
        return [made.title for made in self.chats.chats.values()]

    async def people(self, chat_id: str) -> Mapping[str, Role]:
        return self.chats.chats[chat_id].people

    async def leave_out(self, *phones: str) -> None:
        self.chats.absent = set(phones)

    async def answer_too_many(self, times: int) -> None:
        self.chats.script(*[Way(heard=False)] * times)

    async def lose_answer(self) -> None:
        self.chats.script(Way(answered=False))


class TestMemoryChats(ChatsContract):
    @pytest.fixture
    def chats(self) -> MemoryChats:
        return MemoryChats(queued={LATECOMER.phone})

    @pytest.fixture
    def counterpart(self, chats: MemoryChats) -> Inside:
        return Inside(chats)

    @pytest.fixture
    def denied(self) -> MemoryChats:
        unbelieved = MemoryChats()
        unbelieved.script(*[Way(refusal=ChatRefused(RefusalKind.ALARM, "vk.5"))] * 2)
        return unbelieved

    @pytest.fixture
    def unreachable(self) -> MemoryChats:
        nowhere = MemoryChats()
        nowhere.script(*[Way(heard=False)] * 2)
        return nowhere


@pytest.mark.anyio
async def test_a_call_that_was_cut_off_while_the_double_was_silent_had_its_effect() -> None:
    chats = MemoryChats()
    chats.script(Way(silent=True))
    with anyio.move_on_after(0.01):
        await chats.create(TITLE)
    assert [made.title for made in chats.chats.values()] == [TITLE]


@pytest.mark.anyio
async def test_the_double_lists_what_was_asked_heard_or_not() -> None:
    chats = MemoryChats()
    chats.script(Way(heard=False))
    with pytest.raises(Unavailable):
        await chats.create(TITLE)
    await chats.add("1", [DOCTOR])
    assert (chats.created, chats.added) == ([TITLE], [("1", (DOCTOR,))])
