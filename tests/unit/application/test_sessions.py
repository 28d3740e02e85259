"""A session ends with its time, with signing out, and when an administrator says so."""

from datetime import timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.accounts import Details, ManageAccounts, Saved
from registratura.application.signing_in import KnowVisitor, SignInByPassword
from registratura.domain.accounts import AccountId, Lockout, Role, SessionRules
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import NOW

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)
RULES = SessionRules(idle=30 * MINUTE, longest=timedelta(hours=2))
DETAILS = Details(name="Вера", login="vera", email=None, password="the first one", role=Role.CITIZEN)


class PlainPasswords:
    """Hashes at once, by turning round."""

    async def hash(self, password: str) -> str:
        """See the port."""
        return password[::-1]

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """See the port."""
        return hashed == password[::-1]


@attrs.frozen
class Portal:
    """One account, its owner's browsers and an administrator."""

    clock: MovableClock
    storage: MemoryStorage
    manage: ManageAccounts
    by_password: SignInByPassword
    know: KnowVisitor
    account: AccountId

    async def sign_in(self, password: str = "the first one") -> str:
        """The secret of a new session."""
        signed_in = await self.by_password("vera", password)
        assert is_successful(signed_in)
        return signed_in.unwrap().secret

    async def knows(self, secret: str) -> bool:
        """Whether somebody is signed in by *secret*."""
        return await self.know(secret) is not None

    def pass_time(self, by: timedelta) -> None:
        """Let *by* pass."""
        self.clock.move(by)


@pytest.fixture
async def portal() -> Portal:
    clock, ids, passwords = MovableClock(NOW), SequentialIds(), PlainPasswords()
    storage = MemoryStorage(clock)
    manage = ManageAccounts(storage=storage, passwords=passwords, clock=clock, ids=ids)
    assert await manage.save(None, DETAILS, "boss") is Saved.DONE
    (account,) = storage.state.accounts
    return Portal(
        clock=clock,
        storage=storage,
        manage=manage,
        by_password=SignInByPassword(storage=storage, passwords=passwords, lockout=Lockout(), clock=clock, ids=ids),
        know=KnowVisitor(storage=storage, clock=clock, rules=RULES),
        account=AccountId(account),
    )


async def test_session_ends_when_it_is_not_used(portal: Portal) -> None:
    secret = await portal.sign_in()
    portal.pass_time(29 * MINUTE)
    assert await portal.knows(secret)
    portal.pass_time(29 * MINUTE)
    assert await portal.knows(secret), "it was used meanwhile"
    portal.pass_time(30 * MINUTE)
    assert not await portal.knows(secret)


async def test_session_that_is_used_ends_in_any_case(portal: Portal) -> None:
    secret = await portal.sign_in()
    for _ in range(5):
        portal.pass_time(20 * MINUTE)
        assert await portal.knows(secret)
    portal.pass_time(20 * MINUTE)
    assert not await portal.knows(secret)


async def test_who_signs_out_is_nobody_in_that_browser_only(portal: Portal) -> None:
    left, other = await portal.sign_in(), await portal.sign_in()
    await portal.know.sign_out(left)
    assert (await portal.knows(left), await portal.knows(other)) == (False, True)


@pytest.mark.req("AUTH-15")
async def test_another_password_signs_out_everywhere(portal: Portal) -> None:
    secrets = [await portal.sign_in(), await portal.sign_in()]
    renamed = attrs.evolve(DETAILS, name="Вера Новая", password=None)
    assert await portal.manage.save(portal.account, renamed, "boss") is Saved.DONE
    assert all([await portal.knows(secret) for secret in secrets]), "another name does not"
    changed = attrs.evolve(DETAILS, password="the second one")
    assert await portal.manage.save(portal.account, changed, "boss") is Saved.DONE
    assert not any([await portal.knows(secret) for secret in secrets])
    assert await portal.knows(await portal.sign_in("the second one"))


@pytest.mark.req("AUTH-15")
async def test_session_from_before_a_block_does_not_come_back(portal: Portal) -> None:
    secret = await portal.sign_in()
    await portal.manage.block(portal.account, "boss", block=True)
    assert not await portal.knows(secret)
    await portal.manage.block(portal.account, "boss", block=False)
    assert not await portal.knows(secret)
    assert await portal.knows(await portal.sign_in())


@pytest.mark.req("AUTH-15")
async def test_session_opened_at_the_moment_of_a_block_is_of_no_use(portal: Portal) -> None:
    secret = await portal.sign_in()
    known = portal.storage.state.accounts[portal.account]
    portal.storage.state.accounts[portal.account] = attrs.evolve(known, is_blocked=True)
    assert not await portal.knows(secret)
