"""Two workers on one database and a clinic that decides: asked at once, by one of them, and people are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from registratura.application.confirmation import Terms, Waiting, begin
from registratura.application.ports.messenger import Send
from registratura.domain.appointments import Application, Channel, VisitKind
from registratura.domain.confirmation import State
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.entrypoints.composition import Registratura, compose, migrate
from registratura.entrypoints.settings import Settings, load_settings
from registratura.entrypoints.worker import loops
from registratura.testing.contracts.storage.region import CONTROL, MOTHER, REGION, SLOTS, load
from registratura.testing.mis import MemoryMis, Way

pytestmark = pytest.mark.anyio
BOOKINGS = 6
PATIENCE = 30.0


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/registratura.db"


@asynccontextmanager
async def two_workers(settings: Settings, mis: MemoryMis) -> AsyncIterator[Registratura]:
    """Two workers as two processes would run them, each with connections of its own; the first one's product."""
    async with AsyncExitStack() as stack:
        products = [await stack.enter_async_context(compose(settings, mis)) for _ in range(2)]
        stopping = asyncio.Event()
        workers = [asyncio.create_task(loops.run(product, stopping=stopping)) for product in products]
        yield products[0]
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*workers), PATIENCE)


async def fill(product: Registratura) -> None:
    """The region of the contract, with slots one a day from tomorrow on."""
    tomorrow = product.clock.now() + timedelta(days=1)
    slots = [
        attrs.evolve(SLOTS[0], id=SlotId(f"slot-{day}"), visit=tomorrow + timedelta(days=day))
        for day in range(BOOKINGS)
    ]
    await load(product.storage, *REGION[:-1], slots)


async def wish(product: Registratura, day: int) -> AppointmentId:
    """What the bot does when somebody confirms."""
    asked = Application(
        patient=MOTHER.id,
        slot=SlotId(f"slot-{day}"),
        channel=Channel.MAX,
        kind=VisitKind.ONLINE_CONSULTING,
        author=MOTHER.id,
        purpose=CONTROL.id,
        consent_version="1",
    )
    assert MOTHER.messenger is not None
    waiting = Waiting(MOTHER.messenger, "chat")
    desk = product.book.desk
    begun = await product.storage.transact(lambda tx: begin(desk, Terms(), asked, tx, waiting))
    return begun.unwrap().id


async def confirmed(product: Registratura, bookings: list[AppointmentId]) -> None:
    """Return when all *bookings* are."""
    async with asyncio.timeout(PATIENCE):
        while True:
            states = await product.storage.read(lambda tx: tx.confirmations.states(bookings))
            if set(states.values()) == {State.CONFIRMED}:
                return
            await asyncio.sleep(0.05)


async def check(url: str, folder: Path) -> None:
    settings = load_settings(
        {"REGISTRATURA_DATABASE_URL": url, "REGISTRATURA_TMK_CHECKS_REPEAT_SPECIALITY_MO": "no"}, folder
    )
    migrate(settings)
    mis = MemoryMis()
    mis.script(*[Way(delay=0.2)] * BOOKINGS)
    async with two_workers(settings, mis) as product:
        await fill(product)
        bookings = [await wish(product, day) for day in range(BOOKINGS)]
        await confirmed(product, bookings)
        assert sorted(mis.calls) == sorted(("book", booking) for booking in bookings), "each was asked once"
        told = await product.storage.transact(lambda tx: tx.outbox.lease(1, timedelta(minutes=1)))
        assert isinstance(told[0].outgoing, Send)
        assert told[0].outgoing.message.text.startswith("Вы записаны ✓")


async def test_two_workers_ask_each_question_once_on_sqlite(sqlite: str, tmp_path: Path) -> None:
    await check(sqlite, tmp_path)


async def test_two_workers_ask_each_question_once_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    await check(postgres_url, tmp_path)
