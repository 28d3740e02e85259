"""What came in passes once, in order by line, and never through two workers at a time."""

import asyncio
from datetime import datetime

import pytest

from registratura.application.ports.messenger import Incoming, Pressed, Started, Stopped, Typed
from registratura.application.ports.storage import Received, Storage, Transaction
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.storage.region import DAY, MINUTE, NOW, rendezvous

EVERY_KIND: tuple[Incoming, ...] = (
    Started(user=MessengerId("1001"), chat="90001", payload="v1.link"),
    Pressed(user=MessengerId("1001"), chat=None, callback="callback", payload="v1.s.1.yes", mid="mid-1"),
    Typed(user=MessengerId("1001"), chat="90001"),
    Stopped(user=MessengerId("1001")),
)


def typed(line: str, number: int = 0) -> Incoming:
    """The update *number* of *line*, told apart by its chat."""
    return Typed(user=MessengerId(line), chat=str(number))


async def put(storage: Storage, key: str, line: str, incoming: Incoming, at: datetime = NOW) -> bool:
    """Keep an update in a transaction of its own."""
    return await storage.transact(lambda tx: tx.inbox.put(key, line, incoming, at))


def work_off(tx: Transaction, now: datetime = NOW) -> Incoming | None:
    """Take the next update and be done with it."""
    received = tx.inbox.next(now)
    if received is None:
        return None
    tx.inbox.done(received.number)
    return received.incoming


@pytest.mark.anyio
class InboxPromises:
    """What `Inbox` promises."""

    async def test_same_key_is_kept_once(self, storage: Storage) -> None:
        assert await put(storage, "key", "anna", typed("anna", 1))
        assert not await put(storage, "key", "anna", typed("anna", 2))
        assert await storage.transact(work_off) == typed("anna", 1)
        assert not await put(storage, "key", "anna", typed("anna", 3))
        assert await storage.transact(work_off) is None

    async def test_one_of_twenty_with_one_key_is_kept(self, storage: Storage) -> None:
        kept = await asyncio.gather(*(put(storage, "key", "anna", typed("anna", n)) for n in range(20)))
        assert sum(kept) == 1
        assert await storage.transact(work_off) == typed("anna", kept.index(True))
        assert await storage.transact(work_off) is None

    async def test_every_kind_comes_back_as_it_came(self, storage: Storage) -> None:
        for number, incoming in enumerate(EVERY_KIND):
            await put(storage, f"key-{number}", "anna", incoming)
        worked = [await storage.transact(work_off) for _ in EVERY_KIND]
        assert tuple(worked) == EVERY_KIND

    async def test_lines_are_worked_off_in_order(self, storage: Storage) -> None:
        for number in range(3):
            for line in ("anna", "oleg"):
                await put(storage, f"{line}-{number}", line, typed(line, number))
        worked = [await storage.transact(work_off) for _ in range(7)]
        assert worked == [*(typed(line, number) for number in range(3) for line in ("anna", "oleg")), None]

    async def test_work_rolled_back_is_not_done(self, storage: Storage) -> None:
        await put(storage, "key", "anna", typed("anna"))

        def fail(tx: Transaction) -> None:
            work_off(tx)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await storage.transact(fail)
        assert await storage.transact(work_off) == typed("anna")

    async def test_line_whose_head_was_put_back_waits_while_others_go_on(self, storage: Storage) -> None:
        for number in range(2):
            await put(storage, f"anna-{number}", "anna", typed("anna", number))
        await put(storage, "oleg-0", "oleg", typed("oleg"))

        def put_back(tx: Transaction) -> Received | None:
            received = tx.inbox.next(NOW)
            if received is not None:
                assert tx.inbox.put_back(received, NOW + MINUTE, "the storage was away")
            return received

        first = await storage.transact(put_back)
        assert first is not None
        assert (first.incoming, first.attempts) == (typed("anna", 0), 0)
        assert await storage.transact(work_off) == typed("oleg")
        assert await storage.transact(work_off) is None
        again = await storage.transact(lambda tx: tx.inbox.next(NOW + MINUTE))
        assert again is not None
        assert (again.incoming, again.attempts) == (typed("anna", 0), 1)
        assert await storage.transact(lambda tx: work_off(tx, NOW + MINUTE)) == typed("anna", 0)
        assert await storage.transact(work_off) == typed("anna", 1)

    async def test_parked_update_lets_its_line_go_on(self, storage: Storage) -> None:
        for number in range(2):
            await put(storage, f"anna-{number}", "anna", typed("anna", number))

        def park(tx: Transaction) -> None:
            received = tx.inbox.next(NOW)
            assert received is not None
            assert tx.inbox.park(received, "unreadable")

        await storage.transact(park)
        assert await storage.transact(work_off) == typed("anna", 1)
        assert await storage.transact(lambda tx: tx.inbox.next(NOW + DAY)) is None

    async def test_only_one_of_those_who_failed_has_the_last_word(self, storage: Storage) -> None:
        await put(storage, "anna-0", "anna", typed("anna"))
        received = await storage.transact(lambda tx: tx.inbox.next(NOW))
        assert received is not None
        later = NOW + MINUTE
        assert await storage.transact(lambda tx: tx.inbox.put_back(received, later, "a fault"))
        assert not await storage.transact(lambda tx: tx.inbox.put_back(received, later, "the same fault"))
        assert not await storage.transact(lambda tx: tx.inbox.park(received, "too often"))
        again = await storage.transact(lambda tx: tx.inbox.next(later))
        assert again is not None
        assert again.attempts == 1
        assert await storage.transact(lambda tx: tx.inbox.park(again, "too often"))
        assert not await storage.transact(lambda tx: tx.inbox.park(again, "too often"))

    async def test_two_workers_never_get_one_line_at_once(self, storage: Storage) -> None:
        lines, each = ("anna", "oleg", "vera"), 4
        for number in range(each):
            for line in lines:
                await put(storage, f"{line}-{number}", line, typed(line, number))
        busy: set[str] = set()
        clashes: list[str] = []
        worked: list[Incoming] = []
        meet = rendezvous(seconds=0.02)

        def work(tx: Transaction) -> bool:
            received = tx.inbox.next(NOW)
            if received is None:
                return False
            line = received.incoming.user
            clashes.extend(busy & {line})
            busy.add(line)
            meet()
            tx.inbox.done(received.number)
            worked.append(received.incoming)
            busy.discard(line)
            return True

        async def worker() -> None:
            while len(worked) < each * len(lines):
                await storage.transact(work)

        await asyncio.gather(*(worker() for _ in range(4)))
        assert clashes == []
        for line in lines:
            assert [one for one in worked if one.user == line] == [typed(line, number) for number in range(each)]

    async def test_marker_moves_with_what_was_read(self, storage: Storage) -> None:
        assert await storage.read(lambda tx: tx.inbox.marker("max")) is None

        def read_page(tx: Transaction) -> None:
            tx.inbox.put("key", "anna", typed("anna"), NOW)
            tx.inbox.move_marker("max", "17")

        await storage.transact(read_page)
        await storage.transact(lambda tx: tx.inbox.move_marker("max", "18"))
        assert await storage.read(lambda tx: tx.inbox.marker("max")) == "18"
        assert await storage.read(lambda tx: tx.inbox.marker("elsewhere")) is None
