"""What is long done goes, batch by batch; what people must still look at stays."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from registratura.application.ports.deciding import Fingerprint
from registratura.application.ports.messenger import Answer, Typed
from registratura.application.ports.queues import SendState
from registratura.application.ports.storage import Transaction
from registratura.application.tidying import Retention, Tidy
from registratura.domain.accounts import LoginLink, SignIn
from registratura.domain.identifiers import MessengerId
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock

pytestmark = pytest.mark.anyio
USER = MessengerId("1001")
KEPT = Retention(inbox=timedelta(days=1), outbox=timedelta(days=2), requests=timedelta(days=3))
BEGUN = SignIn(
    state_hash="state",
    browser_hash="browser",
    nonce=None,
    verifier=None,
    link_hash=None,
    ends_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 11, 20, 9, tzinfo=UTC))


@pytest.fixture
async def storage(clock: MovableClock) -> MemoryStorage:
    storage = MemoryStorage(clock)

    def happen(tx: Transaction) -> None:
        for number in range(5):
            name = str(number)
            tx.inbox.put(name, "line", Typed(user=USER, chat=None))
            received = tx.inbox.next()
            assert received is not None
            tx.inbox.done(received.number)
            tx.outbox.put("line", Answer(user=USER, callback=name, note="-"), id=name)
            tx.outbox.settle(name, SendState.SENT, None)
            tx.requests.remember(Fingerprint("scope", name, "digest"), "answer", clock.now())

    await storage.transact(happen)
    return storage


def kept(storage: MemoryStorage) -> tuple[int, int, int]:
    state = storage.state
    return len(state.inbox), len(state.outbox), len(state.requests)


async def test_each_thing_goes_in_its_own_time(storage: MemoryStorage, clock: MovableClock) -> None:
    tidy = Tidy(storage=storage, clock=clock, retention=KEPT)
    assert not await tidy()
    assert kept(storage) == (5, 5, 5)
    for expected in ((0, 5, 5), (0, 0, 5), (0, 0, 0)):
        clock.move(timedelta(days=1, seconds=1))
        assert not await tidy()
        assert kept(storage) == expected


async def test_little_goes_at_once_and_the_rest_is_told(storage: MemoryStorage, clock: MovableClock) -> None:
    tidy = Tidy(storage=storage, clock=clock, retention=KEPT, batch=2)
    clock.move(timedelta(days=30))
    assert [await tidy() for _ in range(3)] == [True, True, False]
    assert kept(storage) == (0, 0, 0)


async def test_sessions_links_and_sign_ins_go_to_the_last(clock: MovableClock) -> None:
    storage = MemoryStorage(clock)

    def happen(tx: Transaction) -> None:
        for number in range(5):
            link = LoginLink(token_hash=f"link-{number}", user=USER, chat=None, ends_at=clock.now())
            tx.accounts.keep_link(link)
            tx.accounts.begin(attrs.evolve(BEGUN, state_hash=f"state-{number}", ends_at=clock.now()))

    await storage.transact(happen)
    clock.move(timedelta(days=30))
    tidy = Tidy(storage=storage, clock=clock, retention=KEPT, batch=2)
    assert [await tidy() for _ in range(3)] == [True, True, True]
    assert not await tidy()
    assert (storage.state.login_links, storage.state.sign_ins) == ({}, {})
