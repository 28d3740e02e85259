"""Chats of consultations stand where they were left, and what is due for one is taken by one at a time."""

import asyncio
from datetime import datetime

import attrs
import pytest

from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.domain.identifiers import AppointmentId
from registratura.testing.contracts.storage.region import DAY, NOW, REGION, SLOTS, booking, load, rendezvous, take

LONG_DUE = NOW - 365 * DAY
FAR = NOW + 300 * 365 * DAY
DOCTOR, PATIENT = Guest("79000000001", Side.DOCTOR), Guest("79000000002", Side.PATIENT)


async def keep(storage: Storage, *moments: datetime | None) -> list[ConsultationChat]:
    """Bookings on one slot after the other, with chats that are due at *moments*."""
    await load(storage, *REGION)
    chats = []
    for number, due in enumerate(moments):
        booked = booking(f"{number}", SLOTS[number])
        assert await take(storage, booked)
        chats.append(
            ConsultationChat(
                appointment=booked.id,
                state=ChatState.WANTED,
                starts=booked.starts,
                due=due,
                guests=(DOCTOR, PATIENT),
                missing=frozenset({DOCTOR.phone}),
            )
        )
        await save(storage, chats[-1])
    return chats


async def save(storage: Storage, chat: ConsultationChat) -> None:
    """Keep *chat* in a transaction of its own."""
    await storage.transact(lambda tx: tx.chats.save(chat))


async def due(storage: Storage, limit: int = 10) -> list[str]:
    """For whom something is due."""
    found = await storage.transact(lambda tx: tx.chats.due(limit))
    return [chat.appointment for chat in found]


@pytest.mark.anyio
class ConsultationChatPromises:
    """What `ConsultationChats` promises."""

    async def test_comes_back_as_it_was_kept(self, storage: Storage) -> None:
        (chat,) = await keep(storage, LONG_DUE)
        made = attrs.evolve(
            chat,
            state=ChatState.MADE,
            chat="77",
            link="https://max.example/join/1",
            missing=frozenset(),
            attempts=3,
            reason="9",
            told=True,
            due=None,
        )
        for kept in (chat, made):
            await save(storage, kept)
            assert await storage.transact(lambda tx: tx.chats.find(chat.appointment)) == kept
            assert await storage.read(lambda tx: tx.chats.of([chat.appointment])) == {chat.appointment: kept}

    async def test_what_has_no_chat(self, storage: Storage) -> None:
        await load(storage, *REGION)
        nobody = AppointmentId("nobody")
        assert await storage.transact(lambda tx: tx.chats.find(nobody)) is None
        assert await storage.read(lambda tx: tx.chats.of([nobody])) == {}

    async def test_longest_due_first_and_nothing_that_is_not(self, storage: Storage) -> None:
        await keep(storage, LONG_DUE + DAY, LONG_DUE, FAR, None)
        assert await due(storage) == ["1", "0"]
        assert await due(storage, 1) == ["1"]

    async def test_one_at_a_time(self, storage: Storage) -> None:
        await keep(storage, LONG_DUE)
        meet = rendezvous()

        def serve(tx: Transaction) -> int:
            found = tx.chats.due(10)
            meet()
            for chat in found:
                tx.chats.save(attrs.evolve(chat, due=None))
            return len(found)

        assert sorted(await asyncio.gather(storage.transact(serve), storage.transact(serve))) == [0, 1]
