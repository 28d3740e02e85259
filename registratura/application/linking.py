"""Tying a messenger account to the person who signed in through Gosuslugi."""

from functools import partial
from typing import Protocol

import attrs
from returns.result import Failure, Result, Success

from registratura.application.cards import note_linked
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock
from registratura.application.signing_in import LinkGone, Visitor
from registratura.domain.accounts import Account, LoginLink
from registratura.domain.identifiers import MessengerId


class Welcome(Protocol):
    """Greets a person in the messenger: `Converse`."""

    def welcome(self, user: MessengerId, chat: str | None, tx: Transaction) -> None:
        """Show the menu to whoever is known now, or say that no card was found."""
        ...


@attrs.frozen(kw_only=True)
class LinkMessenger:
    """The person confirmed that the chat with the bot's link is theirs."""

    storage: Storage
    clock: Clock
    converse: Welcome

    async def __call__(self, visitor: Visitor) -> Result[bool, LinkGone]:
        """Tie the messenger account to the visitor's; whether the registry has a card for the person."""
        link_hash = visitor.session.link_hash
        link = await self.storage.read(lambda tx: tx.accounts.link(link_hash)) if link_hash is not None else None
        if link is None:
            return Failure(LinkGone())
        return await self.storage.transact(partial(self._link, visitor, link))

    def _link(self, visitor: Visitor, seen: LoginLink, tx: Transaction) -> Result[bool, LinkGone]:
        # Whoever touches a messenger account locks its dialogue first; only then is the rest as it will stay.
        tx.dialogues.find(seen.user)
        now = self.clock.now()
        link = tx.accounts.link(seen.token_hash)
        account = tx.accounts.find(visitor.account.id)
        if link is None or not link.is_good(now) or account is None or account.identity is None:
            return Failure(LinkGone())
        tx.accounts.keep_link(attrs.evolve(link, used_at=now))
        tx.accounts.confirm_link(visitor.session.token_hash)
        if not self._take_over(link, account, tx):
            return Failure(LinkGone())
        if account.patient is not None:
            tx.patients.link(account.patient, link.user, account.identity.subject)
        else:
            # Or they would still act for whoever had this messenger account before.
            tx.patients.unlink(link.user)
        note_linked(account, now, tx)
        self.converse.welcome(link.user, link.chat, tx)
        return Success(account.patient is not None)

    def _take_over(self, link: LoginLink, account: Account, tx: Transaction) -> bool:
        """One messenger account belongs to one account: the one before loses it, which is noted (AUTH-34).

        False: somebody else got it at this very moment.
        """
        found = tx.accounts.by_messenger(link.user)
        # Once more, and locked: what was changed meanwhile must stay so.
        before = tx.accounts.find(found.id) if found is not None and found.id != account.id else None
        if before is not None and before.messenger == link.user:
            tx.accounts.save(attrs.evolve(before, messenger=None))
            tx.audit.note("account.messenger_moved", actor=account.id, subject=before.id, at=self.clock.now())
        return tx.accounts.save(attrs.evolve(account, messenger=link.user))
