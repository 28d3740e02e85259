"""Whether some order of a one-place register explains what the clients of a slot were told.

The search is just in time: an operation is given its place no sooner than the next answer needs it. Operations that
change nothing take their place as soon as it is true, and of two explanations that agree in all but what unanswered
operations they needed, the one that needed less is followed alone: it can do whatever the other can.
"""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from registratura.testing.history.operations import Answer, Kind, Operation

TRAIL = 8
"""How many operations before the impossible one a report tells."""


@attrs.frozen
class Held:
    """Who holds a slot; under which booking is not known while nobody was told."""

    person: str | None
    booking: str | None

    def fits(self, operation: Operation) -> bool:
        """Whether *operation* may speak of this holder."""
        known = {self.booking, operation.booking} - {None}
        return self.person == operation.person and len(known) <= 1

    def __str__(self) -> str:
        return f"held by {self.person} ({self.booking or 'booking not known'})"


State = Held | None


@attrs.frozen
class _Explanation:
    """A state, and which of the operations under way have had their place before it."""

    held: State
    placed: frozenset[int] = frozenset()
    """Answered ones, which must have their place before their answer."""
    used: frozenset[int] = frozenset()
    """Unanswered ones that were done; the others may be done later or never."""


Trails = dict[_Explanation, tuple[int, ...]]
"""Explanations with the order of the last operations in each."""


@attrs.frozen
class Impossible:
    """An answer that no order explains."""

    slot: str
    answer: Operation
    before: tuple[Operation, ...]
    """The last operations before it, in one of the orders that explain everything up to here."""
    state: str
    """How the slot stood then in that order."""
    under_way: tuple[Operation, ...]
    """What else might have happened at that moment, and does not help."""

    def report(self) -> str:
        """The impossible piece in words, a line for each operation."""
        lines = [f"slot {self.slot}: no order of events explains", f"    {self.answer}", "  one order up to here:"]
        lines += [f"    {one}" for one in self.before] or ["    nothing"]
        lines += [f"  which leaves the slot {self.state}", "  under way meanwhile:"]
        lines += [f"    {one}" for one in self.under_way] or ["    nothing"]
        return "\n".join(lines)


def check(history: Iterable[Operation]) -> tuple[Impossible, ...]:
    """The first impossible answer of each slot that has one; all slots are free at the beginning."""
    slots: dict[str, list[Operation]] = {}
    for operation in history:
        if operation.answer is not Answer.REFUSED and (operation.kind, operation.answer) != (Kind.LOOK, Answer.UNKNOWN):
            slots.setdefault(operation.slot, []).append(operation)
    found = (_Search(slot, tuple(asked)).run() for slot, asked in sorted(slots.items()))
    return tuple(impossible for impossible in found if impossible is not None)


def _after(held: State, operation: Operation) -> tuple[State, ...]:
    """The state after *operation* was done in the state *held*; nothing when its answer would not be true."""
    match operation.kind:
        case Kind.BOOK:
            return _after_booking(held, operation)
        case Kind.CANCEL:
            return _after_cancelling(held, operation)
        case Kind.LOOK:
            return _after_looking(held, operation)


def _after_booking(held: State, operation: Operation) -> tuple[State, ...]:
    match operation.answer:
        case Answer.NO:
            return (held,) if held is not None else ()
        case Answer.YES:
            # Who holds the slot and asks again gets the same booking.
            mine = held is None or held.fits(operation)
            return (Held(operation.person, operation.booking),) if mine else ()
        case _:
            return (Held(operation.person, operation.booking),) if held is None else ()


def _after_cancelling(held: State, operation: Operation) -> tuple[State, ...]:
    # Whoever names a booking was told of it, so a holder whose booking nobody was told of is another one.
    named = held is not None and held.booking == operation.booking
    if operation.answer is Answer.NO:
        return () if named else (held,)
    return (None,) if named else ()


def _after_looking(held: State, operation: Operation) -> tuple[State, ...]:
    if held is None or operation.answer is Answer.NO:
        return (held,) if held is None and operation.answer is Answer.NO else ()
    return (attrs.evolve(held, booking=operation.booking or held.booking),) if held.fits(operation) else ()


class _Search:
    """The explanations of one slot's history, from answer to answer."""

    def __init__(self, slot: str, operations: Sequence[Operation]) -> None:
        self._slot = slot
        self._operations = operations
        self._waiting: dict[int, Operation] = {}
        """Operations under way that get an answer."""
        self._unanswered: dict[int, Operation] = {}
        self._trails: Trails = {_Explanation(None): ()}

    def run(self) -> Impossible | None:
        for number, returns in _events(self._operations):
            operation = self._operations[number]
            if not returns:
                (self._unanswered if operation.answer is Answer.UNKNOWN else self._waiting)[number] = operation
                self._trails = dict(self._settled(one, trail) for one, trail in self._trails.items())
                continue
            answered = self._answer(number)
            if not answered:
                return self._impossible(number)
            del self._waiting[number]
            self._trails = answered
        return None

    def _answer(self, number: int) -> Trails:
        """The explanations in which the operation *number* had its place before its answer."""
        answered: Trails = {}
        kept = _Fewest()
        queue = sorted(self._trails.items(), key=lambda pair: len(pair[0].used))
        for one, trail in queue:  # grows while it is walked through
            if not kept.admits(one):
                continue
            if number in one.placed:
                answered[attrs.evolve(one, placed=one.placed - {number})] = trail
                continue
            queue += [self._settled(*following) for following in self._following(one, trail)]
        return answered

    def _following(self, one: _Explanation, trail: tuple[int, ...]) -> Iterator[tuple[_Explanation, tuple[int, ...]]]:
        """Each way in which one more operation under way may have been done."""
        for number, operation in self._waiting.items():
            if number not in one.placed:
                for held in _after(one.held, operation):
                    yield attrs.evolve(one, held=held, placed=one.placed | {number}), _longer(trail, number)
        tried = set()
        for number, operation in self._unanswered.items():
            # Of those that ask the same one is as good as the other: the first asked is enough.
            alike = (operation.kind, operation.person, operation.booking)
            if number not in one.used and alike not in tried:
                tried.add(alike)
                for held in _after(one.held, operation):
                    yield attrs.evolve(one, held=held, used=one.used | {number}), _longer(trail, number)

    def _settled(self, one: _Explanation, trail: tuple[int, ...]) -> tuple[_Explanation, tuple[int, ...]]:
        """Give their place to the operations under way that are true now and change nothing."""
        idle = [
            number
            for number, operation in self._waiting.items()
            if number not in one.placed and _after(one.held, operation) == (one.held,)
        ]
        return attrs.evolve(one, placed=one.placed.union(idle)), _longer(trail, *idle)

    def _impossible(self, number: int) -> Impossible:
        one, trail = min(self._trails.items(), key=lambda pair: len(pair[0].used))
        done = one.placed | one.used | {number}
        under_way = self._waiting | self._unanswered
        return Impossible(
            slot=self._slot,
            answer=self._operations[number],
            before=tuple(self._operations[earlier] for earlier in trail),
            state=str(one.held) if one.held is not None else "free",
            under_way=tuple(operation for other, operation in sorted(under_way.items()) if other not in done),
        )


class _Fewest:
    """Explanations met so far; admits one only when none like it needed fewer unanswered operations."""

    def __init__(self) -> None:
        self._met: dict[tuple[State, frozenset[int]], list[frozenset[int]]] = {}

    def admits(self, one: _Explanation) -> bool:
        met = self._met.setdefault((one.held, one.placed), [])
        if any(used <= one.used for used in met):
            return False
        met.append(one.used)
        return True


def _longer(trail: tuple[int, ...], *numbers: int) -> tuple[int, ...]:
    return (*trail, *numbers)[-TRAIL:]


def _events(operations: Sequence[Operation]) -> list[tuple[int, bool]]:
    """Numbers of operations with whether they return, by time; what touches in time may have overlapped."""
    moments = [(one.invoked, False, number) for number, one in enumerate(operations)]
    moments += [(one.returned, True, number) for number, one in enumerate(operations) if one.returned is not None]
    return [(number, returns) for _, returns, number in sorted(moments)]
