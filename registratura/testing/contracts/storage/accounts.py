"""Accounts, their sessions, links and sign-ins: each secret is good for what it was given for, and no longer."""

import asyncio
from datetime import date, timedelta

import attrs
import pytest

from registratura.application.ports.feedback import Words
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.accounts import Account, AccountId, LoginLink, Method, Role, Session, SignIn
from registratura.domain.identifiers import MessengerId
from registratura.domain.identity import Identity
from registratura.domain.people import PersonName, Relation, Sex, Snils
from registratura.testing.contracts.storage.region import CHILD, DAY, MINUTE, MOTHER, NOW, REGION, STRANGER, load

IDENTITY = Identity(
    subject="1000299654",
    name=PersonName("Летняя", "Анна", "Игоревна"),
    born=date(1990, 5, 17),
    sex=Sex.FEMALE,
    snils=Snils("11223344595"),
    phone="+79000000000",
    verified_at=NOW,
)
ANNA = Account(
    id=AccountId("anna"),
    name="Летняя Анна Игоревна",
    role=Role.ADMINISTRATOR,
    login="anna",
    email="anna@example.com",
    password="hash",  # noqa: S106  # nobody's
    identity=IDENTITY,
    patient=MOTHER.id,
    messenger=MessengerId("1001"),
    failures=2,
    locked_until=NOW + MINUTE,
    created_at=NOW,
)
OLEG = Account(id=AccountId("oleg"), name="Вешний Олег", login="oleg", created_at=NOW)
SESSION = Session(
    token_hash="session",  # noqa: S106  # nobody's
    account=ANNA.id,
    method=Method.ESIA,
    began_at=NOW,
    seen_at=NOW,
    link_hash="link",
)
LINK = LoginLink(token_hash="link", user=MessengerId("7"), chat="70", ends_at=NOW + MINUTE)  # noqa: S106  # nobody's
SIGN_IN = SignIn(
    state_hash="state",
    browser_hash="browser",
    nonce="nonce",
    verifier=None,
    link_hash="link",
    next="/bookings",
    ends_at=NOW + 10 * MINUTE,
)


async def keep(storage: Storage, *accounts: Account) -> None:
    """The region, and *accounts*."""
    await load(storage, *REGION)
    for account in accounts:
        assert await storage.transact(lambda tx, account=account: tx.accounts.save(account))  # type: ignore[misc]


@pytest.mark.anyio
class AccountPromises:
    """What `Accounts` and `Feedback` promise, and what `Patients` does about people who signed in."""

    async def test_an_account_is_found_by_all_that_names_it(self, storage: Storage) -> None:
        await keep(storage, ANNA, OLEG)
        found = await storage.transact(
            lambda tx: [
                tx.accounts.find(ANNA.id),
                tx.accounts.by_login("anna"),
                tx.accounts.by_login("Anna@Example.COM"),
                tx.accounts.by_subject(IDENTITY.subject),
                tx.accounts.by_messenger(MessengerId("1001")),
            ]
        )
        assert found == [ANNA] * 5
        assert await storage.read(lambda tx: tx.accounts.by_login("ANNA")) is None
        assert await storage.read(lambda tx: tx.accounts.by_login("nobody")) is None

    async def test_accounts_are_listed_by_name_page_by_page(self, storage: Storage) -> None:
        names = ("Ёлкина Яна", "елкина Анна", "Ежов", "жук", "Ежов")
        known = [Account(id=AccountId(f"{at}"), name=name, created_at=NOW) for at, name in enumerate(names)]
        await keep(storage, *known)
        first = await storage.read(lambda tx: tx.accounts.all(2))
        second = await storage.read(lambda tx: tx.accounts.all(2, after=first[-1].id))
        third = await storage.read(lambda tx: tx.accounts.all(2, after=second[-1].id))
        assert [[one.id for one in page] for page in (first, second, third)] == [["2", "4"], ["1", "0"], ["3"]]
        assert await storage.read(lambda tx: tx.accounts.all(2, after=third[-1].id)) == ()

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("ЛЕТ", ["anna"]),
            (" летняя  АННА ", ["anna"]),
            ("вешний", ["oleg"]),
            ("вёшний", ["oleg"]),
            ("O", ["oleg", "third"]),
            ("Anna@", ["anna"]),
            ("anna", ["anna"]),
            ("анна", []),
            ("%", []),
            ("_", []),
            ("яяя", []),
            (" ", ["oleg", "anna", "third"]),
        ],
    )
    async def test_an_account_is_found_by_how_its_name_login_or_address_begins(
        self, storage: Storage, prefix: str, found: list[str]
    ) -> None:
        third = Account(id=AccountId("third"), name="Ярова Ольга", email="Olga@example.com", created_at=NOW)
        await keep(storage, ANNA, OLEG, third)
        listed = await storage.read(lambda tx: tx.accounts.all(10, prefix))
        assert [one.id for one in listed] == found
        for number, id_ in enumerate(found):
            page = await storage.read(lambda tx, id_=id_: tx.accounts.all(1, prefix, after=AccountId(id_)))  # type: ignore[misc]
            assert [one.id for one in page] == found[number + 1 : number + 2]

    async def test_an_account_is_found_by_its_new_names_only(self, storage: Storage) -> None:
        await keep(storage, ANNA)
        renamed = attrs.evolve(ANNA, name="Зимняя Анна", login="zima", email=None)
        assert await storage.transact(lambda tx: tx.accounts.save(renamed))
        counts = [
            await storage.read(lambda tx, prefix=prefix: len(tx.accounts.all(10, prefix)))  # type: ignore[misc]
            for prefix in ("зимняя", "zima", "летняя", "anna", "anna@")
        ]
        assert counts == [1, 1, 0, 0, 0]

    async def test_an_account_is_changed_whole(self, storage: Storage) -> None:
        await keep(storage, ANNA)
        plain = Account(id=ANNA.id, name="Анна", is_blocked=True, created_at=NOW)
        assert await storage.transact(lambda tx: tx.accounts.save(plain))
        assert await storage.read(lambda tx: tx.accounts.find(ANNA.id)) == plain

    @pytest.mark.parametrize(
        "taken",
        [
            {"login": "anna"},
            {"email": "ANNA@example.com"},
            {"messenger": MessengerId("1001")},
            {"identity": IDENTITY},
        ],
        ids=["login", "email", "messenger", "subject"],
    )
    async def test_what_names_one_account_names_no_other(self, storage: Storage, taken: dict[str, object]) -> None:
        await keep(storage, ANNA, OLEG)
        greedy = attrs.evolve(OLEG, **taken)  # type: ignore[arg-type]  # a table of cases

        def save(tx: Transaction) -> bool:
            saved = tx.accounts.save(greedy)
            # Nothing of it is kept, and the transaction goes on.
            tx.audit.note("account.taken", actor="test", subject="test", at=NOW)
            return saved

        assert not await storage.transact(save)
        assert await storage.read(lambda tx: tx.accounts.find(OLEG.id)) == OLEG

    async def test_a_session_lives_until_it_is_ended(self, storage: Storage) -> None:
        await keep(storage, ANNA, OLEG)
        others = [attrs.evolve(SESSION, token_hash=name) for name in ("second", "third")]
        oleg = {"account": OLEG.id, "method": Method.PASSWORD, "link_hash": None}
        foreign = attrs.evolve(SESSION, token_hash="foreign", **oleg)  # type: ignore[arg-type]  # noqa: S106  # nobody's
        for session in (SESSION, *others, foreign):
            await storage.transact(lambda tx, session=session: tx.accounts.open_session(session))  # type: ignore[misc]
        assert await storage.read(lambda tx: tx.accounts.session("session")) == (SESSION, ANNA)

        await storage.transact(lambda tx: tx.accounts.touch("session", NOW + MINUTE))
        await storage.transact(lambda tx: tx.accounts.confirm_link("session"))
        seen = attrs.evolve(SESSION, seen_at=NOW + MINUTE, link_hash=None)
        assert await storage.read(lambda tx: tx.accounts.session("session")) == (seen, ANNA)

        await storage.transact(lambda tx: tx.accounts.end_session("session"))
        assert await storage.read(lambda tx: tx.accounts.session("session")) is None
        assert await storage.read(lambda tx: tx.accounts.session("second")) is not None
        await storage.transact(lambda tx: tx.accounts.end_sessions_of(ANNA.id))
        assert await storage.read(lambda tx: tx.accounts.session("second")) is None
        assert await storage.read(lambda tx: tx.accounts.session("foreign")) == (foreign, OLEG)

    async def test_a_sign_in_is_taken_once(self, storage: Storage) -> None:
        await storage.transact(lambda tx: tx.accounts.begin(SIGN_IN))

        async def take() -> SignIn | None:
            return await storage.transact(lambda tx: tx.accounts.take("state"))

        taken = await asyncio.gather(take(), take(), take())
        assert sorted(one is not None for one in taken) == [False, False, True]
        assert SIGN_IN in taken
        assert await storage.transact(lambda tx: tx.accounts.take("other")) is None

    async def test_a_link_remembers_its_use(self, storage: Storage) -> None:
        await storage.transact(lambda tx: tx.accounts.keep_link(LINK))
        assert await storage.transact(lambda tx: tx.accounts.link("link")) == LINK
        used = attrs.evolve(LINK, used_at=NOW)
        await storage.transact(lambda tx: tx.accounts.keep_link(used))
        assert await storage.transact(lambda tx: tx.accounts.link("link")) == used
        assert await storage.transact(lambda tx: tx.accounts.link("other")) is None

    async def test_what_is_over_is_forgotten_little_by_little(self, storage: Storage) -> None:
        await keep(storage, ANNA)
        for number in range(3):
            old = attrs.evolve(SESSION, token_hash=f"old-{number}", seen_at=NOW - 9 * DAY)
            await storage.transact(lambda tx, old=old: tx.accounts.open_session(old))  # type: ignore[misc]
        await storage.transact(lambda tx: tx.accounts.open_session(SESSION))
        await storage.transact(lambda tx: tx.accounts.keep_link(attrs.evolve(LINK, ends_at=NOW - 9 * DAY)))
        await storage.transact(lambda tx: tx.accounts.begin(attrs.evolve(SIGN_IN, ends_at=NOW - 9 * DAY)))
        forget = [await storage.transact(lambda tx: tx.accounts.forget(NOW - 8 * DAY, 2)) for _ in range(3)]
        assert forget == [4, 1, 0]
        assert await storage.read(lambda tx: tx.accounts.session("session")) is not None

    async def test_words_to_support_are_numbered(self, storage: Storage) -> None:
        words = Words(
            subject="Вход", description="Не пускает", contact="", page="/login", code="", account=None, at=NOW
        )
        first = await storage.transact(lambda tx: tx.feedback.keep(words))
        second = await storage.transact(lambda tx: tx.feedback.keep(attrs.evolve(words, account=ANNA.id)))
        assert second > first > 0

    async def test_cards_are_found_by_number_and_birthday(self, storage: Storage) -> None:
        await load(storage, [attrs.evolve(MOTHER, snils=IDENTITY.snils), CHILD, STRANGER])
        snils = IDENTITY.snils
        assert snils is not None
        found = await storage.read(lambda tx: [card.id for card in tx.patients.by_snils(snils)])
        assert found == [MOTHER.id]
        assert [card.id for card in await storage.read(lambda tx: tx.patients.born_on(CHILD.born))] == [CHILD.id]
        assert await storage.read(lambda tx: tx.patients.born_on(date(1800, 1, 1))) == ()

    async def test_a_messenger_belongs_to_who_signed_in_last(self, storage: Storage) -> None:
        await keep(storage)
        user = MOTHER.messenger
        assert user is not None
        await storage.transact(lambda tx: tx.patients.link(STRANGER.id, user, "subject"))
        owner = await storage.read(lambda tx: tx.patients.by_messenger(user))
        assert owner == attrs.evolve(STRANGER, messenger=user, esia="subject")
        loser = await storage.read(lambda tx: tx.patients.find(MOTHER.id))
        assert loser is not None
        assert loser.messenger is None

    async def test_a_messenger_may_be_taken_from_every_card(self, storage: Storage) -> None:
        await keep(storage)
        user, other = MessengerId("2002"), MessengerId("3003")
        await storage.transact(lambda tx: tx.patients.link(MOTHER.id, user, "mother"))
        await storage.transact(lambda tx: tx.patients.link(STRANGER.id, other, "stranger"))
        for _ in range(2):
            await storage.transact(lambda tx: tx.patients.unlink(user))
            loser = await storage.read(lambda tx: tx.patients.find(MOTHER.id))
            assert loser == attrs.evolve(MOTHER, messenger=None, esia="mother")
            assert await storage.read(lambda tx: tx.patients.by_messenger(user)) is None
            assert await storage.read(lambda tx: tx.patients.by_messenger(other)) is not None

    async def test_children_of_gosuslugi_are_added_once(self, storage: Storage) -> None:
        await keep(storage)
        today = NOW.date()
        for day in (today, today + timedelta(days=1)):
            await storage.transact(lambda tx, day=day: tx.patients.add_child(STRANGER.id, CHILD.id, day))  # type: ignore[misc]
        (held,), (card,) = await storage.read(lambda tx: tx.patients.represented_by(STRANGER.id))
        assert (held.relation, held.since, card.id) == (Relation.EPGU_CHILD, today, CHILD.id)
        held_by, cards = await storage.read(lambda tx: tx.patients.representing(CHILD))
        assert {one.representative for one in held_by} == {MOTHER.id, STRANGER.id}
        assert {card.id for card in cards} == {MOTHER.id, STRANGER.id}
