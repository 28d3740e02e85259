"""The checker of histories believes what a one-place register could have told, and nothing else."""

from collections.abc import Iterator
from itertools import permutations, product
from pathlib import Path
from random import Random

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registratura.testing.history import Answer, Journal, Kind, Operation, check, operations, read

BOOK, CANCEL, LOOK = Kind.BOOK, Kind.CANCEL, Kind.LOOK
YES, NO, REFUSED, UNKNOWN = Answer.YES, Answer.NO, Answer.REFUSED, Answer.UNKNOWN
PEOPLE = ("anna", "boris", "vera")


def told(
    kind: Kind,
    answer: Answer,
    person: str | None = None,
    booking: str | None = None,
    *,
    at: tuple[int, int | None],
    client: str = "1",
) -> Operation:
    return Operation(
        client=client,
        slot="slot",
        kind=kind,
        person=person,
        booking=booking,
        invoked=at[0],
        returned=at[1],
        answer=answer,
    )


class Register:
    """A real one-place register."""

    def __init__(self) -> None:
        self.held: tuple[str, str] | None = None
        self.bookings: list[tuple[str, str]] = []

    def book(self, person: str) -> tuple[Answer, str | None]:
        if self.held is None:
            self.held = (person, f"b{len(self.bookings)}")
            self.bookings.append(self.held)
        return (YES, self.held[1]) if self.held[0] == person else (NO, None)

    def cancel(self, booking: str) -> Answer:
        if self.held is None or self.held[1] != booking:
            return NO
        self.held = None
        return YES


def run(chance: Random, size: int, unknown: float) -> list[Operation]:
    """A history that happened: operations overlap, each is done at one moment of its own, some answers get lost."""
    register = Register()
    history: list[Operation] = []
    lengths = (10, 100, 1_000)
    for moment in range(1_000, 1_000 + size * 20, 20):
        at = (moment - chance.randrange(chance.choice(lengths)), moment + 1 + chance.randrange(chance.choice(lengths)))
        lost = chance.random() < unknown
        returned = (at[0], None if lost else at[1])
        if lost and chance.random() < 0.5:
            history.append(told(BOOK, UNKNOWN, chance.choice(PEOPLE), at=returned))
            continue
        # Only what was told before may be cancelled: a client cannot guess the id.
        known = [
            (one.person, one.booking)
            for one in history
            if one.person and one.booking and one.returned is not None and one.returned < at[0]
        ]
        person: str | None
        booking: str | None
        someone = chance.choice(PEOPLE)
        match chance.choice((BOOK, BOOK, CANCEL, CANCEL, LOOK)):
            case Kind.CANCEL if known:
                kind = CANCEL
                person, known_booking = chance.choice(known[-3:])
                booking = known_booking
                answer = register.cancel(known_booking)
            case Kind.LOOK if not lost:
                kind, answer = LOOK, YES if register.held else NO
                person, booking = register.held or (None, None)
            case _:
                kind, person = BOOK, someone
                answer, booking = register.book(someone)
                booking = None if lost else booking
        history.append(told(kind, UNKNOWN if lost else answer, person, booking, at=returned))
    if register.held and not unknown:
        end = max(one.returned or 0 for one in history) + 1
        history.append(told(CANCEL, YES, *register.held, at=(end, end)))
    return history


histories = st.builds(run, st.randoms(use_true_random=False), st.integers(0, 40), st.sampled_from((0.0, 0.2, 0.5)))


@given(histories)
def test_what_happened_is_believed(history: list[Operation]) -> None:
    assert [impossible.report() for impossible in check(history)] == []


def test_thousands_of_operations_with_many_lost_answers_are_judged() -> None:
    history = run(Random(20), size=5_000, unknown=0.05)
    assert check(history) == ()
    end = max(one.returned or 0 for one in history)
    impossible = told(CANCEL, YES, "galina", "never", at=(end + 1, end + 2))
    assert [found.answer for found in check([*history, impossible])] == [impossible]


@st.composite
def small(draw: st.DrawFn) -> list[Operation]:
    """A few operations with answers out of a hat."""
    history = []
    for number in range(draw(st.integers(1, 5))):
        kind, person = draw(st.sampled_from(Kind)), draw(st.sampled_from(PEOPLE[:2]))
        answer = draw(st.sampled_from((YES, NO, UNKNOWN)))
        assume((kind, answer) != (LOOK, UNKNOWN))
        booking = f"{person}-{draw(st.integers(0, 1))}" if kind is CANCEL or (answer is YES and kind is BOOK) else None
        invoked = draw(st.integers(0, 9))
        returned = None if answer is UNKNOWN else invoked + draw(st.integers(0, 6))
        history.append(
            told(
                kind,
                answer,
                None if (kind, answer) == (LOOK, NO) else person,
                booking,
                at=(invoked, returned),
                client=str(number),
            )
        )
    return history


def orders(history: list[Operation]) -> Iterator[tuple[Operation, ...]]:
    """Every order of all answered and any unanswered operations that agrees with their times."""
    unanswered = [one for one in history if one.returned is None]
    for done in product((False, True), repeat=len(unanswered)):
        left_out = [one for one, was_done in zip(unanswered, done, strict=True) if not was_done]
        for order in permutations([one for one in history if one not in left_out]):
            if not any(
                later.returned is not None and later.returned < earlier.invoked
                for place, earlier in enumerate(order)
                for later in order[place + 1 :]
            ):
                yield order


def is_true(order: tuple[Operation, ...]) -> bool:
    """Whether a register that does the operations in this order gives these answers."""
    holder: str | None = None
    booking: str | None = None
    for one in order:
        fits = holder == one.person and (booking is None or one.booking in {None, booking})
        match one.kind, one.answer:
            case Kind.BOOK, Answer.YES if holder is None or fits:
                holder, booking = one.person, one.booking
            case Kind.BOOK, Answer.NO if holder is not None:
                pass
            case Kind.BOOK, Answer.UNKNOWN:
                holder = holder or one.person
            case Kind.CANCEL, Answer.YES if holder is not None and booking == one.booking:
                holder = booking = None
            case Kind.CANCEL, Answer.NO if holder is None or booking != one.booking:
                pass
            case Kind.CANCEL, Answer.UNKNOWN:
                holder, booking = (None, None) if booking == one.booking else (holder, booking)
            case Kind.LOOK, Answer.YES if holder is not None and fits:
                booking = one.booking or booking
            case Kind.LOOK, Answer.NO if holder is None:
                pass
            case _:
                return False
    return True


@given(small())
def test_the_search_agrees_with_trying_every_order(history: list[Operation]) -> None:
    assume(len(set(history)) == len(history))
    assert (check(history) == ()) is any(map(is_true, orders(history)))


IMPOSSIBLE = {
    "two hold it at once": [
        told(BOOK, YES, "anna", "a", at=(0, 9), client="1"),
        told(BOOK, YES, "boris", "b", at=(1, 8), client="2"),
    ],
    "yes after yes without a cancellation": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(BOOK, YES, "boris", "b", at=(2, 3)),
    ],
    "one person under two bookings": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(BOOK, YES, "anna", "b", at=(2, 3)),
    ],
    "a yes lost": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(LOOK, NO, at=(2, 3)),
    ],
    "a no turned into a booking": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(BOOK, NO, "boris", at=(2, 3)),
        told(CANCEL, YES, "anna", "a", at=(4, 5)),
        told(LOOK, YES, "boris", "b", at=(6, 7)),
    ],
    "what was never held is cancelled": [
        told(CANCEL, YES, "anna", "a", at=(0, 1)),
    ],
    "what nobody was told of is cancelled": [
        told(BOOK, UNKNOWN, "anna", at=(0, None)),
        told(CANCEL, YES, "anna", "a", at=(1, 2)),
    ],
    "cancelled twice": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(CANCEL, YES, "anna", "a", at=(2, 5), client="1"),
        told(CANCEL, YES, "anna", "a", at=(3, 4), client="2"),
    ],
    "a cancellation that was not done": [
        told(BOOK, YES, "anna", "a", at=(0, 1)),
        told(CANCEL, YES, "anna", "a", at=(2, 3)),
        told(LOOK, YES, "anna", "a", at=(4, 5)),
    ],
    "nobody gets a free slot": [
        told(BOOK, NO, "anna", at=(0, 5), client="1"),
        told(BOOK, NO, "boris", at=(1, 4), client="2"),
    ],
    "told of a booking before anybody asked for it": [
        told(LOOK, YES, "anna", at=(0, 1)),
        told(BOOK, UNKNOWN, "anna", at=(2, None)),
    ],
    "one lost answer cannot hold the slot twice": [
        told(BOOK, UNKNOWN, "anna", at=(0, None)),
        told(LOOK, YES, "anna", "a", at=(1, 2)),
        told(CANCEL, YES, "anna", "a", at=(3, 4)),
        told(LOOK, YES, "anna", at=(5, 6)),
    ],
    "refused, and booked all the same": [
        told(BOOK, REFUSED, "anna", at=(0, 1)),
        told(LOOK, YES, "anna", at=(2, 3)),
    ],
}


@pytest.mark.parametrize("story", IMPOSSIBLE)
def test_what_cannot_have_happened_is_refused_and_told(story: str) -> None:
    (found,) = check(IMPOSSIBLE[story])
    assert found.answer in IMPOSSIBLE[story]
    assert str(found.answer) in found.report()


# Lost answers could explain almost anything, so here all of them came.
answered = st.builds(run, st.randoms(use_true_random=False), st.integers(0, 40), st.just(0.0))


@given(answered, st.sampled_from(sorted(IMPOSSIBLE)))
def test_it_is_refused_at_the_end_of_any_history(history: list[Operation], story: str) -> None:
    end = max((one.returned or 0 for one in history), default=0) + 1
    later = [
        attrs.evolve(
            one,
            invoked=one.invoked + end + 1,
            returned=None if one.returned is None else one.returned + end + 1,
            booking=one.booking and f"late-{one.booking}",
        )
        for one in IMPOSSIBLE[story]
    ]
    (found,) = check([*history, *later])
    assert found.answer in later


POSSIBLE = {
    "the answer was lost and the booking is there": [
        told(BOOK, UNKNOWN, "anna", at=(0, None)),
        told(BOOK, NO, "boris", at=(1, 2)),
        told(BOOK, YES, "anna", "a", at=(3, 4)),
    ],
    "the answer was lost and nothing was done": [
        told(BOOK, UNKNOWN, "anna", at=(0, None)),
        told(BOOK, YES, "boris", "b", at=(1, 2)),
        told(CANCEL, UNKNOWN, "boris", "b", at=(3, None)),
        told(LOOK, YES, "boris", "b", at=(5, 6)),
    ],
    "it was done long after": [
        told(BOOK, YES, "boris", "b", at=(0, 1)),
        told(CANCEL, UNKNOWN, "boris", "b", at=(2, None)),
        told(LOOK, YES, "boris", "b", at=(3, 4)),
        told(LOOK, NO, at=(5, 6)),
        told(BOOK, YES, "anna", "a", at=(7, 8)),
    ],
    "asked again under way": [
        told(BOOK, YES, "anna", "a", at=(0, 9), client="1"),
        told(BOOK, YES, "anna", "a", at=(1, 2), client="2"),
        told(CANCEL, YES, "anna", "a", at=(3, 4), client="2"),
    ],
    "refused for another reason": [
        told(BOOK, REFUSED, "anna", at=(0, 1)),
        told(LOOK, NO, at=(2, 3)),
    ],
}


@pytest.mark.parametrize("story", POSSIBLE)
def test_what_can_have_happened_is_believed(story: str) -> None:
    assert check(POSSIBLE[story]) == ()


def test_slots_are_judged_apart() -> None:
    bad = IMPOSSIBLE["cancelled twice"]
    there, here = ([attrs.evolve(one, slot=slot) for one in bad] for slot in ("b", "a"))
    assert [found.slot for found in check([*there, *POSSIBLE["asked again under way"], *here])] == ["a", "b"]


def test_journals_of_several_clients_come_back_as_one_history(tmp_path: Path) -> None:
    files = [tmp_path / "one.ndjson", tmp_path / "two.ndjson"]
    with Journal.at(files[0], "one") as one, Journal.at(files[1], "two") as two:
        with one.asking(BOOK, "slot", person="Анна") as asked, two.asking(BOOK, "slot", person="Борис") as refused:
            asked.yes("a")
            refused.no()
        with pytest.raises(ConnectionError), two.asking(CANCEL, "slot", person="Анна", booking="a"):
            raise ConnectionError
        with one.asking(LOOK, "slot") as looked:
            looked.yes("a", person="Анна")
        with one.asking(BOOK, "slot", person="Вера") as asked:
            asked.refused()
    with files[0].open("ab") as torn:
        torn.write(b'{"client": "one", "number": 9, "inv')
    history = read(files)
    assert [(one.client, one.kind, one.person, one.booking, one.answer) for one in history] == [
        ("one", BOOK, "Анна", "a", YES),
        ("two", BOOK, "Борис", None, NO),
        ("two", CANCEL, "Анна", "a", UNKNOWN),
        ("one", LOOK, "Анна", "a", YES),
        ("one", BOOK, "Вера", None, REFUSED),
    ]
    assert all(one.returned is None or one.invoked < one.returned for one in history)
    assert check(history) == ()


def test_a_journal_writes_where_it_is_told() -> None:
    lines: list[bytes] = []
    ticks = iter(range(10))
    journal = Journal("1", lines.append, clock=lambda: next(ticks))
    with journal.asking(BOOK, "slot", person="anna") as asked:
        asked.yes("a")
    assert operations(lines) == (told(BOOK, YES, "anna", "a", at=(0, 1)),)
