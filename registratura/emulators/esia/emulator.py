"""The running emulator: its keys, its faults and what it remembers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import attrs

from registratura.emulators.esia.config import EsiaEmulatorConfig
from registratura.emulators.esia.faults import Faults
from registratura.emulators.esia.keys import KeyRing
from registratura.emulators.esia.memory import Shelf
from registratura.emulators.esia.pages import Pages
from registratura.emulators.esia.persons import Person
from registratura.emulators.trouble import Switchboard

CHOICE_LIFETIME: Final = timedelta(minutes=30)
TOKEN_MEMORY: Final = timedelta(days=1)
"""For so long an expired access token is told from one nobody issued."""

Face = Literal["direct", "oidc"]


@attrs.frozen(kw_only=True)
class Asked:
    """A checked authorisation request: where the person's answer goes, and what it is kept with."""

    face: Face
    redirect_uri: str
    state: str
    scopes: frozenset[str]
    nonce: str = ""
    challenge: str = attrs.field(default="", repr=False)


@attrs.frozen
class Granted:
    """The person agreed: what stands behind a code. `at` is the moment of signing in."""

    asked: Asked
    person: Person
    at: datetime


@attrs.frozen
class Access:
    """What stands behind an access token."""

    face: Face
    person: Person
    scopes: frozenset[str]
    until: datetime


@attrs.define(eq=False)
class Emulator:
    """What the HTTP endpoints share."""

    config: EsiaEmulatorConfig
    faults: Switchboard[Faults] = attrs.field(init=False, factory=lambda: Switchboard(Faults()))
    keys: KeyRing = attrs.field(init=False, factory=KeyRing)
    started: datetime = attrs.field(init=False)
    pages: Pages = attrs.field(init=False)
    persons: Mapping[str, Person] = attrs.field(init=False)
    asked: Shelf[Asked] = attrs.field(init=False)
    codes: Shelf[Granted] = attrs.field(init=False)
    tokens: Shelf[Access] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        clock = self.config.clock
        self.started = clock()
        self.pages = Pages(self.config)
        self.persons = {str(person.oid): person for person in self.config.persons}
        self.asked, self.codes, self.tokens = Shelf(clock), Shelf(clock), Shelf(clock)
