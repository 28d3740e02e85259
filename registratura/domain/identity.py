"""A person as the state vouches for them: what Gosuslugi tells after a sign-in."""

from datetime import date, datetime

import attrs

from registratura.domain.moments import aware
from registratura.domain.people import PersonName, Sex, Snils

_HIDDEN = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Child:
    """A child from the parent's list on Gosuslugi; nothing but name and birth date is sure to be known."""

    name: PersonName = _HIDDEN
    born: date = _HIDDEN
    sex: Sex | None = attrs.field(default=None, repr=False)
    snils: Snils | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Identity:
    """Who signed in. Only a confirmed account («Подтвержденная», AUTH-12) makes one."""

    subject: str = _HIDDEN
    """The account's id at the provider: the same person always comes with the same one."""
    name: PersonName = _HIDDEN
    born: date = _HIDDEN
    sex: Sex | None = attrs.field(default=None, repr=False)
    snils: Snils | None = attrs.field(default=None, repr=False)
    phone: str | None = attrs.field(default=None, repr=False)
    children: tuple[Child, ...] = ()
    verified_at: datetime = attrs.field(validator=aware)
