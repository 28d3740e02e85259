"""Loading: whatever other systems know goes into the register, in any order, as often as they like."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby, islice

import attrs

from registratura.application.ports.spool import Fault, Line, RefusedLine, Spool, Wording
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Stored, Verdict

LOAD_ORDER: tuple[str, ...] = (
    "mo",
    "speciality",
    "resource",
    "patient",
    "service",
    "profilecode_resource",
    "unaccessable_period",
    "slot",
    "attachment",
    "representation",
    "purpose",
    "referral",
    "book",
    "consent_document",
)
"""The kinds of the load format, each after those it refers to (FER-053)."""

UNTOLD = "unknown"
"""Under which records are counted whose kind could not be told."""


@attrs.frozen(kw_only=True)
class Counts:
    """What became of the records of one kind."""

    created: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0

    @property
    def loaded(self) -> int:
        """How many of them are in the register now."""
        return self.created + self.changed + self.same


@attrs.frozen(kw_only=True)
class LoadReport:
    """How a load ended: counts by kind in load order, and the first of the refused records."""

    counts: Mapping[str, Counts]
    refused: Sequence[RefusedLine]
    """At most `LoadRecords.kept`; `total.refused` is how many there were."""

    @property
    def total(self) -> Counts:
        """The counts of all kinds together."""
        each = self.counts.values()
        return Counts(
            created=sum(counts.created for counts in each),
            changed=sum(counts.changed for counts in each),
            same=sum(counts.same for counts in each),
            refused=sum(counts.refused for counts in each),
        )

    @property
    def is_complete(self) -> bool:
        """Whether nothing was refused."""
        return self.total.refused == 0


Lines = Iterable[Line | RefusedLine]
OnRefused = Callable[[RefusedLine], None]
Progress = Callable[[int], None]


def _nothing(_: object) -> None:
    """Nobody wants to be told."""


@attrs.frozen(kw_only=True)
class LoadRecords:
    """Load records of any kinds in any order; the same load twice changes nothing.

    What refers to something not there yet, or stands where something is about to move away, waits in the spool and is
    tried again at the end. At most `batch` records share a transaction: a load that breaks off keeps what was
    committed and is simply repeated.
    """

    storage: Storage
    open_spool: Callable[[], AbstractContextManager[Spool]]
    wording: Wording
    batch: int = 1000
    kept: int = 1000
    """How many refused records the report holds; all of them pass `on_refused`."""

    async def __call__(
        self, lines: Lines, *, on_refused: OnRefused = _nothing, progress: Progress = _nothing
    ) -> LoadReport:
        """Load *lines*, read in a worker thread.

        *on_refused* is called for each refused record as soon as that is certain, *progress* with the number of
        lines read so far. Raises `Unavailable` when the storage cannot be reached.
        """
        with self.open_spool() as spool:
            run = _Run(self.storage, spool, self.wording, self.batch, on_refused, kept=self.kept)
            source = iter(lines)
            read = 0
            while portion := await asyncio.to_thread(_portion, source, self.batch):
                await run.take(portion)
                read += len(portion)
                progress(read)
            while await run.retry():
                pass
            run.refuse_waiting()
            return run.report()


def _portion(source: Iterator[Line | RefusedLine], size: int) -> list[Line | RefusedLine]:
    return list(islice(source, size))


@attrs.define
class _Run:
    """One load under way."""

    storage: Storage
    spool: Spool
    wording: Wording
    batch: int
    on_refused: OnRefused
    kept: int = attrs.field(kw_only=True)
    outcomes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    refused: list[RefusedLine] = attrs.field(factory=list)

    async def take(self, portion: Sequence[Line | RefusedLine]) -> None:
        """Store what can be stored at once; let the rest wait."""
        groups: dict[str, list[Line]] = {}
        for line in portion:
            if isinstance(line, RefusedLine):
                self._refuse(line)
            elif self.spool.first_time(line.kind, line.id):
                groups.setdefault(line.kind, []).append(line)
            else:
                self._refuse(_refusal(line, self.wording.duplicate(line)))
        ordered = [line for kind in LOAD_ORDER for line in groups.get(kind, ())]
        for line, verdict in await self._store(ordered):
            if isinstance(verdict, Stored):
                self._count(line, verdict)
            else:
                self.spool.put(line, verdict)

    async def retry(self) -> bool:
        """Try everything that waits once more; whether anything moved, so that it is worth another try."""
        moved = False
        for kind in LOAD_ORDER:
            after = 0
            while waiting := self.spool.waiting(kind, after, self.batch):
                after = waiting[-1].ticket
                verdicts = await self._store([waited.line for waited in waiting])
                for waited, (line, verdict) in zip(waiting, verdicts, strict=True):
                    if isinstance(verdict, Stored):
                        self._count(line, verdict)
                        self.spool.drop(waited.ticket)
                        moved = True
                    else:
                        self.spool.update(waited.ticket, verdict)
        return moved

    def refuse_waiting(self) -> None:
        """Nothing more comes: what still waits is refused."""
        for kind in LOAD_ORDER:
            after = 0
            while waiting := self.spool.waiting(kind, after, self.batch):
                after = waiting[-1].ticket
                for waited in waiting:
                    self._refuse(_refusal(waited.line, self.wording.obstacle(waited.line, waited.obstacle)))

    def report(self) -> LoadReport:
        """Everything counted so far."""
        kinds = [kind for kind in (*LOAD_ORDER, UNTOLD) if any(counted == kind for counted, _ in self.outcomes)]
        counts = {
            kind: Counts(
                created=self.outcomes[kind, Stored.CREATED.value],
                changed=self.outcomes[kind, Stored.CHANGED.value],
                same=self.outcomes[kind, Stored.SAME.value],
                refused=self.outcomes[kind, "refused"],
            )
            for kind in kinds
        }
        return LoadReport(counts=counts, refused=tuple(self.refused))

    async def _store(self, lines: Sequence[Line]) -> list[tuple[Line, Verdict]]:
        """Store lines that stand in load order, in one transaction; a verdict for each."""
        return await self.storage.transact(lambda tx: _stored(tx, lines)) if lines else []

    def _count(self, line: Line, stored: Stored) -> None:
        self.outcomes[line.kind, stored.value] += 1

    def _refuse(self, line: RefusedLine) -> None:
        self.outcomes[line.kind or UNTOLD, "refused"] += 1
        if len(self.refused) < self.kept:
            self.refused.append(line)
        self.on_refused(line)


def _stored(tx: Transaction, lines: Sequence[Line]) -> list[tuple[Line, Verdict]]:
    verdicts: list[tuple[Line, Verdict]] = []
    for _, same_kind in groupby(lines, key=lambda line: line.kind):
        group = list(same_kind)
        verdicts += zip(group, tx.register.store([line.record for line in group]), strict=True)
    return verdicts


def _refusal(line: Line, fault: Fault) -> RefusedLine:
    return RefusedLine(source=line.source, number=line.number, kind=line.kind, id=line.id, faults=(fault,))
