"""Gosuslugi in memory: citizens to sign in, and a browser in the test's hand."""

from datetime import date
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs
from returns.result import Failure, Result, Success

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import Begun, NotSignedIn, Returned
from registratura.application.ports.time import Clock, Ids
from registratura.domain.identity import Child, Identity
from registratura.domain.people import PersonName, Sex, Snils


@attrs.frozen(kw_only=True)
class Citizen:
    """Somebody with an account; without name or birth date is one whose data the provider does not tell us."""

    subject: str
    name: PersonName | None
    born: date | None
    sex: Sex | None = None
    snils: Snils | None = None
    phone: str | None = None
    children: tuple[Child, ...] = ()
    confirmed: bool = True


@attrs.define(kw_only=True)
class MemoryIdentityProvider:
    """Keeps the published contract of an identity provider without a network.

    `sign_in`, `cancel` and `fail` are what people do in the browser; while it is `silent` nobody is answered.
    """

    clock: Clock
    ids: Ids
    address: str = "https://gosuslugi.example/sign-in"
    silent: bool = False
    _granted: dict[str, tuple[str, Citizen]] = attrs.field(factory=dict, init=False, repr=False)
    _numbers: "count[int]" = attrs.field(factory=lambda: count(1), init=False, repr=False)

    async def begin(self, return_to: str) -> Begun:
        """See the port."""
        self._require_answer()
        state = self.ids.secret()
        return Begun(url=f"{self.address}?{urlencode({'state': state, 'redirect_uri': return_to})}", state=state)

    async def finish(self, returned: Returned, begun: Begun, return_to: str) -> Result[Identity, NotSignedIn]:
        """See the port."""
        if returned.state != begun.state:
            return Failure(NotSignedIn.UNTRUSTED)
        if returned.error is not None:
            cancelled = returned.error == "access_denied"
            return Failure(NotSignedIn.CANCELLED if cancelled else NotSignedIn.REFUSED)
        if not returned.code:
            return Failure(NotSignedIn.UNTRUSTED)
        self._require_answer()
        address, citizen = self._granted.pop(returned.code, ("", None))
        if citizen is None or address != return_to:
            return Failure(NotSignedIn.REFUSED)
        return self._vouched(citizen)

    def sign_in(self, begun: Begun, citizen: Citizen) -> Returned:
        """*citizen* follows the link and signs in: what their browser brings back."""
        told = parse_qs(urlsplit(begun.url).query)
        code = f"code-{next(self._numbers)}"
        self._granted[code] = (told["redirect_uri"][0], citizen)
        return Returned(state=told["state"][0], code=code)

    def cancel(self, begun: Begun) -> Returned:
        """Somebody follows the link and thinks better of it."""
        return self.fail(begun, "access_denied")

    def fail(self, begun: Begun, error: str) -> Returned:
        """The provider sends the browser back with an *error*."""
        return Returned(state=parse_qs(urlsplit(begun.url).query)["state"][0], error=error)

    def _require_answer(self) -> None:
        if self.silent:
            raise Unavailable("gosuslugi.silent")

    def _vouched(self, citizen: Citizen) -> Result[Identity, NotSignedIn]:
        if not citizen.confirmed:
            return Failure(NotSignedIn.NOT_CONFIRMED)
        if citizen.name is None or citizen.born is None:
            return Failure(NotSignedIn.INCOMPLETE)
        return Success(identity_of(citizen, self.clock))


def identity_of(citizen: Citizen, clock: Clock) -> Identity:
    """What a provider says of a citizen whose name and birth date it knows; raises ValueError for others."""
    if citizen.name is None or citizen.born is None:
        raise ValueError("name and birth date expected")
    return Identity(
        subject=citizen.subject,
        name=citizen.name,
        born=citizen.born,
        sex=citizen.sex,
        snils=citizen.snils,
        phone=citizen.phone,
        children=citizen.children,
        verified_at=clock.now(),
    )
