"""Accounts: guessing passwords locks, sessions and links end."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from registratura.domain import accounts
from registratura.domain.accounts import Account, AccountId, Lockout, LoginLink, Method, Session, SessionRules
from registratura.domain.identifiers import MessengerId

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ACCOUNT = Account(id=AccountId("1"), name="Анна", created_at=NOW)
RULES = Lockout(most=5, term=timedelta(minutes=15))
MINUTE = timedelta(minutes=1)


@pytest.mark.req("AUTH-07")
def test_the_fifth_wrong_password_locks_for_a_quarter_of_an_hour() -> None:
    account = ACCOUNT
    for _ in range(4):
        account = accounts.after_wrong_password(account, RULES, NOW)
        assert not accounts.is_locked(account, NOW)
    account = accounts.after_wrong_password(account, RULES, NOW)
    assert accounts.is_locked(account, NOW + 14 * MINUTE)
    assert not accounts.is_locked(account, NOW + 15 * MINUTE)
    assert account.failures == 0, "the next five count anew"


def test_the_right_password_forgives_the_wrong_ones() -> None:
    account = attrs.evolve(ACCOUNT, failures=4, locked_until=NOW)
    assert accounts.after_right_password(account) == ACCOUNT


def test_a_session_ends_when_it_is_not_used_and_in_any_case() -> None:
    rules = SessionRules(idle=30 * MINUTE, longest=timedelta(hours=12))
    session = Session(token_hash="x", account=ACCOUNT.id, method=Method.ESIA, began_at=NOW, seen_at=NOW)
    assert not session.is_over(rules, NOW + 29 * MINUTE)
    assert session.is_over(rules, NOW + 30 * MINUTE)
    used = attrs.evolve(session, seen_at=NOW + timedelta(hours=11, minutes=50))
    assert not used.is_over(rules, NOW + timedelta(hours=11, minutes=59))
    assert used.is_over(rules, NOW + timedelta(hours=12))


@pytest.mark.req("AUTH-33")
def test_a_link_is_good_once_and_for_its_time() -> None:
    link = LoginLink(token_hash="x", user=MessengerId("7"), chat=None, ends_at=NOW + 15 * MINUTE)
    assert link.is_good(NOW + 14 * MINUTE)
    assert not link.is_good(NOW + 15 * MINUTE)
    assert not attrs.evolve(link, used_at=NOW).is_good(NOW)
