"""The claims of a gateway, made into a person."""

from datetime import datetime

import attrs

from registratura.adapters.esia import fields
from registratura.adapters.esia.shapes import Shape
from registratura.adapters.esia.tokens import Claims
from registratura.adapters.esia.verdicts import NoIdentity, require
from registratura.application.ports.identity import NotSignedIn
from registratura.domain.identity import Identity
from registratura.domain.people import Sex


@attrs.frozen(kw_only=True)
class ClaimNames:
    """What the gateway calls what it tells; standard claims of OpenID Connect where there are any."""

    subject: str = "sub"
    last: str = "family_name"
    first: str = "given_name"
    middle: str = "middle_name"
    born: str = "birthdate"
    """«1990-02-28»."""
    sex: str = "gender"
    """«male» or «female»."""
    snils: str = "snils"
    phone: str = "phone_number"
    trusted: str = "trusted"
    """JSON `true` for a confirmed account; a text "true" is not believed."""
    children: str = "children"
    """A list of objects with the same names."""

    @property
    def shape(self) -> Shape:
        """How a person, or a child, is described."""
        return Shape(
            last=self.last,
            first=self.first,
            middle=self.middle,
            born=self.born,
            sex=self.sex,
            snils=self.snils,
            day=fields.iso_day,
            sexes={"male": Sex.MALE, "female": Sex.FEMALE},
        )


def person_in(signed: Claims, shown: Claims, names: ClaimNames, at: datetime) -> Identity:
    """The person of an id token (*signed*) and of the answer about its owner (*shown*); what is signed has the word.

    Raises `NoIdentity`. The account must be confirmed wherever it is spoken of, and be spoken of at least once.
    """
    vouched = [claims[names.trusted] for claims in (signed, shown) if names.trusted in claims]
    if not vouched or any(word is not True for word in vouched):
        raise NoIdentity(NotSignedIn.NOT_CONFIRMED, "claims.trusted")
    told = {**shown, **signed}
    subject = fields.subject(told.get(names.subject))
    require(subject is not None, "claims.subject")
    children = told.get(names.children)
    unproven = told.get("phone_number_verified") is False
    return names.shape.identity(
        told,
        subject=subject or "",
        phone=None if unproven else told.get(names.phone),
        children=names.shape.children(children if isinstance(children, list) else []),
        at=at,
    )
