"""A scripted walk: led once without a crash and written down, then led again from any step with a death in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import attrs

from tests.harness.lives import KILLED
from tests.harness.waiting import until
from tests.integration.crashes.databases import Kept, Shelf, take
from tests.integration.crashes.stand import START, Picture, Stand, copy_file, count_of, stand

LANES = 2
"""Walks at the same time: one for each core of a small machine."""
STEPS = (
    START,
    "Записать себя",
    "10:20",
    "Даю согласие, записать",
    "Мои записи",
    "1",
    "Отменить запись",
    "Да, отменить",
)


@attrs.frozen(kw_only=True)
class Step:
    """One press: where it begins, which points it passes and how everything looks afterwards."""

    number: int
    press: str
    begins: Kept
    world: Path | None
    points: Sequence[str]
    after: Picture

    @property
    def updates(self) -> int:
        """How many updates have come in by its end."""
        return count_of(self.after.kept["inbox"])


@attrs.frozen
class Place:
    """Where walks happen: a folder for what they leave, emulators with the folder of their memories, and databases."""

    folder: Path
    worlds: str
    memories: Path
    shelf: Shelf

    @contextmanager
    def stand(
        self, name: str, kept: Kept, world: Path | None, more: Mapping[str, str] | None = None
    ) -> Iterator[Stand]:
        """A stand over a database that holds *kept* and an emulator that remembers what *world* does."""
        named = f"{self.folder.name}-{name}"
        folder = self.folder / name
        folder.mkdir()
        if world is not None:
            copy_file(world, self.memories / f"{named}.db")
        with self.shelf.lend(kept) as database, stand(folder, database, f"{self.worlds}/{named}", more) as made:
            yield made

    def write_down(self, kept: Kept) -> list[Step]:
        """Walk once without a crash, in a new life for each step, and write it down."""
        steps: list[Step] = []
        world: Path | None = None
        for number, press in enumerate(STEPS):
            name = f"step-{number}"
            with self.stand(name, kept, world) as here:
                here.press(press)
                here.life.begin()
                after = here.quiet(number + 1)
                here.life.kill()
                points = here.life.passed()
                steps.append(Step(number=number, press=press, begins=kept, world=world, points=points, after=after))
                kept, world = take(here.database), self.memories / f"{self.folder.name}-{name}.db"
        return steps

    def die(self, step: Step, at: int, *, lease: timedelta | None = None) -> None:
        """Lead *step* with a death at the point *at* and a new life after it: it must end as without.

        What the dead one had taken is free at once, or, with *lease*, when that is over.
        """
        where = f"«{step.press}», death {at} of {len(step.points)}: {step.points[at - 1]}"
        name = f"{step.number}-{at}" if lease is None else f"{step.number}-{at}-leased"
        with self.stand(name, step.begins, step.world) as here:
            here.life.orders = attrs.evolve(here.life.orders, lease=lease or here.life.orders.lease)
            here.press(step.press)
            here.life.begin(die_at=at)
            until(lambda: not here.life.runs, where)
            assert here.life.exit_code == KILLED, where
            assert here.life.passed() == list(step.points[:at]), where
            if lease is None:
                here.let_leases_run_out()

            here.life.begin()

            assert here.quiet(step.updates) == step.after, where
            assert len(here.repeats()) <= 1, where
