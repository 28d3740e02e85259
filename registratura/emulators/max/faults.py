"""Trouble on a switch: what real networks and real vendors do now and then."""

import asyncio

import attrs

from registratura.emulators import trouble
from registratura.emulators.max.errors import ApiError, too_many
from registratura.emulators.max.store import Json

WEBHOOK = "webhook"
REFUSALS: dict[int, ApiError] = {
    403: ApiError(403, "chat.denied", "error.dialog.suspended"),
    429: too_many(),
    500: ApiError(500, "internal.error", "Internal error, incident 0c5f7b2e"),
    503: ApiError(503, "service.unavailable", "Service unavailable"),
}


@attrs.frozen(kw_only=True)
class Faults:
    """Which troubles are on.

    ``silence``: API requests hang and no webhook is called. ``status``: requests are refused with this HTTP status.
    ``cut``: the request takes effect, but the connection ends before the answer. ``delay_ms``: answers come late.
    These four strike what ``routes`` names (method and first part of the path, such as ``POST /messages``; ``webhook``
    is the calls to the bot; empty means all) and, with ``times``, only that many requests. ``not_ready_ms``: uploads
    need this much longer. ``edit_refused``: edits end with ``success: false``. ``duplicates``: each update is delivered
    so many times. ``shuffle``: newer updates first.
    """

    silence: bool = False
    status: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.in_(REFUSALS)))
    cut: bool = False
    delay_ms: int = attrs.field(default=0, validator=[attrs.validators.ge(0), attrs.validators.le(60_000)])
    routes: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    times: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    not_ready_ms: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    edit_refused: bool = False
    duplicates: int = attrs.field(default=1, validator=[attrs.validators.ge(1), attrs.validators.le(3)])
    shuffle: bool = False

    def as_json(self) -> Json:
        """The form of ``GET _faults``."""
        return attrs.asdict(self)

    @property
    def webhooks_silent(self) -> bool:
        """Whether the silence holds the calls to the bot back."""
        return self.silence and self.strikes(WEBHOOK)

    def strikes(self, route: str) -> bool:
        """Whether a request is among the struck ones."""
        some = self.silence or self.status is not None or self.cut or self.delay_ms > 0
        return some and self.times != 0 and (not self.routes or route in self.routes)


@attrs.define
class Switchboard(trouble.Switchboard[Faults]):
    """Also lets silent requests go when the silence ends."""

    changed: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)

    def set(self, faults: Faults) -> None:
        """Switch to *faults*."""
        self.current = faults
        self.changed.set()
        self.changed = asyncio.Event()
