"""Who may come into a consultation: the patient, or a legal representative, as Gosuslugi vouches for them."""

from collections.abc import Iterable
from datetime import date

from registratura.domain.identity import Child, Identity
from registratura.domain.people import Patient, Representation


def is_same_person(identity: Identity, card: Patient) -> bool:
    """Whether name, birth date and СНИЛС are those of *card*, all of them (CONS-03 to CONS-05).

    Case, spaces and ё do not count; an absent patronymic equals an absent one. Without a СНИЛС on either side nobody is
    the same.
    """
    return (
        identity.snils is not None
        and identity.snils == card.snils
        and identity.name.compared == card.name.compared
        and identity.born == card.born
    )


def is_this_child(child: Child, card: Patient) -> bool:
    """Whether a child of Gosuslugi's list is the one on *card*: name and birth date, and СНИЛС where both have it."""
    same_name = child.name.compared == card.name.compared and child.born == card.born
    if child.snils is not None and card.snils is not None:
        return child.snils == card.snils and same_name
    return same_name


def may_join(
    identity: Identity,
    patient: Patient,
    representations: Iterable[Representation],
    representatives: Iterable[Patient],
    day: date,
) -> bool:
    """Whether *identity* is the patient, or one of those who may act for the patient on *day* (CONS-06, CONS-07)."""
    if is_same_person(identity, patient):
        return True
    allowed = {held.representative for held in representations if held.covers(patient, day)}
    return any(card.ids & allowed and is_same_person(identity, card) for card in representatives)
