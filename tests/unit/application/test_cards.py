"""The cards of people whom Gosuslugi vouches for: whose they are beyond doubt, or nobody's."""

from datetime import date
from typing import Any

import attrs
import pytest

from registratura.application.cards import add_children, is_linked_without_card
from registratura.domain.accounts import Account, AccountId
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.identity import Child, Identity
from registratura.domain.people import Patient, PersonName, Sex, Snils
from registratura.testing.memory import MemoryStorage
from registratura.testing.memory.state import Note
from registratura.testing.time import MovableClock
from tests.dialogue.clinic import NOW, load

pytestmark = pytest.mark.anyio
USER = MessengerId("2002")
CARD = Patient(
    id=PatientId("new"),
    name=PersonName("Новый", "Иван"),
    born=date(1980, 1, 2),
    sex=Sex.MALE,
    snils=Snils("11223344595"),
)
IDENTITY = Identity(subject="esia-1", name=CARD.name, born=CARD.born, snils=CARD.snils, verified_at=NOW)
ACCOUNT = Account(id=AccountId("a-1"), name="Новый Иван", identity=IDENTITY, messenger=USER, created_at=NOW)


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage(MovableClock(NOW))


async def is_without_card(storage: MemoryStorage) -> bool:
    return await storage.transact(lambda tx: is_linked_without_card(USER, NOW, tx))


@pytest.mark.req("AUTH-32")
async def test_card_that_came_after_the_sign_in_is_tied_and_that_is_on_record(storage: MemoryStorage) -> None:
    storage.state.accounts[ACCOUNT.id] = ACCOUNT
    assert await is_without_card(storage)
    assert storage.state.audit == []
    await load(storage, [CARD])
    assert not await is_without_card(storage)
    assert storage.state.patients[CARD.id] == attrs.evolve(CARD, messenger=USER, esia="esia-1")
    assert storage.state.accounts[ACCOUNT.id].patient == CARD.id
    assert storage.state.audit == [Note("account.messenger_linked", ACCOUNT.id, ACCOUNT.id, NOW)]


@pytest.mark.parametrize(
    ("card", "account"),
    [({"messenger": MessengerId("3003")}, {}), ({}, {"is_blocked": True})],
    ids=["card has a messenger", "account is blocked"],
)
async def test_card_is_not_tied_behind_anybodys_back(
    storage: MemoryStorage, card: dict[str, Any], account: dict[str, Any]
) -> None:
    storage.state.accounts[ACCOUNT.id] = attrs.evolve(ACCOUNT, **account)
    await load(storage, [known := attrs.evolve(CARD, **card)])
    assert await is_without_card(storage)
    assert storage.state.patients[CARD.id] == known
    assert storage.state.accounts[ACCOUNT.id].patient is None
    assert storage.state.audit == []


DAUGHTER = Patient(
    id=PatientId("daughter"), name=PersonName("Новая", "Вера"), born=date(2019, 4, 5), sex=Sex.FEMALE, snils=None
)
NAMESAKE = attrs.evolve(DAUGHTER, id=PatientId("namesake"), snils=Snils("08765430200"))
NUMBER = Snils("00100100101")


@pytest.mark.req("AUTH-39")
@pytest.mark.parametrize(
    ("cards", "number", "expected"),
    [
        ([DAUGHTER], None, ["daughter"]),
        ([DAUGHTER], NUMBER, ["daughter"]),
        ([DAUGHTER, NAMESAKE], None, []),
        ([NAMESAKE, attrs.evolve(DAUGHTER, snils=NUMBER)], None, []),
        ([NAMESAKE, attrs.evolve(DAUGHTER, snils=NUMBER)], NUMBER, ["daughter"]),
        ([attrs.evolve(DAUGHTER, id=PatientId("other")), attrs.evolve(DAUGHTER, snils=NUMBER)], NUMBER, ["daughter"]),
        ([DAUGHTER, attrs.evolve(DAUGHTER, id=PatientId("other"))], NUMBER, []),
        ([attrs.evolve(DAUGHTER, name=PersonName("Иная", "Вера"))], None, []),
    ],
    ids=[
        "one namesake",
        "one namesake without a number",
        "two namesakes",
        "two namesakes with numbers",
        "number tells which",
        "number tells more than a name",
        "number is on neither",
        "nobody",
    ],
)
async def test_child_is_added_only_if_it_is_clear_which(
    storage: MemoryStorage, cards: list[Patient], number: Snils | None, expected: list[str]
) -> None:
    await load(storage, [CARD, *cards])
    child = Child(name=DAUGHTER.name, born=DAUGHTER.born, snils=number)
    identity = attrs.evolve(IDENTITY, children=(child,))
    await storage.transact(lambda tx: add_children(identity, CARD.id, tx))
    assert [held.patient for held in storage.state.representations.values()] == expected
