"""Signing in through Gosuslugi (ESIA): one port, whether we speak ESIA's own protocol or a certified gateway's."""

from enum import Enum
from typing import Protocol

import attrs
from returns.result import Result

from registratura.domain.identity import Identity


@attrs.frozen(kw_only=True)
class Begun:
    """A sign-in that was begun. All of it but `url` is kept on our side until the person comes back."""

    url: str = attrs.field(repr=False)
    """Where the person's browser is sent."""
    state: str = attrs.field(repr=False)
    """Comes back with the person; used once."""
    nonce: str | None = attrs.field(default=None, repr=False)
    """Comes back inside the id token, where the provider returns it."""
    verifier: str | None = attrs.field(default=None, repr=False)
    """The secret of PKCE, where the provider knows it."""


@attrs.frozen(kw_only=True)
class Returned:
    """What the browser brought back: a code, or the provider's machine-readable error."""

    state: str | None = attrs.field(default=None, repr=False)
    code: str | None = attrs.field(default=None, repr=False)
    error: str | None = None
    description: str | None = attrs.field(default=None, repr=False)
    """The provider's text beside the error (`error_description`); of it only the code in front is ever logged."""


class NotSignedIn(Enum):
    """Why nobody is signed in."""

    CANCELLED = "cancelled"
    """The person changed their mind at the provider (`access_denied`)."""
    NOT_CONFIRMED = "not_confirmed"
    """The account is not «Подтвержденная»."""
    INCOMPLETE = "incomplete"
    """The provider did not tell name or birth date: a scope was not granted to us."""
    UNTRUSTED = "untrusted"
    """The answer does not belong to this sign-in, or its signature, issuer, audience or time does not hold."""
    REFUSED = "refused"
    """The provider does not accept us or the code; logs hold its error code."""


class IdentityProvider(Protocol):
    """Says who a person is. Keeps no token after the person's data were read."""

    async def begin(self, return_to: str) -> Begun:
        """Begin a sign-in from which the browser comes back to the address *return_to*.

        Raises `Unavailable` when the request cannot be signed now.
        """
        ...

    async def finish(self, returned: Returned, begun: Begun, return_to: str) -> Result[Identity, NotSignedIn]:
        """Find out who came back; *begun* is what was kept under the returned state.

        The code is used once: after an unknown outcome the person begins again. Raises `Unavailable` when the
        provider does not answer.
        """
        ...
