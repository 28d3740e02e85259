"""Signing in: through Gosuslugi, or by a password; and the session that follows.

Secrets that a browser or a chat holds are kept here as hashes only. What Gosuslugi is asked happens between two
transactions: a state is taken once, before anything is asked, so nothing that is replayed gets anywhere.
"""

import hashlib
from datetime import timedelta
from functools import partial

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.cards import add_children, card_of
from registratura.application.ports.identity import Begun, IdentityProvider, NotSignedIn, Returned
from registratura.application.ports.passwords import Passwords
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.domain import accounts as rules
from registratura.domain.accounts import (
    SIGN_IN_TERM,
    Account,
    AccountId,
    Lockout,
    LoginLink,
    Method,
    Session,
    SessionRules,
    SignIn,
)
from registratura.domain.identifiers import MessengerId
from registratura.domain.identity import Identity

SEEN_AGAIN = timedelta(minutes=1)
"""How often the use of a session is written down."""


def secret_hash(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@attrs.frozen(kw_only=True)
class GiveLink:
    """A link for a person in the messenger whom nobody knows yet (AUTH-31)."""

    address: str
    """Of the page; the link's secret is put behind it."""
    clock: Clock
    ids: Ids
    term: timedelta = timedelta(minutes=15)

    def __call__(self, user: MessengerId, chat: str | None, tx: Transaction) -> str:
        """A new link, good once and for `term`."""
        secret = self.ids.secret()
        ends_at = self.clock.now() + self.term
        tx.accounts.keep_link(LoginLink(token_hash=secret_hash(secret), user=user, chat=chat, ends_at=ends_at))
        return f"{self.address}/{secret}"


@attrs.frozen
class LinkGone:
    """The bot's link was used, or its time is over."""


@attrs.frozen(kw_only=True)
class BeginSignIn:
    """Send a browser to Gosuslugi."""

    storage: Storage
    provider: IdentityProvider
    return_to: str
    clock: Clock

    async def __call__(self, browser: str, next_page: str, link: str | None = None) -> Result[Begun, LinkGone]:
        """Begin; *browser* is the secret that the browser holds, *link* that of the bot's link.

        Raises `Unavailable` when the request cannot be made now.
        """
        if link is not None and not await self.is_good(link):
            return Failure(LinkGone())
        begun = await self.provider.begin(self.return_to)
        sign_in = SignIn(
            state_hash=secret_hash(begun.state),
            browser_hash=secret_hash(browser),
            nonce=begun.nonce,
            verifier=begun.verifier,
            link_hash=secret_hash(link) if link is not None else None,
            next=next_page,
            ends_at=self.clock.now() + SIGN_IN_TERM,
        )
        await self.storage.transact(lambda tx: tx.accounts.begin(sign_in))
        return Success(begun)

    async def is_good(self, link: str) -> bool:
        """Whether the bot's link may still be used."""
        found = await self.storage.read(lambda tx: tx.accounts.link(secret_hash(link)))
        return found is not None and found.is_good(self.clock.now())


@attrs.frozen(kw_only=True)
class SignedIn:
    """A person who came in; `secret` is for the browser, `next_page` what was asked for."""

    secret: str = attrs.field(repr=False)
    next_page: str
    to_confirm: bool
    """The messenger account is to be tied once the person confirms it."""


@attrs.frozen
class Foreign:
    """The return belongs to no sign-in that this browser began: replayed, forged or too late."""


@attrs.frozen
class Blocked:
    """The account is blocked by an administrator."""


_MET: Result[SignedIn, NotSignedIn | Blocked] = Failure(NotSignedIn.UNTRUSTED)


@attrs.frozen(kw_only=True)
class FinishSignIn:
    """A browser that comes back from Gosuslugi."""

    storage: Storage
    provider: IdentityProvider
    return_to: str
    clock: Clock
    ids: Ids

    async def __call__(
        self, returned: Returned, browser: str | None
    ) -> Result[SignedIn, NotSignedIn | Foreign | Blocked]:
        """Find out who came back, keep the account and open a session. Raises `Unavailable`."""
        begun = await self.storage.transact(partial(self._take, returned, browser))
        if begun is None:
            return Failure(Foreign())
        asked = Begun(url="", state=returned.state or "", nonce=begun.nonce, verifier=begun.verifier)
        found = await self.provider.finish(returned, asked, self.return_to)
        if not is_successful(found):
            return Failure(found.failure())
        let_in = partial(self._let_in, found.unwrap(), begun)
        verdict = await self.storage.transact(let_in)
        # The same person came in twice at this very moment: now the account is there.
        return verdict if verdict != _MET else await self.storage.transact(let_in)

    def _take(self, returned: Returned, browser: str | None, tx: Transaction) -> SignIn | None:
        if returned.state is None or browser is None:
            return None
        begun = tx.accounts.take(secret_hash(returned.state))
        if begun is None or begun.browser_hash != secret_hash(browser) or self.clock.now() >= begun.ends_at:
            return None
        return begun

    def _let_in(self, identity: Identity, begun: SignIn, tx: Transaction) -> Result[SignedIn, NotSignedIn | Blocked]:
        now = self.clock.now()
        known = tx.accounts.by_subject(identity.subject)
        if known is not None and known.is_blocked:
            return Failure(Blocked())
        card = card_of(identity, tx)
        account = attrs.evolve(
            known or Account(id=AccountId(self.ids.new()), name="", created_at=now),
            name=identity.name.full,
            identity=identity,
            patient=card.id if card is not None else known.patient if known is not None else None,
        )
        if not tx.accounts.save(account):
            return _MET
        if account.patient is not None:
            add_children(identity, account.patient, tx)
        secret = self.ids.secret()
        session = Session(
            token_hash=secret_hash(secret),
            account=account.id,
            method=Method.ESIA,
            began_at=now,
            seen_at=now,
            link_hash=begun.link_hash,
        )
        tx.accounts.open_session(session)
        tx.audit.note("account.signed_in.esia", actor=account.id, subject=account.id, at=now)
        return Success(SignedIn(secret=secret, next_page=begun.next, to_confirm=begun.link_hash is not None))


@attrs.frozen
class WrongPassword:
    """No such account, another password, a blocked or a locked account: nobody is told which (AUTH-07)."""


@attrs.frozen(kw_only=True)
class SignInByPassword:
    """Somebody with a login."""

    storage: Storage
    passwords: Passwords
    lockout: Lockout
    clock: Clock
    ids: Ids

    async def __call__(self, login: str, password: str) -> Result[SignedIn, WrongPassword]:
        """Open a session for who gives the right password to this login or e-mail address."""
        account = await self.storage.read(lambda tx: tx.accounts.by_login(login))
        # As slow for a login that nobody has.
        is_right = await self.passwords.is_right(password, account.password if account is not None else None)
        if account is None:
            return Failure(WrongPassword())
        # In a tuple: a bare `Failure` would be undone, and a wrong password must count.
        (verdict,) = await self.storage.transact(lambda tx: (self._decide(account, tx, is_right=is_right),))
        return verdict

    def _decide(self, checked: Account, tx: Transaction, *, is_right: bool) -> Result[SignedIn, WrongPassword]:
        now = self.clock.now()
        account = tx.accounts.find(checked.id)
        if account is None or account.is_blocked or rules.is_locked(account, now):
            return Failure(WrongPassword())
        # The password may have been changed meanwhile.
        if not is_right or account.password != checked.password:
            after = rules.after_wrong_password(account, self.lockout, now)
            tx.accounts.save(after)
            tx.audit.note("account.wrong_password", actor=account.id, subject=account.id, at=now)
            return Failure(WrongPassword())
        tx.accounts.save(rules.after_right_password(account))
        secret = self.ids.secret()
        session = Session(
            token_hash=secret_hash(secret), account=account.id, method=Method.PASSWORD, began_at=now, seen_at=now
        )
        tx.accounts.open_session(session)
        tx.audit.note("account.signed_in.password", actor=account.id, subject=account.id, at=now)
        return Success(SignedIn(secret=secret, next_page="/", to_confirm=False))


@attrs.frozen(kw_only=True)
class Visitor:
    """Who is signed in with a browser."""

    session: Session
    account: Account


@attrs.frozen(kw_only=True)
class KnowVisitor:
    """Who is behind a session's secret."""

    storage: Storage
    clock: Clock
    rules: SessionRules

    async def __call__(self, secret: str | None) -> Visitor | None:
        """The person, or None for nobody: no session, one that is over, or a blocked account."""
        if not secret:
            return None
        token_hash = secret_hash(secret)
        found = await self.storage.read(lambda tx: tx.accounts.session(token_hash))
        now = self.clock.now()
        if found is None or found[0].is_over(self.rules, now) or found[1].is_blocked:
            return None
        session, account = found
        if now - session.seen_at >= SEEN_AGAIN:
            await self.storage.transact(lambda tx: tx.accounts.touch(token_hash, now))
        return Visitor(session=session, account=account)

    async def sign_out(self, secret: str) -> None:
        """Nobody is signed in by this secret any more."""
        await self.storage.transact(lambda tx: tx.accounts.end_session(secret_hash(secret)))
