"""The Sferum client keeps the promises of chats, against the emulator over real HTTP."""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import attrs
import pytest

from registratura.adapters.sferum.client import SferumChats, SferumSettings, connect
from registratura.application.ports.chats import Role
from registratura.testing.contracts.chats import LATECOMER, ChatsContract
from tests.integration.max.emulated import NoLimits
from tests.integration.sferum.emulated import TOKEN, Emulated, emulator

ROLES = {("teacher", "admin"): Role.DOCTOR, ("student", "member"): Role.PATIENT}


@pytest.fixture(scope="module")
def sferum() -> Iterator[Emulated]:
    with emulator(pending=frozenset({LATECOMER.phone})) as running:
        yield running


@attrs.frozen
class Outside:
    """The other side: the emulator as its pages show it; `before` is how many chats other tests left."""

    sferum: Emulated
    before: int

    async def titles(self) -> Sequence[str]:
        return [chat["title"] for chat in self.sferum.chats()][self.before :]

    async def people(self, chat_id: str) -> Mapping[str, Role]:
        [chat] = [chat for chat in self.sferum.chats() if str(chat["chat_id"]) == chat_id]
        return {
            member["phone"]: ROLES[member["chat_role"], member["member_role"]]
            for member in chat["members"]
            if member["state"] == "member"
        }

    async def leave_out(self, *phones: str) -> None:
        self.sferum.faults(failing=phones)

    async def answer_too_many(self, times: int) -> None:
        self.sferum.faults(error=6, times=times)

    async def lose_answer(self) -> None:
        self.sferum.faults(cut=True, times=1)


class TestSferumChats(ChatsContract):
    @pytest.fixture
    async def chats(self, sferum: Emulated) -> AsyncIterator[SferumChats]:
        async with connect(SferumSettings(url=f"{sferum.url}/method", token=TOKEN), NoLimits()) as chats:
            yield chats

    @pytest.fixture
    def counterpart(self, sferum: Emulated) -> Outside:
        sferum.faults()
        return Outside(sferum, before=len(sferum.chats()))

    @pytest.fixture
    async def denied(self, sferum: Emulated) -> AsyncIterator[SferumChats]:
        async with connect(SferumSettings(url=sferum.url, token="revoked"), NoLimits()) as chats:
            yield chats

    @pytest.fixture
    async def unreachable(self) -> AsyncIterator[SferumChats]:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
            async with connect(SferumSettings(url=url, token=TOKEN), NoLimits()) as chats:
                yield chats
