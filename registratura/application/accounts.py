"""Managing accounts (AUTH-15)."""

from enum import Enum
from functools import partial

import attrs

from registratura.application.ports.passwords import Passwords
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.domain.accounts import Account, AccountId, Role, appointed, with_password


@attrs.frozen(kw_only=True)
class Details:
    """What an administrator sets; no `password` leaves the one that is there."""

    name: str = attrs.field(repr=False)
    login: str | None = attrs.field(repr=False)
    email: str | None = attrs.field(repr=False)
    password: str | None = attrs.field(repr=False)
    role: Role


class Saved(Enum):
    """How saving ended."""

    DONE = "done"
    TAKEN = "taken"
    """Another account has this login or e-mail address."""
    NOBODY = "nobody"
    """There is no such account."""


@attrs.frozen(kw_only=True)
class ManageAccounts:
    """What administrators do; everything is on record with who did it."""

    storage: Storage
    passwords: Passwords
    clock: Clock
    ids: Ids

    async def save(self, account: AccountId | None, details: Details, actor: str) -> Saved:
        """Create an account, or change *account*. Whoever gets another password is signed out everywhere."""
        hashed = await self.passwords.hash(details.password) if details.password is not None else None
        return await self.storage.transact(partial(self._save, account, details, hashed, actor))

    def _save(
        self, wanted: AccountId | None, details: Details, hashed: str | None, actor: str, tx: Transaction
    ) -> Saved:
        now = self.clock.now()
        known = tx.accounts.find(wanted) if wanted is not None else None
        if wanted is not None and known is None:
            return Saved.NOBODY
        # Either is typed into one field, so nobody's login may be another's address.
        names = [name for name in (details.login, details.email) if name is not None]
        holders = [tx.accounts.by_login(name) for name in names]
        if any(held is not None and (known is None or held.id != known.id) for held in holders):
            return Saved.TAKEN
        account = attrs.evolve(
            known or Account(id=AccountId(self.ids.new()), name="", created_at=now),
            name=details.name,
            login=details.login,
            email=details.email,
            role=details.role,
        )
        if hashed is not None:
            account = with_password(account, hashed)
        if not tx.accounts.save(account):
            return Saved.TAKEN
        if known is not None and hashed is not None:
            tx.accounts.end_sessions_of(account.id)
        event = "account.changed" if known is not None else "account.created"
        tx.audit.note(event, actor=actor, subject=account.id, at=now)
        return Saved.DONE

    async def appoint(self, login: str, password: str, actor: str) -> Saved:
        """Make *login*, which may be an e-mail address, an administrator with *password*, and let them in if blocked.

        The way in for the first administrator, who has nobody to ask, and the way back for the last one. TAKEN means
        that somebody else took the login at this very moment.
        """
        hashed = await self.passwords.hash(password)
        return await self.storage.transact(partial(self._appoint, login, hashed, actor))

    def _appoint(self, login: str, hashed: str, actor: str, tx: Transaction) -> Saved:
        now = self.clock.now()
        known = tx.accounts.by_login(login)
        account = known or Account(id=AccountId(self.ids.new()), name=login, login=login, created_at=now)
        if not tx.accounts.save(appointed(account, hashed)):
            return Saved.TAKEN
        tx.accounts.end_sessions_of(account.id)
        tx.audit.note("account.appointed", actor=actor, subject=account.id, at=now)
        return Saved.DONE

    async def block(self, account: AccountId, actor: str, *, block: bool) -> Account | None:
        """Block *account*, which signs its owner out everywhere, or let it in again; None for no such account."""
        return await self.storage.transact(partial(self._block, account, actor, block))

    def _block(self, wanted: AccountId, actor: str, block: bool, tx: Transaction) -> Account | None:  # noqa: FBT001  # handed on
        known = tx.accounts.find(wanted)
        if known is None:
            return None
        changed = attrs.evolve(known, is_blocked=block, failures=0, locked_until=None)
        tx.accounts.save(changed)
        if block:
            tx.accounts.end_sessions_of(known.id)
        event = "account.blocked" if block else "account.unblocked"
        tx.audit.note(event, actor=actor, subject=known.id, at=self.clock.now())
        return changed
