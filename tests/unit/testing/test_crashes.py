"""The numbered points between the use cases and their ports, over the doubles."""

from datetime import timedelta

import pytest
from returns.result import Failure

from registratura.application.booking import BookAppointment, CancelAppointment, Desk
from registratura.application.mailroom import Relay
from registratura.application.ports.messenger import Message, Send
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import Application, Channel, Rules, VisitKind
from registratura.domain.identifiers import MessengerId
from registratura.domain.refusals import SlotUnknown
from registratura.testing.contracts.storage.region import MOTHER, NOW, REGION, SLOTS, ZONE, load
from registratura.testing.crashes import Points, WatchedMessenger, WatchedStorage, WatchedThrottle
from registratura.testing.memory import MemoryStorage
from registratura.testing.messenger import RecordingMessenger
from registratura.testing.time import FixedClock, SequentialIds

CLOCK = FixedClock(NOW)
DESK = Desk(rules=Rules(zone=ZONE), clock=CLOCK, ids=SequentialIds())

pytestmark = pytest.mark.anyio


class Trail(list[tuple[int, str]]):
    """The points passed so far."""

    def __call__(self, number: int, name: str) -> None:
        self.append((number, name))


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def storage(trail: Trail) -> WatchedStorage:
    return WatchedStorage(MemoryStorage(clock=CLOCK), Points(trail))


def put(tx: Transaction) -> None:
    greeting = Send(user=MessengerId("17"), message=Message("Здравствуйте"))
    tx.outbox.put("anna", greeting, id="effect")
    tx.audit.note("seen", actor="anna", subject="effect", at=NOW)


def put_and_regret(tx: Transaction) -> Failure[SlotUnknown]:
    put(tx)
    return Failure(SlotUnknown())


async def test_a_transaction_is_named_by_its_effects(storage: WatchedStorage, trail: Trail) -> None:
    await storage.transact(put)

    assert trail == [(1, "outbox.put, audit.note: before commit"), (2, "outbox.put, audit.note: committed")]


async def test_before_the_commit_nothing_is_kept_yet(trail: Trail) -> None:
    inner = MemoryStorage(clock=CLOCK)

    def die(number: int, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await WatchedStorage(inner, Points(die)).transact(put)

    assert await inner.transact(lambda tx: tx.outbox.lease(1, timedelta(seconds=15))) == ()


async def test_what_changes_nothing_is_no_point(storage: WatchedStorage, trail: Trail) -> None:
    await storage.transact(lambda tx: tx.inbox.next())
    await storage.transact(lambda tx: tx.outbox.lease(8, timedelta(seconds=15)))
    await storage.transact(put_and_regret)

    assert trail == []


async def test_bookings_are_points_when_they_are_decided_and_when_they_are_kept(
    storage: WatchedStorage, trail: Trail
) -> None:
    await load(storage.storage, *REGION)
    asked = Application(
        patient=MOTHER.id, slot=SLOTS[0].id, channel=Channel.CALL_CENTRE, kind=VisitKind.ONLINE_CONSULTING
    )
    book, cancel = BookAppointment(storage=storage, desk=DESK), CancelAppointment(storage=storage, desk=DESK)

    booked = (await book(asked)).unwrap()
    assert (await book(asked)).unwrap() == booked
    (await cancel(booked.id)).unwrap()
    assert isinstance(await cancel(booked.id), Failure)

    assert [name for _, name in trail] == [
        "book: decided",
        "book: committed",
        "cancel: decided",
        "cancel: committed",
    ]


async def test_sending_is_a_point_before_it_is_begun_and_before_it_is_recorded(
    storage: WatchedStorage, trail: Trail
) -> None:
    messenger = WatchedMessenger(RecordingMessenger(clock=CLOCK), storage.points)
    relay = Relay(storage=storage, messenger=messenger, clock=CLOCK, chance=lambda: 0.0)
    await storage.transact(put)

    for leased in await relay.lease(1):
        await relay.send(leased)

    assert [name for _, name in trail][2:] == [
        "outbox.lease: before commit",
        "outbox.lease: committed",
        "send: before sending",
        "send: done, not recorded",
        "outbox.settle: before commit",
        "outbox.settle: committed",
    ]
    assert [number for number, _ in trail] == list(range(1, 9))


async def test_a_place_of_the_throttle_is_a_point_before_and_after(trail: Trail) -> None:
    await WatchedThrottle(MemoryStorage(clock=CLOCK), Points(trail)).reserve({"max:bot": 0.05})

    assert trail == [(1, "throttle.reserve: before"), (2, "throttle.reserve: done")]
