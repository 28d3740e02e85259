"""Trouble on a switch: what real networks and real vendors do now and then."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import attrs

from registratura.emulators.sferum.errors import CATALOGUE

STATUSES = (500, 502, 503)
LONGEST_DELAY_MS = 60_000


class Shape(Enum):
    """How those who could not be added are listed: the sources do not say."""

    TEXT = "text"
    NUMBER = "number"
    OBJECT = "object"


def _words(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


def _set(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)


@attrs.frozen(kw_only=True)
class Faults:
    """Which troubles are on.

    ``error``: calls are refused with this number of VK. ``status``: they end with this HTTP status and no JSON. Neither
    has an effect. ``delay_ms``: the call takes effect at once and the answer comes late. ``cut``: it takes effect and
    the connection ends before the answer. ``page``: it takes effect and a web page comes instead of JSON. These five
    strike what ``methods`` names (empty means all) and, with ``times``, only that many calls. ``failing``: these phones
    cannot be added. ``failed_as``: how they are listed.
    """

    error: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.in_(CATALOGUE)))
    status: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.in_(STATUSES)))
    delay_ms: int = attrs.field(default=0, validator=[attrs.validators.ge(0), attrs.validators.le(LONGEST_DELAY_MS)])
    cut: bool = False
    page: bool = False
    methods: tuple[str, ...] = attrs.field(default=(), converter=_words)
    times: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    failing: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    failed_as: Shape = attrs.field(default=Shape.OBJECT, converter=Shape)

    def as_json(self) -> dict[str, Any]:
        """The form of ``GET _emu/faults``."""
        return attrs.asdict(self) | {"failing": sorted(self.failing), "failed_as": self.failed_as.value}

    @property
    def on(self) -> bool:
        """Whether any call may suffer."""
        return bool(self.failing) or (self.times != 0 and self._some)

    def strikes(self, name: str) -> bool:
        """Whether a call of the method *name* is among the struck ones."""
        return self._some and self.times != 0 and (not self.methods or name in self.methods)

    @property
    def _some(self) -> bool:
        return self.error is not None or self.status is not None or self.cut or self.page or self.delay_ms > 0


def faults_of_form(fields: Mapping[str, str]) -> Faults:
    """Faults from the form of the page. Raises ValueError on nonsense."""
    numbers = {name: int(fields[name]) for name in ("error", "status", "delay_ms", "times") if fields.get(name)}
    return Faults(
        **numbers,
        cut="cut" in fields,
        page="page" in fields,
        methods=fields.get("methods", "").split(),
        failing=fields.get("failing", "").replace(",", " ").split(),
        failed_as=fields.get("failed_as", Shape.OBJECT),
    )
