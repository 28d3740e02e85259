"""Effects leave at least once, in order by line, and a doubt is never forgotten."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from registratura.application.ports.messenger import Answer, Button, Edit, LinkButton, Message, Outgoing, Send
from registratura.application.ports.storage import Leased, SendState, Storage
from registratura.domain.identifiers import MessengerId
from registratura.testing.contracts.storage.region import DAY, MINUTE, NOW

TERM = MINUTE
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


async def put(storage: Storage, id: str, line: str = "anna", outgoing: Outgoing = SEND, due: datetime = NOW) -> None:
    """Keep an effect in a transaction of its own."""
    await storage.transact(lambda tx: tx.outbox.put(line, outgoing, id=id, due=due))


async def lease(storage: Storage, now: datetime = NOW, limit: int = 10, term: timedelta = TERM) -> Sequence[Leased]:
    """Take what may leave."""
    return await storage.transact(lambda tx: tx.outbox.lease(now, limit, term))


async def settle(storage: Storage, id: str, state: SendState = SendState.SENT) -> None:
    """Record how sending ended."""
    await storage.transact(lambda tx: tx.outbox.settle(id, state, None, NOW))


async def next_due(storage: Storage) -> datetime | None:
    """When it is worth to look again."""
    return await storage.read(lambda tx: tx.outbox.next_due())


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

    async def test_effect_rolled_back_never_leaves(self, storage: Storage) -> None:
        def fail(tx: object) -> None:
            tx.outbox.put("anna", SEND, id="1", due=NOW)  # type: ignore[attr-defined]  # a transaction
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
        assert await lease(storage, now=NOW + DAY) == ()
        assert await next_due(storage) is None

    async def test_nothing_leaves_before_it_is_due_nor_past_one_that_waits(self, storage: Storage) -> None:
        await put(storage, "later", due=NOW + MINUTE)
        await put(storage, "behind")
        assert await lease(storage) == ()
        assert await next_due(storage) == NOW + MINUTE
        assert [one.id for one in await lease(storage, now=NOW + MINUTE)] == ["later"]

    async def test_limit_takes_those_due_first(self, storage: Storage) -> None:
        for number in range(5):
            await put(storage, f"{number}", line=f"line-{number}", due=NOW - number * MINUTE)
        assert [one.id for one in await lease(storage, limit=2)] == ["4", "3"]
        assert [one.id for one in await lease(storage, limit=9)] == ["2", "1", "0"]

    async def test_lease_that_ran_out_comes_again_in_doubt(self, storage: Storage) -> None:
        await put(storage, "1")
        await put(storage, "2")
        await lease(storage)
        assert await lease(storage, now=NOW + TERM - timedelta(seconds=1)) == ()
        assert await next_due(storage) == NOW + TERM
        again = await lease(storage, now=NOW + TERM)
        assert again == (Leased(id="1", line="anna", outgoing=SEND, attempts=1, first_attempt_at=NOW, in_doubt=True),)
        third = await lease(storage, now=NOW + 2 * TERM)
        assert [(one.attempts, one.first_attempt_at, one.in_doubt) for one in third] == [(2, NOW, True)]

    async def test_postponed_effect_waits_with_its_line(self, storage: Storage) -> None:
        await put(storage, "1")
        await put(storage, "2")
        await lease(storage)
        later = NOW + 5 * MINUTE
        await storage.transact(lambda tx: tx.outbox.postpone("1", later, "too.many.requests", in_doubt=False))
        assert await next_due(storage) == later
        assert await lease(storage, now=later - MINUTE) == ()
        (again,) = await lease(storage, now=later)
        assert (again.id, again.attempts, again.first_attempt_at, again.in_doubt) == ("1", 1, NOW, False)

    async def test_doubt_told_when_postponing_is_kept(self, storage: Storage) -> None:
        await put(storage, "1")
        await lease(storage)
        await storage.transact(lambda tx: tx.outbox.postpone("1", NOW, "reset", in_doubt=True))
        (again,) = await lease(storage)
        assert again.in_doubt
        await storage.transact(lambda tx: tx.outbox.postpone("1", NOW, "it was not sent", in_doubt=False))
        (third,) = await lease(storage)
        assert not third.in_doubt

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
