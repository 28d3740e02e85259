"""Accounts, sessions, links and sign-ins in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from registratura.domain.accounts import Account, AccountId, LoginLink, Session, SignIn
from registratura.domain.identifiers import MessengerId
from registratura.domain.people import folded
from registratura.testing.memory.state import State


@attrs.frozen
class MemoryAccounts:
    """`Accounts` over a state."""

    _state: State

    def find(self, account: AccountId) -> Account | None:
        return self._state.accounts.get(account)

    def by_login(self, login: str) -> Account | None:
        by_login = self._first(lambda known: known.login == login)
        return by_login or self._first(lambda known: known.email == login.lower())

    def by_subject(self, subject: str) -> Account | None:
        return self._first(lambda known: known.identity is not None and known.identity.subject == subject)

    def by_messenger(self, user: MessengerId) -> Account | None:
        return self._first(lambda known: known.messenger == user)

    def all(self, limit: int, prefix: str = "", after: AccountId | None = None) -> Sequence[Account]:
        last = self._state.accounts.get(after) if after is not None else None
        wanted = folded(prefix)
        found = (
            known
            for known in self._state.accounts.values()
            if any(folded(word or "").startswith(wanted) for word in (known.name, known.login, known.email))
            and (last is None or _place(known) > _place(last))
        )
        return tuple(sorted(found, key=_place)[:limit])

    def save(self, account: Account) -> bool:
        kept = attrs.evolve(account, email=account.email.lower() if account.email is not None else None)
        for other in self._state.accounts.values():
            if other.id != kept.id and any(one & two for one, two in zip(_names(other), _names(kept), strict=True)):
                return False
        identity = kept.identity
        told = attrs.evolve(identity, children=()) if identity is not None else None
        self._state.accounts[kept.id] = attrs.evolve(kept, identity=told)
        return True

    def open_session(self, session: Session) -> None:
        self._state.sessions[session.token_hash] = session

    def session(self, token_hash: str) -> tuple[Session, Account] | None:
        known = self._state.sessions.get(token_hash)
        return (known, self._state.accounts[known.account]) if known is not None else None

    def touch(self, token_hash: str, seen_at: datetime) -> None:
        if token_hash in self._state.sessions:
            self._state.sessions[token_hash] = attrs.evolve(self._state.sessions[token_hash], seen_at=seen_at)

    def confirm_link(self, token_hash: str) -> None:
        known = self._state.sessions[token_hash]
        self._state.sessions[token_hash] = attrs.evolve(known, link_hash=None)

    def end_session(self, token_hash: str) -> None:
        self._state.sessions.pop(token_hash, None)

    def end_sessions_of(self, account: AccountId) -> None:
        for token_hash, known in list(self._state.sessions.items()):
            if known.account == account:
                del self._state.sessions[token_hash]

    def keep_link(self, link: LoginLink) -> None:
        self._state.login_links[link.token_hash] = link

    def link(self, token_hash: str) -> LoginLink | None:
        return self._state.login_links.get(token_hash)

    def begin(self, sign_in: SignIn) -> None:
        self._state.sign_ins[sign_in.state_hash] = sign_in

    def take(self, state_hash: str) -> SignIn | None:
        return self._state.sign_ins.pop(state_hash, None)

    def forget(self, before: datetime, limit: int) -> int:
        state = self._state
        sessions = [key for key, known in state.sessions.items() if known.seen_at < before][:limit]
        links = [key for key, known in state.login_links.items() if known.ends_at < before][:limit]
        sign_ins = [key for key, known in state.sign_ins.items() if known.ends_at < before][:limit]
        for keys, known in ((sessions, state.sessions), (links, state.login_links), (sign_ins, state.sign_ins)):
            for key in keys:
                known.pop(key)
        return len(sessions) + len(links) + len(sign_ins)

    def _first(self, wanted: Callable[[Account], bool]) -> Account | None:
        return next((known for known in self._state.accounts.values() if wanted(known)), None)


def _place(account: Account) -> tuple[str, str]:
    """By which accounts are listed."""
    return folded(account.name), account.id


def _names(account: Account) -> tuple[set[str], ...]:
    """What no other account may have."""
    subject = account.identity.subject if account.identity is not None else None
    unique = (account.login, account.email, account.messenger, subject)
    return tuple({name} if name is not None else set() for name in unique)
