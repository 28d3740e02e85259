"""Lines of a load, what is said about those refused, and what waits while the rest of the load comes in."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from registratura.application.records import Clash, Orphan, Record


@attrs.frozen(kw_only=True)
class Fault:
    """One thing wrong with a record: the code is R-310 when the record shows it, R-330 when the register does."""

    field: str | None
    code: str
    reason: str
    """Says what to do, in the words of the channel, and repeats nothing personal."""


@attrs.frozen(kw_only=True)
class Line:
    """One well-formed record of a load, with the place it came from."""

    source: str = ""
    """Name of the file where a load has several."""
    number: int
    """Line of NDJSON or index in an array, from 1."""
    kind: str
    id: str
    """Unique among the records of its kind; put together from the key fields where the kind has no id."""
    record: Record
    raw: Mapping[str, object] = attrs.field(repr=False, eq=False)
    """The record as it came, which is how it waits."""


@attrs.frozen(kw_only=True)
class RefusedLine:
    """One record of a load that is not in the register, and why; kind and id where they could be told."""

    source: str = ""
    number: int
    kind: str | None
    id: str | None
    faults: tuple[Fault, ...]

    @property
    def code(self) -> str:
        """The code of the first fault."""
        return self.faults[0].code

    @property
    def reason(self) -> str:
        """All faults in one sentence."""
        return "; ".join(fault.reason for fault in self.faults)


Obstacle = Orphan | Clash
"""Why the register did not take a record although its form is right; either may go away later in the same load."""


@attrs.frozen
class Waiting:
    """A line that is tried again, its ticket in the spool, and what kept it out the last time."""

    ticket: int
    line: Line
    obstacle: Obstacle


class Spool(Protocol):
    """The memory of one load, on disk so that a load may be of any size; used by one thread at a time."""

    def first_time(self, kind: str, ids: Sequence[str]) -> Sequence[bool]:
        """For each of *ids*, whether no record of *kind* with it was asked about before in this load."""
        ...

    def put(self, line: Line, obstacle: Obstacle) -> None:
        """Let a line wait."""
        ...

    def waiting(self, kind: str, after: int, limit: int) -> Sequence[Waiting]:
        """At most *limit* lines of *kind* with tickets above *after*, in the order they were put."""
        ...

    def drop(self, ticket: int) -> None:
        """The line waits no longer."""
        ...

    def update(self, ticket: int, obstacle: Obstacle) -> None:
        """The line still waits, now because of *obstacle*."""
        ...


class Wording(Protocol):
    """How the faults found while storing are told."""

    def duplicate(self, line: Line) -> Fault:
        """The id came twice in one load."""
        ...

    def obstacle(self, line: Line, obstacle: Obstacle) -> Fault:
        """The register still cannot take the line after everything else came in."""
        ...
