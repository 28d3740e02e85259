"""A clinic that answers late, twice, never or no, and workers that die: nobody is told what is not so (F6, F8)."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from random import Random

import attrs
from hypothesis import settings

from registratura.application.booking import Desk
from registratura.application.confirmation import AskMis, Inquiry, Terms, Waiting, begin
from registratura.application.ports.storage import Transaction
from registratura.domain.appointments import Application, Appointment, Channel, Rules, VisitKind
from registratura.domain.confirmation import Confirmation, News, State
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.schedule import FreeSlot, TakenSlot
from registratura.testing.contracts.storage.region import CONTROL, MOTHER, NOW, REGION, SLOTS, load
from registratura.testing.memory import MemoryStorage
from registratura.testing.memory.state import State as Everything
from registratura.testing.mis import MemoryMis, Way
from registratura.testing.time import SequentialIds
from tests.harness.virtual_time import LoopClock, run

RUNS = 10 * settings().max_examples
"""A thousand as a rule; fewer in a hurry, more for those who look for new ones."""
ASKED = Application(
    patient=MOTHER.id,
    slot=SLOTS[0].id,
    channel=Channel.MAX,
    kind=VisitKind.ONLINE_CONSULTING,
    author=MOTHER.id,
    purpose=CONTROL.id,
    consent_version="1",
)
PATIENCE = tuple(map(timedelta, (0, 0, 0), (0, 90, 600)))
"""None, as for a gateway that waits for one answer; a minute and a half; and what people are promised."""
SWEEPERS = 2


@attrs.define
class Told:
    """What was told, and when, in seconds of virtual time."""

    news: list[tuple[News, float]] = attrs.field(factory=list)

    def __call__(self, said: News, held: Confirmation, booked: Appointment, tx: Transaction) -> None:
        self.news.append((said, asyncio.get_running_loop().time()))

    def at(self, *wanted: News) -> float | None:
        return next((moment for said, moment in self.news if said in wanted), None)


@attrs.define
class Region:
    """One booking at a clinic that behaves as chance has it, and two sweepers that sometimes die."""

    chance: Random
    storage: MemoryStorage
    mis: MemoryMis = attrs.field(factory=MemoryMis)
    told: Told = attrs.field(factory=Told)
    mortal: bool = True
    """Whether whoever asks sometimes dies over it."""
    asking: set[AppointmentId] = attrs.field(factory=set)

    def way(self) -> Way:
        """How a call fares: prompt, late, lost on either way, or without end."""
        return Way(
            delay=self.chance.choice([0.0, self.chance.uniform(0, 20)]),
            heard=self.chance.random() < 0.8,
            answered=self.chance.random() < 0.6,
            silent=self.chance.random() < 0.5,
        )

    async def live(self, patience: timedelta) -> AppointmentId:
        terms = Terms(patience=patience)
        ask = AskMis(storage=self.storage, mis=self.mis, terms=terms, tell=self.told)
        desk = Desk(rules=Rules(), clock=self.storage.clock, ids=SequentialIds())
        waiting = Waiting(MessengerId("1001"), "chat")
        booked = (await self.storage.transact(lambda tx: begin(desk, terms, ASKED, tx, waiting))).unwrap()
        await asyncio.gather(*(self.sweep(ask) for _ in range(SWEEPERS)))
        await self.mis.all_heard()
        return booked.id

    async def sweep(self, ask: AskMis) -> None:
        while (due := self.next_due()) is not None:
            await asyncio.sleep(max(0.0, (due - self.storage.clock.now()).total_seconds()))
            await asyncio.gather(*(self.once(ask, inquiry) for inquiry in await ask.due(4)))

    def next_due(self) -> datetime | None:
        return next((held.due for held in self.storage.state.confirmations.values()), None)

    async def once(self, ask: AskMis, inquiry: Inquiry) -> None:
        assert inquiry.held.appointment not in self.asking, "two ask about one booking at once"
        self.asking.add(inquiry.held.appointment)
        asking = asyncio.create_task(_asked(ask, inquiry))
        if self.mortal and self.chance.random() < 0.1:
            await asyncio.wait([asking], timeout=self.chance.uniform(0, 8))
            asking.cancel()
        await asyncio.wait([asking])
        self.asking.discard(inquiry.held.appointment)


async def _asked(ask: AskMis, inquiry: Inquiry) -> None:
    await ask(inquiry)


async def _empty_region() -> Everything:
    storage = MemoryStorage(LoopClock(NOW))
    await load(storage, *REGION)
    return storage.state


def test_in_a_thousand_runs_nobody_is_told_what_is_not_so() -> None:
    empty = run(_empty_region())
    ends = Counter[State]()
    for seed in range(RUNS):
        chance = Random(seed)
        region = Region(chance=chance, storage=MemoryStorage(LoopClock(NOW), empty.copy()))
        region.mis.declining = chance.random() < 0.2
        region.mis.script(*(region.way() for _ in range(chance.randrange(12))))
        booking = run(region.live(chance.choice(PATIENCE)))
        state, holds = region.storage.state.confirmations[booking].state, booking in region.mis.held
        no, yes = region.told.at(News.REFUSED, News.NOT_CONFIRMED), region.told.at(News.BOOKED)
        assert (no is None) is not (yes is None), f"seed {seed}: {region.told.news}"
        assert holds is (yes is not None), f"seed {seed}: told {region.told.news}, and the clinic says {holds}"
        assert holds is (state is State.CONFIRMED), f"seed {seed}"
        slot = region.storage.state.slots[ASKED.slot]
        assert isinstance(slot, TakenSlot if holds else FreeSlot), f"seed {seed}: the slot is {slot}"
        ends[state] += 1
    assert set(ends) == {State.CONFIRMED, State.REFUSED, State.GIVEN_UP, State.CANCELLED}, "the runs reach every end"


def test_a_yes_after_our_no_is_cancelled_within_two_minutes() -> None:
    empty = run(_empty_region())
    late = 0
    for seed in range(RUNS // 5):
        chance = Random(seed)
        region = Region(chance=chance, storage=MemoryStorage(LoopClock(NOW), empty.copy()), mortal=False)
        region.mis.script(Way(delay=chance.uniform(0, 20)))
        booking = run(region.live(timedelta(0)))
        held = region.storage.state.confirmations[booking]
        no = region.told.at(News.NOT_CONFIRMED)
        if no is None:
            assert held.state is State.CONFIRMED
            continue
        late += 1
        assert no <= 8.1, "the gateway waits no longer"
        assert held.state is State.CANCELLED
        assert booking not in region.mis.held
        assert held.since - NOW - timedelta(seconds=no) <= timedelta(minutes=2)
    assert late > RUNS // 20
