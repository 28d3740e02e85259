"""Accounts, sessions, links and sign-ins under way. Secrets are kept as hashes only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from registratura.domain.accounts import Account, AccountId, LoginLink, Session, SignIn
from registratura.domain.identifiers import MessengerId


class Accounts(Protocol):
    """Who signs in. What is found for a change is locked until the transaction ends."""

    def find(self, account: AccountId) -> Account | None:
        """The account with this id."""
        ...

    def by_login(self, login: str) -> Account | None:
        """The account with this login, or with this e-mail address whatever its case (AUTH-06)."""
        ...

    def by_subject(self, subject: str) -> Account | None:
        """The account of a person at Gosuslugi."""
        ...

    def by_messenger(self, user: MessengerId) -> Account | None:
        """The account to which a MAX account is tied; not locked."""
        ...

    def all(self, limit: int, prefix: str = "", after: AccountId | None = None) -> Sequence[Account]:
        """At most *limit* accounts by name, as `folded`, those that follow the account *after*; not locked.

        With *prefix* those whose name, login or e-mail address begins with it, all of them `folded`.
        """
        ...

    def save(self, account: Account) -> bool:
        """Keep *account*; False, and nothing changed, when another one has its login or e-mail address."""
        ...

    def open_session(self, session: Session) -> None:
        """Keep a new session."""
        ...

    def session(self, token_hash: str) -> tuple[Session, Account] | None:
        """The session with its account; not locked."""
        ...

    def touch(self, token_hash: str, seen_at: datetime) -> None:
        """The session was used."""
        ...

    def confirm_link(self, token_hash: str) -> None:
        """The session's link was confirmed, or is of no use any more."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Nobody is signed in by it any more."""
        ...

    def end_sessions_of(self, account: AccountId) -> None:
        """The account is signed in nowhere any more."""
        ...

    def keep_link(self, link: LoginLink) -> None:
        """Keep a link, or what became of it."""
        ...

    def link(self, token_hash: str) -> LoginLink | None:
        """The link with this secret."""
        ...

    def begin(self, sign_in: SignIn) -> None:
        """Keep a sign-in that was begun."""
        ...

    def take(self, state_hash: str) -> SignIn | None:
        """The sign-in with this state, once: nobody gets it again."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Delete at most *limit* each of the sessions not used, and of links and sign-ins that ended, since *before*.

        Gives how many were deleted.
        """
        ...
