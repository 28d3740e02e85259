"""What people do reaches us once, by polling and by webhook, and the watchdog keeps the webhook alive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import attrs
import pytest

from registratura.adapters.max.client import MaxMessenger
from registratura.adapters.max.polling import Polling
from registratura.adapters.max.webhook import Finding, Repair, Watchdog
from registratura.adapters.max.wire import NEEDED_TYPES, read_update
from registratura.application.backoff import Backoff
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import (
    Button,
    Incoming,
    Message,
    Pressed,
    Send,
    Started,
    Stopped,
    Typed,
    Update,
)
from tests.integration.max.emulated import EmulatedPerson

pytestmark = pytest.mark.anyio

DOCTORS = Message("Выберите врача", ((Button("Осенний А. Б.", "v1:doctor:1"),),))
OURS = "http://registry.example/max/webhook"
SECRET = "letters-and-1-digit"


@attrs.define
class Inbox:
    """Keeps updates and the marker together; refuses as often as it is told."""

    marker: str | None = None
    refusals: int = 0
    kept: list[Update] = attrs.field(factory=list)
    grown: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def read(self) -> str | None:
        return self.marker

    async def keep(self, updates: Sequence[Update], marker: str | None) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable
        self.kept += updates
        self.marker = marker or self.marker
        self.grown.set()

    async def holds(self, number: int) -> list[Incoming | None]:
        async with asyncio.timeout(10):
            while len(self.kept) < number:
                self.grown.clear()
                await self.grown.wait()
        return [update.incoming for update in self.kept]


@contextlib.asynccontextmanager
async def polling(messenger: MaxMessenger, inbox: Inbox) -> AsyncIterator[None]:
    quick = Backoff(base=0.01, factor=1.0, cap=0.01)
    runner = Polling(
        messenger=messenger, marker=inbox.read, keep=inbox.keep, chance=lambda: 0.5, backoff=quick, wait=10
    )
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_whole_dialogue_is_polled_in_order(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    inbox = Inbox()
    chat = await anna.chat()
    async with polling(messenger, inbox):
        assert await inbox.holds(1) == [Started(user=anna.user, chat=chat)]
        await anna.hand("start", payload="k7Q-_x")
        await anna.hand("messages", text="Здравствуйте")
        await messenger.deliver(Send(user=anna.user, message=DOCTORS))
        callback = await anna.press("v1:doctor:1")
        await anna.hand("delete")
        told = await inbox.holds(6)
    [shown] = [pressed for pressed in told if isinstance(pressed, Pressed)]
    assert shown.mid is not None
    assert told[1:] == [
        Started(user=anna.user, chat=chat, payload="k7Q-_x"),
        Typed(user=anna.user, chat=chat),
        Pressed(user=anna.user, chat=chat, callback=callback, payload="v1:doctor:1", mid=shown.mid),
        Stopped(user=anna.user),
        Stopped(user=anna.user),
    ]
    assert {update.line for update in inbox.kept} == {f"max:{anna.user}"}
    assert len({update.key for update in inbox.kept}) == 6


async def test_nothing_is_lost_when_the_storage_fails_or_we_are_started_anew(
    messenger: MaxMessenger, anna: EmulatedPerson
) -> None:
    inbox = Inbox(refusals=2)
    async with polling(messenger, inbox):
        await inbox.holds(1)
    await anna.hand("messages", text="Пока нас не было")
    async with polling(messenger, inbox):
        told = await inbox.holds(2)
    assert [type(incoming) for incoming in told] == [Started, Typed]


async def test_what_max_sends_twice_has_one_key(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    await anna.faults(duplicates=2)
    await messenger.deliver(Send(user=anna.user, message=DOCTORS))
    await anna.press("v1:doctor:1")
    await anna.hand("messages", text="Здравствуйте")
    batch = await messenger.updates(None, wait=0)
    keys = [read_update(raw).key for raw in batch.updates]
    assert len(keys) == 6
    assert len(set(keys)) == 3


def watchdog(messenger: MaxMessenger, secret: str = SECRET) -> Watchdog:
    return Watchdog(messenger=messenger, url=OURS, secret=secret)


async def test_the_watchdog_subscribes_and_then_leaves_everything_alone(
    messenger: MaxMessenger, anna: EmulatedPerson
) -> None:
    dog = watchdog(messenger)
    assert await dog.check() == Finding(repair=Repair.CREATED)
    assert await dog.check() == Finding(repair=Repair.NOTHING)
    [subscription] = await messenger.subscriptions()
    assert (subscription.url, subscription.types) == (OURS, NEEDED_TYPES)
    [asked] = await anna.requests("POST", "/subscriptions")
    assert asked["body"]["secret"] == SECRET


async def test_the_watchdog_brings_back_what_max_dropped(messenger: MaxMessenger) -> None:
    dog = watchdog(messenger)
    await dog.check()
    await messenger.unsubscribe(OURS)
    assert await dog.check() == Finding(repair=Repair.CREATED)
    assert [subscription.url for subscription in await messenger.subscriptions()] == [OURS]


async def test_the_watchdog_mends_the_types_of_updates(messenger: MaxMessenger) -> None:
    dog = watchdog(messenger)
    await dog.check()
    await messenger.subscribe(OURS, {"bot_started"}, SECRET)
    assert await dog.check() == Finding(repair=Repair.REPLACED)
    assert [subscription.types for subscription in await messenger.subscriptions()] == [NEEDED_TYPES]


async def test_a_new_secret_reaches_max_after_a_restart(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    await watchdog(messenger).check()
    assert (await watchdog(messenger, "another-secret-1").check()).repair is Repair.REPLACED
    secrets = [asked["body"]["secret"] for asked in await anna.requests("POST", "/subscriptions")]
    assert secrets == [SECRET, "another-secret-1"]


async def test_a_former_address_of_ours_is_removed_and_a_foreign_one_is_not(messenger: MaxMessenger) -> None:
    for url in ("http://registry.example/old/webhook", "http://neighbour.example/max/webhook"):
        await messenger.subscribe(url, NEEDED_TYPES, SECRET)
    assert await watchdog(messenger).check() == Finding(repair=Repair.CREATED, removed=1, foreign=1)
    left = {subscription.url for subscription in await messenger.subscriptions()}
    assert left == {OURS, "http://neighbour.example/max/webhook"}


async def test_a_watchdog_without_max_waits_for_better_times(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    await anna.faults(status=503, times=1)
    dog = watchdog(messenger)
    assert await dog.check() == Finding(repair=Repair.FAILED, reason="service.unavailable")
    assert (await dog.check()).repair is Repair.CREATED
