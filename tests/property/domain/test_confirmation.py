"""Answers late, twice, in any order or never: what is told in the end is what the clinic holds."""

from datetime import UTC, datetime, timedelta
from random import Random

import attrs
from hypothesis import settings

from registratura.domain import confirmation as rules
from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.confirmation import (
    HOLDING,
    Answer,
    Confirmation,
    Confirmed,
    Declined,
    News,
    NotThere,
    Question,
    Silence,
    State,
)
from registratura.domain.identifiers import AppointmentId, OrganisationId, PatientId, ResourceId, SlotId

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
TERM = timedelta(seconds=30)
BOOKED = Appointment(
    id=AppointmentId("a-1"),
    patient=PatientId("p-anna"),
    slot=SlotId("s-1"),
    organisation=OrganisationId("mo-1"),
    resource=ResourceId("dr-1"),
    speciality=None,
    starts=NOW + timedelta(days=2),
    ends=NOW + timedelta(days=2, minutes=15),
    kind=VisitKind.ONLINE_CONSULTING,
    channel=Channel.MAX,
    booked_at=NOW,
)
SHUFFLES = 100 * settings().max_examples
"""Ten thousand as a rule; fewer in a hurry, more for those who look for new ones."""
STEPS = 25


@attrs.define
class Clinic:
    """A clinic that keeps the promises of the port."""

    accepts: bool
    holds: bool = False
    cancelled: bool = False
    declined: bool = False

    def hears(self, question: Question) -> Answer:
        match question:
            case Question.CANCEL:
                self.cancelled, self.holds = self.cancelled or self.holds, False
                return NotThere()
            case Question.FIND:
                return self.found()
            case Question.BOOK_UNLESS_THERE if not isinstance(self.found(), NotThere):
                return self.found()
            case _:
                self.holds = self.holds or (self.accepts and not self.cancelled)
                self.declined = self.declined or not self.holds
                return self.found()

    def found(self) -> Answer:
        if self.holds:
            return Confirmed()
        return Declined() if self.declined else NotThere()


@attrs.define
class World:
    """One booking, questions and answers on their way, and what the person was told."""

    chance: Random
    clinic: Clinic
    held: Confirmation = attrs.field(factory=lambda: rules.pending(BOOKED, NOW, timedelta(minutes=10)))
    now: datetime = NOW
    to_clinic: list[tuple[int, Question]] = attrs.field(factory=list)
    to_us: list[tuple[int, Answer]] = attrs.field(factory=list)
    told: list[News] = attrs.field(factory=list)
    withdrawn: bool = False

    def ask(self) -> None:
        if self.held.due is not None:
            self.now = max(self.now, self.held.due)
            self.held = rules.asked(self.held, self.now, TERM)
            self.to_clinic.append((self.held.version, rules.question(self.held)))

    def arrive(self) -> None:
        """One of the questions on their way, not always the first, reaches the clinic."""
        if self.to_clinic:
            version, question = self.to_clinic.pop(self.chance.randrange(len(self.to_clinic)))
            self.to_us.append((version, self.clinic.hears(question)))

    def answer(self) -> None:
        """One of the answers on their way reaches us; some come twice."""
        if self.to_us:
            at = self.chance.randrange(len(self.to_us))
            version, answer = self.to_us[at] if self.chance.random() < 0.2 else self.to_us.pop(at)
            self.record(answer, version)

    def fall_silent(self) -> None:
        """We wait no longer for the answer to the newest question, which may still arrive."""
        self.record(Silence(in_doubt=True), self.held.version)

    def fail_to_reach(self) -> None:
        """The newest question is known never to have left."""
        before = len(self.to_clinic)
        self.to_clinic = [one for one in self.to_clinic if one[0] != self.held.version]
        if len(self.to_clinic) < before:
            self.record(Silence(in_doubt=False), self.held.version)

    def wait(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([1, 20, 300]))

    def withdraw(self) -> None:
        """The person, or the clinic's schedule, takes the booking back."""
        if self.held.state in HOLDING and self.chance.random() < 0.2:
            yes = self.held.state is State.CONFIRMED
            self.held = rules.cancelling(self.held, self.now) if yes else rules.withdrawn(self.held, self.now)
            self.withdrawn = True

    def record(self, answer: Answer, to: int) -> None:
        before = self.held
        self.held = rules.answered(before, answer, to=to, now=self.now)
        said = rules.news(before, self.held)
        if said is not None:
            self.told.append(said)

    def settle(self) -> None:
        """Everything on its way arrives, and from then on questions are answered."""
        while self.to_clinic:
            self.arrive()
        while self.held.due is not None:
            self.ask()
            self.arrive()
            self.record(self.to_us[-1][1], self.to_us[-1][0])
        self.chance.shuffle(self.to_us)
        for version, answer in self.to_us:
            self.record(answer, version)


def live(seed: int) -> World:
    chance = Random(seed)
    world = World(chance=chance, clinic=Clinic(accepts=chance.random() < 0.8))
    moves = (
        [world.ask] * 3
        + [world.arrive] * 2
        + [world.answer] * 2
        + [world.fall_silent, world.fail_to_reach, world.wait, world.withdraw]
    )
    for _ in range(STEPS):
        chance.choice(moves)()
    world.settle()
    return world


def test_all_shuffles_end_as_the_clinic_has_it() -> None:
    ends = set()
    for seed in range(SHUFFLES):
        world = live(seed)
        state = world.held.state
        assert world.clinic.holds is (state is State.CONFIRMED), f"seed {seed}: {state}"
        said_yes, said_no = News.BOOKED in world.told, {News.REFUSED, News.NOT_CONFIRMED} & set(world.told)
        assert not (said_yes and said_no), f"seed {seed}: {world.told}"
        if said_no:
            assert not world.clinic.holds, f"seed {seed}: told no, and it stands"
        if said_yes and not world.withdrawn:
            assert world.clinic.holds, f"seed {seed}: told yes, and there is nothing"
        if not world.withdrawn:
            assert said_yes or said_no, f"seed {seed}: told nothing"
        ends.add(state)
    assert ends == {State.CONFIRMED, State.REFUSED, State.GIVEN_UP, State.CANCELLED}, "the shuffles reach every end"
