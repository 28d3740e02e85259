"""Repeatable chance: everything invented follows from the seed and a key, never from the clock or the process."""

from random import Random
from typing import Final
from uuid import NAMESPACE_DNS, UUID, uuid5

_REGION: Final[UUID] = uuid5(NAMESPACE_DNS, "region.registratura.invalid")


def dice(seed: int, *key: object) -> Random:
    """Return the stream of chance that belongs to the key; streams of different keys do not disturb each other."""
    return Random("/".join(map(str, (seed, *key))))


def happens(rng: Random, percent: float) -> bool:
    """Throw the dice for something that happens in so many cases of a hundred."""
    return rng.random() * 100 < percent


def guid(seed: int, *key: object) -> str:
    """Return the identifier of the invented thing: lower case, 8-4-4-4-12 (FER profile, common formats)."""
    return str(uuid5(_REGION, "/".join(map(str, (seed, *key)))))
