"""Bookings that a remote MIS decides about: asked by one at a time, and forgotten by nobody."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import attrs
import pytest

from registratura.application.ports.storage import Storage, Transaction
from registratura.domain import confirmation as rules
from registratura.domain.confirmation import Confirmation, State
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.refusals import BookingCode
from registratura.testing.contracts.storage.region import (
    COLLEAGUES_SLOTS,
    MINUTE,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    booking,
    load,
    rendezvous,
    take,
)

TERM = timedelta(seconds=30)
ASKERS = 8


async def book(storage: Storage, *due: datetime | None) -> list[Confirmation]:
    """Bookings on one slot after the other, to be asked about at *due*."""
    await load(storage, *REGION)
    made = []
    for number, moment in enumerate(due):
        booked = booking(f"{number}", SLOTS[number])
        assert await take(storage, booked)
        made.append(attrs.evolve(rules.pending(booked, NOW, 10 * MINUTE), due=moment))
        await save(storage, made[-1])
    return made


async def save(storage: Storage, held: Confirmation) -> None:
    """Keep *held* in a transaction of its own."""
    await storage.transact(lambda tx: tx.confirmations.save(held))


async def find(storage: Storage, appointment: str) -> Confirmation | None:
    """Where the booking stands."""
    return await storage.read(lambda tx: tx.confirmations.find(AppointmentId(appointment)))


async def due(storage: Storage, now: datetime = NOW, limit: int = 10) -> Sequence[str]:
    """The bookings to ask about."""
    found = await storage.transact(lambda tx: tx.confirmations.due(now, limit))
    return [held.appointment for held in found]


@pytest.mark.anyio
class ConfirmationPromises:
    """What `Confirmations` promises."""

    async def test_where_a_booking_stands_comes_back_as_it_was_kept(self, storage: Storage) -> None:
        (plain,) = await book(storage, NOW)
        assert await find(storage, "0") == plain
        full = Confirmation(
            appointment=plain.appointment,
            state=State.GIVEN_UP,
            since=NOW + MINUTE,
            gives_up_at=NOW + 9 * MINUTE,
            version=7,
            attempts=3,
            asked_at=NOW + 2 * MINUTE,
            in_doubt=True,
            due=NOW + 3 * MINUTE,
            number="Т-7",
            code=BookingCode.TAKEN,
            user=MessengerId("1001"),
            chat="90001",
        )
        await save(storage, full)
        assert await find(storage, "0") == full
        await save(storage, plain)
        assert await find(storage, "0") == plain

    @pytest.mark.parametrize("state", State)
    async def test_every_state_is_kept(self, storage: Storage, state: State) -> None:
        (plain,) = await book(storage, NOW)
        await save(storage, attrs.evolve(plain, state=state))
        states = await storage.read(lambda tx: tx.confirmations.states([plain.appointment, AppointmentId("other")]))
        assert states == {plain.appointment: state}

    async def test_bookings_without_a_mis_stand_nowhere(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        assert await find(storage, held.id) is None
        assert await storage.read(lambda tx: tx.confirmations.states([held.id])) == {}
        assert await storage.read(lambda tx: tx.confirmations.states([])) == {}
        assert await due(storage) == []

    async def test_nothing_is_kept_about_a_booking_that_was_not_taken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        with pytest.raises(Exception, match=r".*"):
            await save(storage, rules.pending(booking("1", SLOTS[0]), NOW, MINUTE))
        assert await find(storage, "1") is None

    async def test_those_due_come_the_longest_waiting_first(self, storage: Storage) -> None:
        await book(storage, NOW, NOW - MINUTE, None, NOW + MINUTE)
        assert await due(storage) == ["1", "0"]
        assert await due(storage, limit=1) == ["1"]
        assert await due(storage, now=NOW + MINUTE) == ["1", "0", "3"]
        assert await due(storage, now=NOW - 2 * MINUTE) == []

    async def test_two_never_ask_about_one_booking_at_once(self, storage: Storage) -> None:
        await book(storage, NOW, NOW, NOW)
        meet = rendezvous(parties=ASKERS)
        shares = await asyncio.gather(
            *(storage.transact(partial(_ask, now=NOW, limit=2, meet=meet)) for _ in range(ASKERS))
        )
        # Some may come away with fewer than there are, never with what another has; the next round takes the rest.
        rest = await storage.transact(partial(_ask, now=NOW, limit=9))
        assert sorted(one for share in (*shares, rest) for one in share) == ["0", "1", "2"]

    async def test_after_a_crash_another_asks_when_the_term_is_over(self, storage: Storage) -> None:
        await book(storage, NOW)
        assert await storage.transact(partial(_ask, now=NOW, limit=9)) == ["0"]
        assert await storage.transact(partial(_ask, now=NOW + TERM - timedelta(seconds=1), limit=9)) == []
        assert await storage.transact(partial(_ask, now=NOW + TERM, limit=9)) == ["0"]
        held = await find(storage, "0")
        assert held is not None
        assert held.in_doubt, "the first question may have been heard"

    async def test_two_who_change_one_booking_do_so_one_after_the_other(self, storage: Storage) -> None:
        await book(storage, NOW)
        meet = rendezvous()
        await asyncio.gather(*(storage.transact(partial(_count, meet=meet)) for _ in range(2)))
        held = await find(storage, "0")
        assert held is not None
        assert held.version == 1 + 2

    async def test_booking_and_where_it_stands_are_undone_together(self, storage: Storage) -> None:
        await load(storage, *REGION)
        booked = booking("1", COLLEAGUES_SLOTS[0], STRANGER)

        def fail(tx: Transaction) -> None:
            tx.appointments.take(booked, None)
            tx.confirmations.save(rules.pending(booked, NOW, MINUTE))
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await storage.transact(fail)
        assert await find(storage, "1") is None
        assert await due(storage) == []

    async def test_the_clock_of_the_storage_has_a_zone_and_goes_on(self, storage: Storage) -> None:
        first = await storage.transact(lambda tx: tx.confirmations.now())
        second = await storage.transact(lambda tx: tx.confirmations.now())
        assert first.utcoffset() is not None
        assert second >= first


def _ask(tx: Transaction, now: datetime, limit: int, meet: Callable[[], None] | None = None) -> list[str]:
    found = tx.confirmations.due(now, limit)
    if meet is not None:
        meet()
    for held in found:
        tx.confirmations.save(rules.asked(held, now, TERM))
    return [held.appointment for held in found]


def _count(tx: Transaction, meet: Callable[[], None]) -> None:
    held = tx.confirmations.find(AppointmentId("0"))
    assert held is not None
    meet()
    tx.confirmations.save(attrs.evolve(held, version=held.version + 1))
