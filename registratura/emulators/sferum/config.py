"""What a host decides about the emulator."""

import time
from collections.abc import Callable, Mapping
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

Clock = Callable[[], float]


@attrs.frozen(kw_only=True)
class SferumEmulatorConfig:
    """Settings of one emulator.

    ``public_url`` is the address of the emulator itself, without a slash at the end; invitation links begin with
    ``link_base``, or with ``<public_url>/join``, where they open. ``database`` may be ``:memory:``, which forgets when
    the emulator stops. ``names`` says who is behind a phone, for the pages alone. Phones are digits, country code
    first: those in ``not_in_max`` cannot be added, those in ``pending`` are added later. ``zone`` is for the times on
    the pages; ``clock`` gives Unix seconds.
    """

    public_url: str
    database: Path = Path(":memory:")
    link_base: str | None = None
    token: str = "sandbox"  # noqa: S105 - the well-known token of the sandbox
    names: Mapping[str, str] = attrs.field(factory=dict)
    not_in_max: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    zone: tzinfo = attrs.field(factory=lambda: ZoneInfo("Europe/Moscow"))
    limits: bool = True
    clock: Clock = time.time

    def link(self, code: str) -> str:
        """The invitation to the chat behind *code*."""
        return f"{self.link_base or self.public_url + '/join'}/{code}"
