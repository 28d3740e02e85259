"""Loading: whatever other systems know goes into the register, in any order, as often as they like."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import groupby, islice

import attrs

from registratura.application.ports.spool import Fault, Line, RefusedLine, Spool, Waiting, Wording
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Record, Stored, Verdict

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
    batch: int = 5000
    kept: int = 1000
    """How many refused records the report holds; all of them pass `on_refused`."""

    async def __call__(
        self, lines: Lines, *, on_refused: OnRefused = _nothing, progress: Progress = _nothing
    ) -> LoadReport:
        """Load *lines*, read in a worker thread while the storage is busy with those before.

        *on_refused* is called for each refused record as soon as that is certain, *progress* with the number of
        lines loaded so far. Raises `Unavailable` when the storage cannot be reached.
        """
        with self.open_spool() as spool:
            run = _Run(self.storage, spool, self.wording, self.batch, on_refused, kept=self.kept)
            source = iter(lines)
            done = 0
            portion = await asyncio.to_thread(run.read, source)
            while portion.size:
                following = asyncio.create_task(asyncio.to_thread(run.read, source))
                try:
                    verdicts = await run.store(portion.lines)
                finally:
                    # Whatever happens, nobody closes the source or the spool under the reader.
                    await asyncio.wait([following])
                await asyncio.to_thread(run.settle, portion.lines, verdicts)
                run.refuse(portion.refused)
                done += portion.size
                progress(done)
                portion = following.result()
            while await run.retry():
                pass
            await run.refuse_waiting()
            return run.report()


@attrs.frozen
class _Portion:
    """Lines read together: those to store, in load order, and those refused at sight."""

    size: int
    lines: Sequence[Line]
    refused: Sequence[RefusedLine]


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

    def read(self, source: Iterator[Line | RefusedLine]) -> _Portion:
        """The next lines of *source*; an id that came before is refused."""
        portion = list(islice(source, self.batch))
        refused: dict[int, RefusedLine] = {}
        groups: dict[str, list[tuple[int, Line]]] = {}
        for place, line in enumerate(portion):
            if isinstance(line, RefusedLine):
                refused[place] = line
            else:
                groups.setdefault(line.kind, []).append((place, line))
        lines: list[Line] = []
        for kind in sorted(groups, key=LOAD_ORDER.index):
            first = self.spool.first_time(kind, [line.id for _, line in groups[kind]])
            for (place, line), is_first in zip(groups[kind], first, strict=True):
                if is_first:
                    lines.append(line)
                else:
                    refused[place] = _refusal(line, self.wording.duplicate(line))
        return _Portion(len(portion), lines, [refused[place] for place in sorted(refused)])

    async def store(self, lines: Sequence[Line]) -> Sequence[Verdict]:
        """Store lines that stand in load order, those of one kind in one transaction; a verdict for each.

        Bookings lock patients before slots, so a load must not hold slots when it comes to its bookings.
        """
        verdicts: list[Verdict] = []
        for _, alike in groupby(lines, key=lambda line: line.kind):
            records = [line.record for line in alike]
            verdicts += await self.storage.transact(partial(_store, records))
        return verdicts

    def settle(self, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> None:
        """Count what was stored; let the rest wait."""
        for line, verdict in zip(lines, verdicts, strict=True):
            if isinstance(verdict, Stored):
                self.outcomes[line.kind, verdict.value] += 1
            else:
                self.spool.put(line, verdict)

    async def retry(self) -> bool:
        """Try everything that waits once more; whether anything moved, so that it is worth another try."""
        moved = False
        for kind in LOAD_ORDER:
            async for waiting in self._waiting(kind):
                verdicts = await self.store([waited.line for waited in waiting])
                moved |= await asyncio.to_thread(self._settle_again, waiting, verdicts)
        return moved

    def _settle_again(self, waiting: Sequence[Waiting], verdicts: Sequence[Verdict]) -> bool:
        moved = False
        for waited, verdict in zip(waiting, verdicts, strict=True):
            if isinstance(verdict, Stored):
                self.outcomes[waited.line.kind, verdict.value] += 1
                self.spool.drop(waited.ticket)
                moved = True
            else:
                self.spool.update(waited.ticket, verdict)
        return moved

    async def refuse_waiting(self) -> None:
        """Nothing more comes: what still waits is refused."""
        for kind in LOAD_ORDER:
            async for waiting in self._waiting(kind):
                self.refuse(
                    [_refusal(waited.line, self.wording.obstacle(waited.line, waited.obstacle)) for waited in waiting]
                )

    async def _waiting(self, kind: str) -> AsyncIterator[Sequence[Waiting]]:
        """Everything of *kind* that waits, a portion at a time."""
        after = 0
        while waiting := await asyncio.to_thread(self.spool.waiting, kind, after, self.batch):
            yield waiting
            after = waiting[-1].ticket

    def refuse(self, lines: Sequence[RefusedLine]) -> None:
        """Count and tell lines that were refused for good."""
        for line in lines:
            self.outcomes[line.kind or UNTOLD, "refused"] += 1
            if len(self.refused) < self.kept:
                self.refused.append(line)
            self.on_refused(line)

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


def _store(records: Sequence[Record], tx: Transaction) -> Sequence[Verdict]:
    return tx.register.store(records)


def _refusal(line: Line, fault: Fault) -> RefusedLine:
    return RefusedLine(source=line.source, number=line.number, kind=line.kind, id=line.id, faults=(fault,))
