"""The registry's cards of people whom Gosuslugi vouches for."""

from datetime import datetime

import attrs

from registratura.application.ports.storage import Transaction
from registratura.domain.accounts import Account
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.identity import Child, Identity
from registratura.domain.joining import is_same_person, is_this_child
from registratura.domain.people import Patient


def card_of(identity: Identity, tx: Transaction) -> Patient | None:
    """The card with the person's name, birth date and СНИЛС."""
    found = tx.patients.by_snils(identity.snils) if identity.snils is not None else ()
    return next((card for card in found if is_same_person(identity, card)), None)


def add_children(identity: Identity, parent: PatientId, tx: Transaction) -> None:
    """The children that Gosuslugi lists and the registry knows may be booked by their parent (AUTH-39)."""
    for child in identity.children:
        card = _card_of_child(child, tx)
        if card is not None:
            tx.patients.add_child(parent, card.id, identity.verified_at.date())


def _card_of_child(child: Child, tx: Transaction) -> Patient | None:
    """The card with the child's СНИЛС, else the only one with the name and birth date."""
    numbered = tx.patients.by_snils(child.snils) if child.snils is not None else ()
    sure = next((card for card in numbered if is_this_child(child, card)), None)
    if sure is not None:
        return sure
    named = [card for card in tx.patients.born_on(child.born) if is_this_child(child, card)]
    # Of several namesakes any might be somebody else's child.
    return named[0] if len(named) == 1 else None


def is_linked_without_card(user: MessengerId, now: datetime, tx: Transaction) -> bool:
    """Whether the person signed in and no card is tied to the messenger account.

    A card that has come into the registry since is tied to it now, unless the card has a messenger account already or
    the person's account is blocked.
    """
    found = tx.accounts.by_messenger(user)
    # Once more, and locked: what was blocked meanwhile must stay so.
    account = tx.accounts.find(found.id) if found is not None else None
    if account is None or account.identity is None or account.messenger != user:
        return False
    card = card_of(account.identity, tx)
    if card is None or card.messenger is not None or account.is_blocked:
        return True
    tx.patients.link(card.id, user, account.identity.subject)
    tx.accounts.save(attrs.evolve(account, patient=card.id))
    note_linked(account, now, tx)
    return False


def note_linked(account: Account, now: datetime, tx: Transaction) -> None:
    """A messenger account was tied to *account*: that is on record."""
    tx.audit.note("account.messenger_linked", actor=account.id, subject=account.id, at=now)
