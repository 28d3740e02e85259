"""What the answers of MAX mean for a delivery (MAX reference, section 3), as plain functions."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import attrs

from registratura.application.ports.messenger import Delivery, Receipt

MACHINE_CODE = re.compile(r"[A-Za-z_]+(\.[A-Za-z_]+)*")
LONGEST_CODE = 64
REFUSED_FOR_NOW = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
NOT_READY = ("attachment.not.ready", ".not.processed")
CLOSED = ("chat.denied", "error.dialog.")
WRONG_TOKEN = "verify.token"  # noqa: S105 - a code of MAX
TOO_MANY = "too.many.requests"


@attrs.frozen(kw_only=True)
class Reply:
    """An HTTP answer; `fields` is None when the body is not a JSON object."""

    status: int
    fields: Mapping[str, Any] | None = attrs.field(repr=False)
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """What the status alone says."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def accepted(self) -> bool:
        """The call had its effect: MAX also refuses with 200 and `success: false`."""
        return self.succeeded and self.fields is not None and self.fields.get("success") is not False

    @property
    def in_doubt(self) -> bool:
        """The server failed on its way, or its answer was lost on ours: a half body, a page of some proxy."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (self.succeeded and self.fields is None)


@attrs.frozen(kw_only=True)
class Broken:
    """No answer came; `left` tells whether the request may have reached MAX."""

    left: bool
    reason: str


def receipt_of(outcome: Reply | Broken, *, repeatable: bool) -> Receipt:
    """How a delivery ended.

    A call that is not *repeatable* (a new message: MAX knows no idempotency key) ends as UNKNOWN where it may have had
    its effect; the others are simply repeated.
    """
    in_doubt = Delivery.LATER if repeatable else Delivery.UNKNOWN
    match outcome:
        case Broken():
            return Receipt(delivery=in_doubt if outcome.left else Delivery.LATER, reason=outcome.reason)
        case Reply(accepted=True):
            return Receipt(delivery=Delivery.DONE)
        case Reply():
            return Receipt(
                delivery=_refusal(outcome) or in_doubt, reason=_reason(outcome), retry_after=outcome.retry_after
            )


def _refusal(reply: Reply) -> Delivery | None:
    """Which refusal it is; None when the server itself may not know what it did."""
    if reply.status in REFUSED_FOR_NOW or _speaks_of(reply, (*NOT_READY, TOO_MANY)):
        return Delivery.LATER
    if reply.in_doubt:
        return None
    # The vendor's prose shows the wrong token under 403, its answers under 401.
    if reply.status == HTTPStatus.UNAUTHORIZED or _speaks_of(reply, (WRONG_TOKEN,)):
        return Delivery.FORBIDDEN
    if _speaks_of(reply, CLOSED):
        return Delivery.UNREACHABLE
    return Delivery.REFUSED


def _speaks_of(reply: Reply, codes: tuple[str, ...]) -> bool:
    # Clients saw the same key as the code, and inside the message beside a coarser code.
    said = f"{_word(reply, 'code')} {_word(reply, 'message')}"
    return any(code in said for code in codes)


def _reason(reply: Reply) -> str:
    """The machine-readable code, never a text: texts may quote what was sent."""
    for name in ("code", "message"):
        word = _word(reply, name).removeprefix("Key: ")
        if len(word) <= LONGEST_CODE and "." in word and MACHINE_CODE.fullmatch(word):
            return word
    return f"http.{reply.status}"


def _word(reply: Reply, name: str) -> str:
    word = (reply.fields or {}).get(name)
    return word if isinstance(word, str) else ""
