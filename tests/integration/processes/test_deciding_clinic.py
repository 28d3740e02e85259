"""Two workers on one database and a clinic that decides: each question asked once, and nothing lost between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.confirmation import AskMis, Inquiry, Terms, Waiting, begin
from registratura.application.ports.messenger import Send
from registratura.application.ports.storage import Transaction
from registratura.application.through_mis import CancelThroughMis
from registratura.domain.appointments import Application, Channel, ClosedAppointment, VisitKind
from registratura.domain.confirmation import State
from registratura.domain.dialogue import Dialogue
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.entrypoints.composition import Registratura, compose, migrate
from registratura.entrypoints.settings import Settings, load_settings
from registratura.entrypoints.worker import loops
from registratura.testing.contracts.storage.region import CONTROL, MOTHER, REGION, SLOTS, load
from registratura.testing.mis import MemoryMis, Way

pytestmark = pytest.mark.anyio
BOOKINGS = 6
ROUNDS = 5
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
    assert MOTHER.messenger is not None
    talking = Dialogue(user=MOTHER.messenger, session="session-of-mother", touched_at=tomorrow)
    await product.storage.transact(lambda tx: tx.dialogues.save(talking, "chat"))


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


def migrated(url: str, folder: Path) -> Settings:
    settings = load_settings(
        {"REGISTRATURA_DATABASE_URL": url, "REGISTRATURA_TMK_CHECKS_REPEAT_SPECIALITY_MO": "no"}, folder
    )
    migrate(settings)
    return settings


async def check_once(settings: Settings) -> None:
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


async def check_cancelling(settings: Settings) -> None:
    """Each booking is cancelled at some moment of its asking; the clinic loses half of its answers."""
    mis, chance = MemoryMis(), Random(7)
    mis.script(*(Way(delay=chance.uniform(0, 0.05), answered=chance.random() < 0.5) for _ in range(BOOKINGS)))
    async with compose(settings, mis) as product:
        await fill(product)
        ask = product.ask_mis
        assert ask is not None
        cancel = CancelThroughMis(storage=product.storage, desk=product.book.desk, ask=ask)

        async def cancel_soon(booking: AppointmentId) -> bool:
            await asyncio.sleep(chance.uniform(0, 0.1))
            return is_successful(await cancel(booking))

        for _ in range(ROUNDS):
            bookings = [await wish(product, day) for day in range(BOOKINGS)]
            asked = asyncio.gather(*map(ask, await ask.due(BOOKINGS)))
            assert all(await asyncio.gather(*map(cancel_soon, bookings)))
            await asked
            for booking in bookings:
                await settle(product, ask, booking)
                assert booking not in mis.held
                assert isinstance(await found(product, booking), ClosedAppointment)


async def found(product: Registratura, booking: AppointmentId) -> object:
    return await product.storage.read(lambda tx: tx.appointments.find(booking))


async def settle(product: Registratura, ask: AskMis, booking: AppointmentId) -> None:
    """Ask about *booking* until the clinic has given it back, without waiting for the times of asking."""

    def take(tx: Transaction) -> Inquiry | None:
        held = tx.confirmations.find(booking)
        return ask.take(held, tx.confirmations.now(), tx) if held is not None and held.due is not None else None

    for _ in range(3):
        inquiry = await product.storage.transact(take)
        if inquiry is not None:
            await ask(inquiry)


async def test_two_workers_ask_each_question_once_on_sqlite(sqlite: str, tmp_path: Path) -> None:
    await check_once(migrated(sqlite, tmp_path))


async def test_two_workers_ask_each_question_once_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    await check_once(migrated(postgres_url, tmp_path))


async def test_cancelling_while_answers_come_in_leaves_nothing_behind_on_sqlite(sqlite: str, tmp_path: Path) -> None:
    await check_cancelling(migrated(sqlite, tmp_path))


async def test_cancelling_while_answers_come_in_leaves_nothing_behind_on_postgres(
    postgres_url: str, tmp_path: Path
) -> None:
    await check_cancelling(migrated(postgres_url, tmp_path))
