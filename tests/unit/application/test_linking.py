"""Tying a messenger account to whoever signed in: the account acts for them, and for nobody else."""

from datetime import date, timedelta

import attrs
import pytest
from returns.pipeline import is_successful
from returns.result import Failure, Success

from registratura.application.linking import LinkMessenger
from registratura.application.ports.storage import Transaction
from registratura.application.signing_in import BeginSignIn, GiveLink, LinkGone, Visitor
from registratura.domain.accounts import Account, AccountId, LoginLink, Method, Session
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.identity import Identity
from registratura.domain.people import PersonName
from registratura.testing.identity import MemoryIdentityProvider
from registratura.testing.memory import MemoryStorage
from registratura.testing.memory.accounts import MemoryAccounts
from registratura.testing.memory.queues import MemoryDialogues
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import MAN, MOTHER_IN_MAX, NOW, PLAIN, load

pytestmark = pytest.mark.anyio
LINK = LoginLink(token_hash="link", user=MOTHER_IN_MAX, chat="70", ends_at=NOW + timedelta(minutes=15))


@attrs.frozen
class Greeter:
    """Remembers who was welcomed."""

    welcomed: list[MessengerId] = attrs.field(factory=list)

    def welcome(self, user: MessengerId, chat: str | None, tx: Transaction) -> None:
        """See the port."""
        self.welcomed.append(user)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def storage(clock: MovableClock) -> MemoryStorage:
    storage = MemoryStorage(clock)
    await load(storage, *PLAIN)
    return storage


async def visitor(storage: MemoryStorage, patient: PatientId | None) -> Visitor:
    """Somebody who signed in with the bot's link that the mother's messenger account was given."""
    identity = Identity(subject="esia-1", name=PersonName("Новый", "Иван"), born=date(1980, 1, 2), verified_at=NOW)
    account = Account(id=AccountId("a-1"), name="Новый Иван", identity=identity, patient=patient, created_at=NOW)
    session = Session(
        token_hash="session",
        account=account.id,
        method=Method.ESIA,
        began_at=NOW,
        seen_at=NOW,
        link_hash=LINK.token_hash,
    )

    def come(tx: Transaction) -> None:
        tx.accounts.save(account)
        tx.accounts.open_session(session)
        tx.accounts.keep_link(LINK)

    await storage.transact(come)
    return Visitor(session=session, account=account)


@pytest.mark.req("AUTH-34")
async def test_messenger_of_somebody_without_a_card_acts_for_no_card(storage: MemoryStorage) -> None:
    linking = LinkMessenger(storage=storage, clock=storage.clock, converse=Greeter())
    assert await linking(await visitor(storage, None)) == Success(False)
    assert await storage.read(lambda tx: tx.patients.by_messenger(MOTHER_IN_MAX)) is None
    assert storage.state.accounts["a-1"].messenger == MOTHER_IN_MAX


@pytest.mark.req("AUTH-34")
async def test_messenger_of_somebody_with_a_card_acts_for_that_card(storage: MemoryStorage) -> None:
    linking = LinkMessenger(storage=storage, clock=storage.clock, converse=Greeter())
    assert await linking(await visitor(storage, MAN)) == Success(True)
    card = await storage.read(lambda tx: tx.patients.by_messenger(MOTHER_IN_MAX))
    assert card is not None
    assert card.id == MAN


async def test_dialogue_is_locked_before_the_link_and_the_account_are_read(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = await visitor(storage, MAN)
    asked: list[str] = []
    for adapter, name in ((MemoryDialogues, "find"), (MemoryAccounts, "link"), (MemoryAccounts, "find")):
        _watch(monkeypatch, adapter, name, asked)
    # The first look only tells whose dialogue it is.
    await LinkMessenger(storage=storage, clock=storage.clock, converse=Greeter())(coming)
    assert asked == ["MemoryAccounts.link", "MemoryDialogues.find", "MemoryAccounts.link", "MemoryAccounts.find"]


def _watch(monkeypatch: pytest.MonkeyPatch, adapter: type, name: str, asked: list[str]) -> None:
    whole = getattr(adapter, name)

    def watched(self: object, *given: object) -> object:
        asked.append(f"{adapter.__name__}.{name}")
        return whole(self, *given)

    monkeypatch.setattr(adapter, name, watched)


async def test_messenger_that_somebody_else_gets_at_this_moment_is_not_tied(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming, greeter = await visitor(storage, MAN), Greeter()
    before = storage.state
    monkeypatch.setattr(MemoryAccounts, "save", lambda *_: False)
    linking = LinkMessenger(storage=storage, clock=storage.clock, converse=greeter)
    assert await linking(coming) == Failure(LinkGone())
    assert storage.state is before
    assert greeter.welcomed == []


@pytest.mark.req("AUTH-33")
async def test_link_works_once(storage: MemoryStorage) -> None:
    coming, greeter = await visitor(storage, MAN), Greeter()
    linking = LinkMessenger(storage=storage, clock=storage.clock, converse=greeter)
    assert await linking(coming) == Success(True)
    assert await linking(coming) == Failure(LinkGone())
    assert greeter.welcomed == [MOTHER_IN_MAX]


@pytest.mark.req("AUTH-33")
async def test_link_is_over_after_a_quarter_of_an_hour(storage: MemoryStorage, clock: MovableClock) -> None:
    coming, greeter = await visitor(storage, MAN), Greeter()
    cards, accounts = dict(storage.state.patients), dict(storage.state.accounts)
    linking = LinkMessenger(storage=storage, clock=storage.clock, converse=greeter)
    clock.move(timedelta(minutes=15))
    assert await linking(coming) == Failure(LinkGone())
    assert (storage.state.patients, storage.state.accounts) == (cards, accounts)
    assert greeter.welcomed == []


@pytest.mark.req("AUTH-33")
async def test_the_bot_gives_links_for_a_quarter_of_an_hour(storage: MemoryStorage, clock: MovableClock) -> None:
    give = GiveLink(address="https://registry.example/login/max", clock=storage.clock, ids=SequentialIds())
    url = await storage.transact(lambda tx: give(MOTHER_IN_MAX, "70", tx))
    (kept,) = storage.state.login_links.values()
    assert (kept.user, kept.chat, kept.ends_at) == (MOTHER_IN_MAX, "70", NOW + timedelta(minutes=15))

    provider = MemoryIdentityProvider(clock=storage.clock, ids=SequentialIds())
    begin = BeginSignIn(storage=storage, provider=provider, return_to="https://registry.example", clock=storage.clock)
    secret = url.removeprefix(f"{give.address}/")
    clock.move(timedelta(minutes=14))
    assert is_successful(await begin("browser", "/", secret))
    clock.move(timedelta(minutes=1))
    assert await begin("browser", "/", secret) == Failure(LinkGone())
