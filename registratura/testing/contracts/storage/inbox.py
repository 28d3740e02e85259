"""What came in passes once, in order by line, and never through two workers at a time."""

import asyncio
from datetime import timedelta

import pytest

from registratura.application.ports.messenger import Incoming, Pressed, Started, Stopped, Typed
from registratura.application.ports.queues import Received
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.storage.region import DAY, MINUTE, rendezvous

EVERY_KIND: tuple[Incoming, ...] = (
    Started(user=MessengerId("1001"), chat="90001", payload="v1.link"),
    Pressed(user=MessengerId("1001"), chat=None, callback="callback", payload="v1.s.1.yes", mid="mid-1"),
    Typed(user=MessengerId("1001"), chat="90001"),
    Stopped(user=MessengerId("1001")),
)

AT_ONCE = timedelta(0)


def typed(line: str, number: int = 0) -> Incoming:
    """The update *number* of *line*, told apart by its chat."""
    return Typed(user=MessengerId(line), chat=str(number))


async def put(storage: Storage, key: str, line: str, incoming: Incoming) -> bool:
    """Keep an update in a transaction of its own."""
    return await storage.transact(lambda tx: tx.inbox.put(key, line, incoming))


def work_off(tx: Transaction) -> Incoming | None:
    """Take the next update and be done with it."""
    received = tx.inbox.next()
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

    async def test_what_comes_at_one_moment_is_kept_once(self, storage: Storage) -> None:
        came = [(f"{line}-{number}", line, typed(line, number)) for number in range(5) for line in ("anna", "oleg")]
        kept = await asyncio.gather(*(storage.receive(*one) for one in [*came, *came]))
        assert [first + again for first, again in zip(kept[: len(came)], kept[len(came) :], strict=True)] == [1] * 10
        assert not await storage.receive(*came[0])
        worked = [await storage.transact(work_off) for _ in came]
        assert {repr(one) for one in worked} == {repr(incoming) for _, _, incoming in came}
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
            received = tx.inbox.next()
            if received is not None:
                assert tx.inbox.put_back(received, MINUTE, "the storage was away")
            return received

        first = await storage.transact(put_back)
        assert first is not None
        assert (first.incoming, first.attempts) == (typed("anna", 0), 0)
        assert await storage.transact(work_off) == typed("oleg")
        assert await storage.transact(work_off) is None

    async def test_what_was_put_back_comes_again_with_its_line_when_it_waited(self, storage: Storage) -> None:
        for number in range(2):
            await put(storage, f"anna-{number}", "anna", typed("anna", number))
        received = await storage.transact(lambda tx: tx.inbox.next())
        assert received is not None
        assert await storage.transact(lambda tx: tx.inbox.put_back(received, AT_ONCE, "the storage was away"))
        again = await storage.transact(lambda tx: tx.inbox.next())
        assert again is not None
        assert (again.incoming, again.attempts) == (typed("anna", 0), 1)
        assert await storage.transact(work_off) == typed("anna", 0)
        assert await storage.transact(work_off) == typed("anna", 1)

    async def test_line_of_many_goes_on_in_order_whatever_happens_to_its_head(self, storage: Storage) -> None:
        for number in range(6):
            await put(storage, f"anna-{number}", "anna", typed("anna", number))

        seen: list[Received] = []

        def fail(tx: Transaction) -> None:
            received = tx.inbox.next()
            assert received is not None
            seen.append(received)
            raise RuntimeError

        async def fail_and_park() -> None:
            with pytest.raises(RuntimeError):
                await storage.transact(fail)
            assert await storage.transact(lambda tx: tx.inbox.park(seen[-1], "unreadable"))

        assert await storage.transact(work_off) == typed("anna", 0)
        await fail_and_park()
        await fail_and_park()
        await put(storage, "anna-6", "anna", typed("anna", 6))
        assert [await storage.transact(work_off) for _ in range(5)] == [
            *(typed("anna", number) for number in (3, 4, 5, 6)),
            None,
        ]

    async def test_parked_update_lets_its_line_go_on(self, storage: Storage) -> None:
        for number in range(2):
            await put(storage, f"anna-{number}", "anna", typed("anna", number))

        def park(tx: Transaction) -> None:
            received = tx.inbox.next()
            assert received is not None
            assert tx.inbox.park(received, "unreadable")

        await storage.transact(park)
        assert await storage.transact(work_off) == typed("anna", 1)
        assert await storage.transact(lambda tx: tx.inbox.next()) is None

    async def test_only_what_was_done_long_ago_is_forgotten(self, storage: Storage) -> None:
        for line in ("anna", "oleg", "vera"):
            await put(storage, line, line, typed(line))
        received = await storage.transact(lambda tx: tx.inbox.next())
        assert received is not None
        assert await storage.transact(lambda tx: tx.inbox.park(received, "unreadable"))
        assert await storage.transact(work_off) == typed("oleg")
        assert await storage.transact(lambda tx: tx.inbox.forget(DAY, 10)) == 0
        assert not await put(storage, "oleg", "oleg", typed("oleg")), "its repeats are still known"
        assert await storage.transact(lambda tx: tx.inbox.forget(AT_ONCE, 10)) == 1
        assert await put(storage, "oleg", "oleg", typed("oleg", 1))
        assert not await put(storage, "anna", "anna", typed("anna")), "what was parked stays"
        assert [await storage.transact(work_off) for _ in range(3)] == [typed("vera"), typed("oleg", 1), None]

    async def test_as_many_are_forgotten_as_one_may(self, storage: Storage) -> None:
        for number in range(5):
            await put(storage, f"{number}", "anna", typed("anna", number))
            assert await storage.transact(work_off) == typed("anna", number)
        forgotten = [await storage.transact(lambda tx: tx.inbox.forget(AT_ONCE, 2)) for _ in range(4)]
        assert forgotten == [2, 2, 1, 0]

    async def test_only_one_of_those_who_failed_has_the_last_word(self, storage: Storage) -> None:
        await put(storage, "anna-0", "anna", typed("anna"))
        received = await storage.transact(lambda tx: tx.inbox.next())
        assert received is not None
        assert await storage.transact(lambda tx: tx.inbox.put_back(received, AT_ONCE, "a fault"))
        assert not await storage.transact(lambda tx: tx.inbox.put_back(received, AT_ONCE, "the same fault"))
        assert not await storage.transact(lambda tx: tx.inbox.park(received, "too often"))
        again = await storage.transact(lambda tx: tx.inbox.next())
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
            received = tx.inbox.next()
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
            tx.inbox.put("key", "anna", typed("anna"))
            tx.inbox.move_marker("max", "17")

        await storage.transact(read_page)
        await storage.transact(lambda tx: tx.inbox.move_marker("max", "18"))
        assert await storage.read(lambda tx: tx.inbox.marker("max")) == "18"
        assert await storage.read(lambda tx: tx.inbox.marker("elsewhere")) is None
