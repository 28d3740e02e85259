"""Effects leave at least once, in order by line, and a doubt is never forgotten."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from registratura.application.ports.messenger import Answer, Button, Edit, LinkButton, Message, Outgoing, Send
from registratura.application.ports.queues import Leased, SendState
from registratura.application.ports.storage import Storage
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.storage.region import DAY, MINUTE

TERM = MINUTE
AT_ONCE = timedelta(0)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
SEND = Send(
    user=MessengerId("1001"),
    chat="90001",
    message=Message("Ёлка «7»", ((Button("Да", "yes"), LinkButton("О записи", "https://registry.example/")), ())),
)
EVERY_KIND: tuple[Outgoing, ...] = (
    SEND,
    Edit(user=MessengerId("1001"), mid="mid-1", message=Message("Другое")),
    Answer(user=MessengerId("1001"), callback="callback", note="Принято"),
)


async def put(
    storage: Storage, id: str, line: str = "anna", outgoing: Outgoing = SEND, due: datetime | None = None
) -> None:
    """Keep an effect in a transaction of its own."""
    await storage.transact(lambda tx: tx.outbox.put(line, outgoing, id=id, due=due))


async def lease(storage: Storage, limit: int = 10, term: timedelta = TERM) -> Sequence[Leased]:
    """Take what may leave."""
    return await storage.transact(lambda tx: tx.outbox.lease(limit, term))


async def settle(storage: Storage, id: str, state: SendState = SendState.SENT) -> None:
    """Record how sending ended."""
    await storage.transact(lambda tx: tx.outbox.settle(id, state, None))


async def postpone(storage: Storage, leased: Leased, wait: timedelta = AT_ONCE, *, in_doubt: bool = False) -> bool:
    """Give a lease back until later."""
    return await storage.transact(lambda tx: tx.outbox.postpone(leased, wait, "reset", in_doubt=in_doubt))


@pytest.mark.anyio
class OutboxPromises:
    """What `Outbox` promises."""

    async def test_every_kind_leaves_as_it_was_put(self, storage: Storage) -> None:
        for number, outgoing in enumerate(EVERY_KIND):
            await put(storage, f"{number}", line=f"line-{number}", outgoing=outgoing)
        leased = await lease(storage)
        assert tuple(one.outgoing for one in sorted(leased, key=lambda one: one.id)) == EVERY_KIND

    async def test_first_lease_is_without_doubt(self, storage: Storage) -> None:
        await put(storage, "1")
        assert await lease(storage) == (
            Leased(id="1", line="anna", outgoing=SEND, attempts=0, first_attempt_at=None, in_doubt=False),
        )

    async def test_what_is_put_once_leaves_once(self, storage: Storage) -> None:
        later = Edit(user=MessengerId("1001"), mid="mid-1", message=Message("Другое"))
        assert await storage.transact(lambda tx: tx.outbox.put_once("anna", SEND, id="1"))
        assert not await storage.transact(lambda tx: tx.outbox.put_once("anna", later, id="1"))
        assert [one.outgoing for one in await lease(storage)] == [SEND]
        await settle(storage, "1")
        assert not await storage.transact(lambda tx: tx.outbox.put_once("anna", later, id="1"))
        assert not await lease(storage)

    async def test_what_is_left_out_never_leaves(self, storage: Storage) -> None:
        assert await storage.transact(lambda tx: tx.outbox.leave_out("anna", id="1", reason="no_messenger"))
        assert not await storage.transact(lambda tx: tx.outbox.leave_out("anna", id="1", reason="no_messenger"))
        assert not await storage.transact(lambda tx: tx.outbox.put_once("anna", SEND, id="1"))
        assert not await lease(storage)
        assert await storage.transact(lambda tx: tx.outbox.forget(AT_ONCE, 10)) == 1

    async def test_effect_rolled_back_never_leaves(self, storage: Storage) -> None:
        def fail(tx: object) -> None:
            tx.outbox.put("anna", SEND, id="1")  # type: ignore[attr-defined]  # a transaction
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await storage.transact(fail)
        assert await lease(storage) == ()

    async def test_line_leaves_in_order_one_at_a_time(self, storage: Storage) -> None:
        for number in ("1", "2", "3"):
            await put(storage, number)
        await put(storage, "other", line="oleg")
        assert {one.id for one in await lease(storage)} == {"1", "other"}
        assert await lease(storage) == ()
        await settle(storage, "1")
        assert [one.id for one in await lease(storage)] == ["2"]
        await settle(storage, "2", SendState.PARKED)
        assert [one.id for one in await lease(storage)] == ["3"]
        await settle(storage, "3", SendState.SKIPPED)
        await settle(storage, "other")
        assert await lease(storage) == ()

    async def test_line_of_many_leaves_in_order_beside_others(self, storage: Storage) -> None:
        for number in range(4):
            await put(storage, f"{number}")
        (first,) = await lease(storage)
        await put(storage, "4")
        assert await postpone(storage, first)
        left = []
        for _ in range(5):
            (head,) = await lease(storage)
            await put(storage, f"other-{head.id}", line="oleg")
            assert [one.id for one in await lease(storage)] == [f"other-{head.id}"]
            await settle(storage, f"other-{head.id}")
            await settle(storage, head.id)
            left.append(head.id)
        assert left == ["0", "1", "2", "3", "4"]
        assert await lease(storage) == ()

    async def test_nothing_leaves_before_it_is_due_nor_past_one_that_waits(self, storage: Storage) -> None:
        await put(storage, "later", due=FAR)
        await put(storage, "behind")
        assert await lease(storage) == ()
        await put(storage, "other", line="oleg", due=LONG_AGO)
        assert [one.id for one in await lease(storage)] == ["other"]

    async def test_limit_takes_those_due_first(self, storage: Storage) -> None:
        for number in range(5):
            await put(storage, f"{number}", line=f"line-{number}", due=LONG_AGO - number * MINUTE)
        assert [one.id for one in await lease(storage, limit=2)] == ["4", "3"]
        assert [one.id for one in await lease(storage, limit=9)] == ["2", "1", "0"]

    async def test_lease_that_ran_out_comes_again_in_doubt(self, storage: Storage) -> None:
        await put(storage, "1")
        await put(storage, "2")
        await lease(storage, term=AT_ONCE)
        (again,) = await lease(storage, term=AT_ONCE)
        assert (again.id, again.attempts, again.in_doubt) == ("1", 1, True)
        assert again.first_attempt_at is not None
        (third,) = await lease(storage)
        assert (third.attempts, third.first_attempt_at, third.in_doubt) == (2, again.first_attempt_at, True)
        assert await lease(storage) == ()

    async def test_lease_lasts_by_the_clock_of_the_storage_alone(self, storage: Storage) -> None:
        # Who asks names no moment, so a process whose clock is minutes off can neither take what another one sends
        # nor leave aside what is due.
        await put(storage, "1")
        (mine,) = await lease(storage, term=MINUTE)
        assert await lease(storage) == ()
        assert await postpone(storage, mine, MINUTE)
        assert await lease(storage) == ()

    async def test_postponed_effect_waits_with_its_line(self, storage: Storage) -> None:
        await put(storage, "1")
        await put(storage, "2")
        (leased,) = await lease(storage)
        assert await postpone(storage, leased)
        (again,) = await lease(storage)
        assert (again.id, again.attempts, again.in_doubt) == ("1", 1, False)
        assert again.first_attempt_at is not None
        assert await postpone(storage, again, DAY)
        assert await lease(storage) == ()

    async def test_doubt_told_when_postponing_is_kept(self, storage: Storage) -> None:
        await put(storage, "1")
        (first,) = await lease(storage)
        assert await postpone(storage, first, in_doubt=True)
        (again,) = await lease(storage)
        assert again.in_doubt
        assert await postpone(storage, again, in_doubt=False)
        (third,) = await lease(storage)
        assert not third.in_doubt

    async def test_what_is_given_back_waits_as_if_nobody_had_taken_it(self, storage: Storage) -> None:
        await put(storage, "1")
        await put(storage, "2")
        (taken,) = await lease(storage)
        assert await storage.transact(lambda tx: tx.outbox.give_back(taken))
        assert await lease(storage) == (taken,)

    async def test_what_is_given_back_keeps_the_doubt_it_had(self, storage: Storage) -> None:
        await put(storage, "1")
        await lease(storage, term=AT_ONCE)
        (doubtful,) = await lease(storage)
        assert await storage.transact(lambda tx: tx.outbox.give_back(doubtful))
        assert await lease(storage) == (doubtful,)
        assert doubtful.in_doubt

    async def test_who_lost_the_lease_can_no_longer_give_it_back(self, storage: Storage) -> None:
        await put(storage, "1")
        (slow,) = await lease(storage, term=AT_ONCE)
        (quick,) = await lease(storage)
        assert not await postpone(storage, slow)
        assert not await storage.transact(lambda tx: tx.outbox.give_back(slow))
        assert await lease(storage) == ()
        assert await postpone(storage, quick)
        assert not await postpone(storage, quick)

    async def test_only_what_left_long_ago_is_forgotten(self, storage: Storage) -> None:
        for name in ("sent", "skipped", "parked", "waiting"):
            await put(storage, name, line=name)
        await lease(storage, limit=3)
        await settle(storage, "sent", SendState.SENT)
        await settle(storage, "skipped", SendState.SKIPPED)
        await settle(storage, "parked", SendState.PARKED)
        assert await storage.transact(lambda tx: tx.outbox.forget(DAY, 10)) == 0
        forgotten = [await storage.transact(lambda tx: tx.outbox.forget(AT_ONCE, 1)) for _ in range(3)]
        assert forgotten == [1, 1, 0]
        assert [one.id for one in await lease(storage)] == ["waiting"]
        with pytest.raises(Exception, match=r".*"):
            await put(storage, "parked")

    async def test_ten_relays_share_the_heads_between_them(self, storage: Storage) -> None:
        for line in range(12):
            for number in range(2):
                await put(storage, f"{line}-{number}", line=f"line-{line}")
        shares = await asyncio.gather(*(lease(storage, limit=5) for _ in range(10)))
        # A relay may come away with fewer than there are, never with what another has; the next round takes the rest.
        rest = await lease(storage, limit=50)
        given = sorted(one.id for share in (*shares, rest) for one in share)
        assert given == sorted(f"{line}-0" for line in range(12))

    async def test_id_is_given_to_one_effect(self, storage: Storage) -> None:
        await put(storage, "1")
        with pytest.raises(Exception, match=r".*"):
            await put(storage, "1", line="oleg")
        assert [one.line for one in await lease(storage)] == ["anna"]
