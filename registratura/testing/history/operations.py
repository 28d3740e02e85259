"""One thing a client asked of one slot, and what it was told."""

from enum import Enum

import attrs


class Kind(Enum):
    """What a client may ask."""

    BOOK = "book"
    CANCEL = "cancel"
    LOOK = "look"


class Answer(Enum):
    """What the client was told."""

    YES = "yes"
    """Booked; cancelled; or, to a look, somebody holds the slot."""
    NO = "no"
    """Somebody has the slot; that booking is not in force; or, to a look, the slot is free."""
    REFUSED = "refused"
    """No, for a reason that tells nothing of the slot: nothing may have changed."""
    UNKNOWN = "unknown"
    """Nothing came back, or what came back does not tell whether it was done."""


@attrs.frozen(kw_only=True)
class Operation:
    """A client asked something of a slot.

    `person` is who is or was to be booked, `booking` the id of the booking: answered to a booking or a look, named by
    a cancellation. Whatever tells a client of a booking is written down as a look, or its cancellation surprises.
    Moments are nanoseconds of one monotonic clock for all clients; `returned` is None when no answer
    came. A move is a cancellation of one slot and a booking of another, with the same moments.
    """

    client: str
    slot: str
    kind: Kind
    person: str | None
    booking: str | None = None
    invoked: int
    returned: int | None
    answer: Answer

    def __attrs_post_init__(self) -> None:
        if (self.returned is None) != (self.answer is Answer.UNKNOWN):
            raise ValueError("an operation has returned exactly when its answer is known")
        if self.person is None and not (self.kind is Kind.LOOK and self.answer is not Answer.YES):
            raise ValueError("it must be told who is booked")
        named = self.kind is Kind.CANCEL or (self.kind is Kind.BOOK and self.answer is Answer.YES)
        if named and self.booking is None:
            raise ValueError("a cancellation, and the yes to a booking, must name the booking")

    def __str__(self) -> str:
        whom = " ".join(part for part in (self.person, self.booking and f"({self.booking})") if part)
        times = (
            f"{self.invoked / 1e6:.3f} .. {f'{self.returned / 1e6:.3f}' if self.returned is not None else 'never'} ms"
        )
        return f"{times}  client {self.client}: {self.kind.value} {whom} → {self.answer.value}"
