"""What ESIA lets us sign instead of a password (ESIA reference, section 2)."""

import base64
from datetime import datetime, timedelta, timezone

import attrs

from registratura.adapters.esia.signing import Signer

MOSCOW = timezone(timedelta(hours=3))
"""ESIA takes the zone without a colon, and its clients send that of Moscow."""


@attrs.frozen(kw_only=True)
class SignedRequest:
    """One request to ESIA; everything in it goes into the signature, in this order and joined with nothing."""

    client_id: str
    scope: str
    timestamp: str
    state: str = attrs.field(repr=False)
    redirect_uri: str
    code: str | None = attrs.field(default=None, repr=False)
    """Only when tokens are asked for."""

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Names and values in the order of the signature."""
        named = attrs.asdict(self)
        return tuple((name, value) for name, value in named.items() if value is not None)

    @property
    def message(self) -> bytes:
        """What is signed."""
        return "".join(value for _, value in self.parts).encode()


def stamped(now: datetime) -> str:
    """«2026.03.02 09:00:00 +0300»."""
    return now.astimezone(MOSCOW).strftime("%Y.%m.%d %H:%M:%S %z")


async def client_secret(request: SignedRequest, signer: Signer) -> str:
    """The signature as ESIA takes it: base64 for addresses, without padding. Raises `Unavailable`."""
    signature = await signer.sign(request.message)
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
