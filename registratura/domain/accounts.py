"""Accounts of people who sign in: by Gosuslugi, or by a password that an administrator gave."""

from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

import attrs

from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.identity import Identity
from registratura.domain.moments import aware

AccountId = NewType("AccountId", str)
"""Our own id of an account: lower-case UUID."""


class Role(Enum):
    """What an account may do besides its owner's own affairs."""

    CITIZEN = "citizen"
    ADMINISTRATOR = "administrator"


@attrs.frozen(kw_only=True)
class Account:
    """An account. Who came through Gosuslugi has an `identity`, who was given a login a `password`; or both."""

    id: AccountId
    name: str = attrs.field(repr=False)
    """As the pages show it."""
    role: Role = Role.CITIZEN
    login: str | None = attrs.field(default=None, repr=False)
    email: str | None = attrs.field(default=None, repr=False)
    password: str | None = attrs.field(default=None, repr=False)
    """Its hash."""
    identity: Identity | None = attrs.field(default=None, repr=False)
    """As Gosuslugi told it last; its children are not kept here."""
    patient: PatientId | None = None
    """The card of the person, where the registry has one."""
    messenger: MessengerId | None = attrs.field(default=None, repr=False)
    is_blocked: bool = False
    failures: int = 0
    """Wrong passwords since the last right one."""
    locked_until: datetime | None = None
    created_at: datetime = attrs.field(validator=aware)


SHORTEST_PASSWORD = 12
"""Signs that a password has at least."""


def is_long_enough(password: str) -> bool:
    """Whether somebody may be given *password*."""
    return len(password) >= SHORTEST_PASSWORD


def with_password(account: Account, hashed: str) -> Account:
    """*account* with another password, whatever was tried with the last one."""
    return attrs.evolve(account, password=hashed, failures=0, locked_until=None)


def appointed(account: Account, hashed: str) -> Account:
    """*account* as that of an administrator with another password, who may sign in though they were blocked."""
    return attrs.evolve(with_password(account, hashed), role=Role.ADMINISTRATOR, is_blocked=False)


@attrs.frozen(kw_only=True)
class Lockout:
    """What happens to who guesses passwords (`auth.*`)."""

    most: int = 5
    """Wrong passwords in a row until the account is locked."""
    term: timedelta = timedelta(minutes=15)


def is_locked(account: Account, now: datetime) -> bool:
    """Whether no password is looked at for now."""
    return account.locked_until is not None and now < account.locked_until


def after_wrong_password(account: Account, rules: Lockout, now: datetime) -> Account:
    """The account after a wrong password: locked when it was one too many."""
    failures = account.failures + 1
    if failures < rules.most:
        return attrs.evolve(account, failures=failures)
    return attrs.evolve(account, failures=0, locked_until=now + rules.term)


def after_right_password(account: Account) -> Account:
    """The account after its owner came in."""
    return attrs.evolve(account, failures=0, locked_until=None)


class Method(Enum):
    """How somebody signed in."""

    ESIA = "esia"
    PASSWORD = "password"  # noqa: S105  # the name of a way, not a secret


@attrs.frozen(kw_only=True)
class SessionRules:
    """How long people stay signed in, and for how long Gosuslugi's word counts when somebody enters a consultation."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)


@attrs.frozen(kw_only=True)
class Session:
    """Somebody signed in with one browser; its secret is kept as a hash only."""

    token_hash: str = attrs.field(repr=False)
    account: AccountId
    method: Method
    began_at: datetime = attrs.field(validator=aware)
    seen_at: datetime = attrs.field(validator=aware)
    link_hash: str | None = attrs.field(default=None, repr=False)
    """Of the bot's link with which the person signed in and which is not confirmed yet."""

    def is_over(self, rules: SessionRules, now: datetime) -> bool:
        """Whether one must sign in again."""
        return now >= self.seen_at + rules.idle or now >= self.began_at + rules.longest


@attrs.frozen(kw_only=True)
class LoginLink:
    """A link that the bot gave, by which a MAX account is tied to the person who signs in; used once (AUTH-33)."""

    token_hash: str = attrs.field(repr=False)
    user: MessengerId = attrs.field(repr=False)
    chat: str | None
    ends_at: datetime = attrs.field(validator=aware)
    used_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it may still be used."""
        return self.used_at is None and now < self.ends_at


SIGN_IN_TERM = timedelta(minutes=10)
"""How long one may take at Gosuslugi."""


@attrs.frozen(kw_only=True)
class SignIn:
    """A sign-in under way at Gosuslugi, tied to the browser that began it."""

    state_hash: str = attrs.field(repr=False)
    browser_hash: str = attrs.field(repr=False)
    nonce: str | None = attrs.field(repr=False)
    verifier: str | None = attrs.field(repr=False)
    link_hash: str | None = attrs.field(repr=False)
    """Of the bot's link that it began with."""
    next: str = "/"
    """The page of ours that was asked for."""
    ends_at: datetime = attrs.field(validator=aware)
