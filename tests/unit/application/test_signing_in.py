"""Who comes back from Gosuslugi has an account that leads to their card, unless they may not come in."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import attrs
import pytest
from returns.pipeline import is_successful
from returns.result import Failure, Result

from registratura.application.ports.identity import NotSignedIn
from registratura.application.signing_in import BeginSignIn, Blocked, FinishSignIn, Foreign, SignedIn
from registratura.domain.accounts import Account
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.people import Patient, PersonName, Sex, Snils
from registratura.testing.identity import Citizen, MemoryIdentityProvider
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import NOW, load

pytestmark = pytest.mark.anyio
RETURN_TO = "https://registry.example/esia/return"
CARD = Patient(
    id=PatientId("new"),
    name=PersonName("Новый", "Иван"),
    born=date(1980, 1, 2),
    sex=Sex.MALE,
    snils=Snils("11223344595"),
)
CITIZEN = Citizen(subject="esia-1", name=CARD.name, born=CARD.born, snils=CARD.snils)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def storage(clock: MovableClock) -> MemoryStorage:
    return MemoryStorage(clock)


@pytest.fixture
def provider(clock: MovableClock) -> MemoryIdentityProvider:
    return MemoryIdentityProvider(clock=clock, ids=SequentialIds())


async def sign_in(
    storage: MemoryStorage,
    provider: MemoryIdentityProvider,
    citizen: Citizen = CITIZEN,
    meanwhile: Callable[[], None] = lambda: None,
) -> Result[SignedIn, NotSignedIn | Foreign | Blocked]:
    """*citizen* goes to Gosuslugi and comes back; *meanwhile* something happens."""
    begin = BeginSignIn(storage=storage, provider=provider, return_to=RETURN_TO, clock=storage.clock)
    finish = FinishSignIn(
        storage=storage, provider=provider, return_to=RETURN_TO, clock=storage.clock, ids=provider.ids
    )
    begun = (await begin("browser", "/")).unwrap()
    meanwhile()
    return await finish(provider.sign_in(begun, citizen), "browser")


async def come_in(storage: MemoryStorage, provider: MemoryIdentityProvider, citizen: Citizen = CITIZEN) -> Account:
    """*citizen* signs in: the account, which is the only one."""
    assert is_successful(await sign_in(storage, provider, citizen))
    (account,) = storage.state.accounts.values()
    return account


async def test_new_account_leads_to_the_card(storage: MemoryStorage, provider: MemoryIdentityProvider) -> None:
    await load(storage, [CARD])
    assert (await come_in(storage, provider)).patient == CARD.id


async def test_account_leads_to_a_card_that_came_later(
    storage: MemoryStorage, provider: MemoryIdentityProvider
) -> None:
    first = await come_in(storage, provider)
    assert first.patient is None
    storage.state.accounts[first.id] = attrs.evolve(first, messenger=MessengerId("2002"))
    await load(storage, [CARD])
    again = await come_in(storage, provider)
    assert (again.id, again.patient, again.messenger) == (first.id, CARD.id, "2002")


async def test_account_follows_its_person_to_another_card(
    storage: MemoryStorage, provider: MemoryIdentityProvider
) -> None:
    await load(storage, [CARD])
    await come_in(storage, provider)
    moved = attrs.evolve(CARD, id=PatientId("newer"))
    await load(storage, [attrs.evolve(CARD, snils=None), moved])
    assert (await come_in(storage, provider)).patient == moved.id


async def test_account_keeps_its_card_when_none_is_found(
    storage: MemoryStorage, provider: MemoryIdentityProvider
) -> None:
    await load(storage, [CARD])
    await come_in(storage, provider)
    renamed = attrs.evolve(CITIZEN, name=PersonName("Новейший", "Иван"))
    assert (await come_in(storage, provider, renamed)).patient == CARD.id


@pytest.mark.req("AUTH-15")
async def test_blocked_person_is_not_let_in(storage: MemoryStorage, provider: MemoryIdentityProvider) -> None:
    known = await come_in(storage, provider)
    storage.state.accounts[known.id] = attrs.evolve(known, is_blocked=True)
    sessions, noted = dict(storage.state.sessions), list(storage.state.audit)
    assert await sign_in(storage, provider) == Failure(Blocked())
    assert (storage.state.sessions, list(storage.state.audit)) == (sessions, noted)


async def test_gosuslugi_may_take_ten_minutes(
    storage: MemoryStorage, provider: MemoryIdentityProvider, clock: MovableClock
) -> None:
    in_time, too_late = (partial(clock.move, timedelta(minutes=10, seconds=late)) for late in (-1, 0))
    assert is_successful(await sign_in(storage, provider, meanwhile=in_time))
    assert await sign_in(storage, provider, meanwhile=too_late) == Failure(Foreign())
    assert len(storage.state.sessions) == 1
