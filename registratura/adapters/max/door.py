"""Where MAX knocks: only with the secret, and nothing is answered before it is kept."""

from collections.abc import Sequence

import attrs

from registratura.adapters.max.webhook import secret_matches
from registratura.adapters.max.wire import read_update
from registratura.application.mailroom import TakeIn
from registratura.application.ports.messenger import Update


@attrs.frozen(kw_only=True)
class MaxDoor:
    """Takes updates in from the webhook and from polling."""

    secret: str = attrs.field(repr=False)
    take_in: TakeIn

    def lets_in(self, given: str | None) -> bool:
        """Whether the secret *given* with a call is ours."""
        return secret_matches(self.secret, given)

    async def accept(self, body: bytes) -> bool:
        """Keep the update in *body*; False when it was kept before or needs no work.

        Raises ValueError naming the place and what is expected there, never what stood there; `Unavailable` when it
        could not be kept, so that MAX sends it again.
        """
        return await self.keep([read_update(body)], None) > 0

    async def keep(self, updates: Sequence[Update], marker: str | None) -> int:
        """Keep *updates*, and the marker of polling, in one commit."""
        return await self.take_in(updates, ("max", marker) if marker is not None else None)
