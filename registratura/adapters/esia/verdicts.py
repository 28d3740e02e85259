"""How a sign-in ends: what the browser brought, who is not believed and why, and the patience of the browser."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import attrs
from returns.result import Failure, Result, Success

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import Begun, NotSignedIn, Returned
from registratura.domain.identity import Identity

log = logging.getLogger(__name__)

T = TypeVar("T")

CANCELLED = "access_denied"
NOT_NOW = frozenset({"server_error", "temporarily_unavailable"})
"""The provider itself asks to come again later (OAuth 2.0, RFC 6749, 4.1.2.1)."""
LEVELS = {
    NotSignedIn.CANCELLED: logging.INFO,
    NotSignedIn.NOT_CONFIRMED: logging.INFO,
    NotSignedIn.UNTRUSTED: logging.WARNING,
    # These two are for the operator to mend: a scope or a right was not granted to us, or the certificate is over.
    NotSignedIn.INCOMPLETE: logging.ERROR,
    NotSignedIn.REFUSED: logging.ERROR,
}

_ESIA_CODE = re.compile(r"ESIA-\d{6}", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]{1,40}")


@attrs.frozen
class NoIdentity(Exception):  # the end of a sign-in that every step may reach
    """Nobody is signed in: `reason` is a machine-readable word for the log, never what was sent."""

    why: NotSignedIn
    reason: str

    def __str__(self) -> str:
        return f"{self.why.value}: {self.reason}"


def require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Trust the sign-in no longer unless *what* holds. Raises `NoIdentity`."""
    if not holds:
        raise NoIdentity(NotSignedIn.UNTRUSTED, what)


def error_code(fields: object) -> str | None:
    """The machine-readable code in an error of ESIA or of OAuth; texts are left out, they may quote what was sent.

    ESIA puts its own code (ESIA-007053) in front of the description or alone into `code`.
    """
    told = fields if isinstance(fields, Mapping) else {}
    for name in ("error_description", "code"):
        text = told.get(name)
        if isinstance(text, str) and (found := _ESIA_CODE.match(text)):
            return found.group()
    for name in ("error", "code"):
        text = told.get(name)
        if isinstance(text, str) and _WORD.fullmatch(text):
            return text
    return None


def code_of(returned: Returned, begun: Begun) -> str:
    """The code the browser brought back for the sign-in *begun*.

    Raises `NoIdentity`, and `Unavailable` when the provider says that it cannot serve now.
    """
    require(returned.state == begun.state, "returned.state")
    if returned.error == CANCELLED:
        raise NoIdentity(NotSignedIn.CANCELLED, CANCELLED)
    if returned.error is not None:
        code = error_code({"error": returned.error, "error_description": returned.description}) or "returned.error"
        if returned.error in NOT_NOW:
            raise Unavailable(f"esia.authorisation {code}")
        raise NoIdentity(NotSignedIn.REFUSED, code)
    require(bool(returned.code), "returned.code")
    return returned.code or ""


async def within(patience: float, work: Awaitable[T]) -> T:
    """What *work* comes to within so many seconds. Raises `Unavailable` when it takes longer."""
    try:
        async with asyncio.timeout(patience):
            return await work
    except TimeoutError:
        raise Unavailable("esia.patience") from None


async def concluded(work: Awaitable[Identity]) -> Result[Identity, NotSignedIn]:
    """The identity that *work* finds, or why there is none; the log is told."""
    try:
        return Success(await work)
    except NoIdentity as end:
        log.log(LEVELS[end.why], "esia.not_signed_in why=%s reason=%s", end.why.value, end.reason)
        return Failure(end.why)
