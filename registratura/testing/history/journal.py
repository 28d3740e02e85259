"""Writing down what is asked and answered, in lines that outlive the process that wrote them."""

import json
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic_ns
from typing import Any

import attrs

from registratura.testing.history.operations import Answer, Kind, Operation


@attrs.define
class Asking:
    """An operation under way; tell at most one answer. Without one the answer stays unknown."""

    _tell: Callable[[Answer, dict[str, str | None]], None]

    def yes(self, booking: str | None = None, *, person: str | None = None) -> None:
        """Booked under the id *booking*; cancelled; or, to a look, *person* holds the slot."""
        self._tell(Answer.YES, {"booking": booking, "person": person})

    def no(self) -> None:
        """Somebody has the slot; that booking is not in force; or, to a look, the slot is free."""
        self._tell(Answer.NO, {})

    def refused(self) -> None:
        """Refused for a reason that tells nothing of the slot, such as the age of the patient."""
        self._tell(Answer.REFUSED, {})


@attrs.frozen
class Journal:
    """What one client asks and is told, a line (NDJSON) at the beginning and a line at the end of each operation.

    *write* takes one line. *clock* gives nanoseconds that all clients share: the default is one for all processes of
    a machine that runs Linux. The name of the client is its own: two journals that are read together must differ in it.
    """

    client: str
    write: Callable[[bytes], object]
    clock: Callable[[], int] = monotonic_ns
    _numbers: "count[int]" = attrs.field(factory=count, init=False, repr=False)

    @contextmanager
    def asking(
        self, kind: Kind, slot: str, *, person: str | None = None, booking: str | None = None
    ) -> Generator[Asking]:
        """Write down that something is asked; leave without an answer, or with an exception, when none came."""
        number = next(self._numbers)
        began = {"slot": slot, "kind": kind.value, "person": person, "booking": booking}
        self._line(number, "invoked", began)
        yield Asking(lambda answer, told: self._line(number, "returned", {"answer": answer.value, **told}))

    def _line(self, number: int, moment: str, told: dict[str, str | None]) -> None:
        known = {name: value for name, value in told.items() if value is not None}
        line = {"client": self.client, "number": number, moment: self.clock(), **known}
        self.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    @classmethod
    @contextmanager
    def at(cls, file: Path, client: str) -> Generator["Journal"]:
        """Append to *file*, each line by one write of the system: a process killed by -9 loses nothing it told."""
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            yield cls(client, lambda line: os.write(descriptor, line))
        finally:
            os.close(descriptor)


def read(files: Iterable[Path]) -> tuple[Operation, ...]:
    """All operations in *files*, by the moment they were asked; a line cut off at the end of a file is passed over."""
    return operations(line for file in files for line in file.read_bytes().splitlines(keepends=True))


def operations(lines: Iterable[bytes]) -> tuple[Operation, ...]:
    """The operations told of in *lines*, by the moment they were asked."""
    begun: dict[tuple[str, int], dict[str, Any]] = {}
    for line in lines:
        if line.endswith(b"\n"):
            told = json.loads(line)
            key = (told.pop("client"), told.pop("number"))
            begun.setdefault(key, {}).update(told)
    return tuple(sorted((_operation(*key, told) for key, told in begun.items()), key=lambda one: one.invoked))


def _operation(client: str, _number: int, told: dict[str, Any]) -> Operation:
    return Operation(
        client=client,
        slot=told["slot"],
        kind=Kind(told["kind"]),
        person=told.get("person"),
        booking=told.get("booking"),
        invoked=told["invoked"],
        returned=told.get("returned"),
        answer=Answer(told.get("answer", "unknown")),
    )
