"""How long to wait before the next attempt: growing, bounded and spread by chance that comes from outside."""

import attrs

MOST_DOUBLINGS = 64
"""Far beyond any cap; keeps the power of a very old effect from leaving the range of floats."""


@attrs.frozen(kw_only=True)
class Backoff:
    """A policy: before attempt n + 1 at most `base` × `factor`ⁿ⁻¹ seconds, never more than `cap` seconds."""

    base: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    factor: float = attrs.field(default=2.0, validator=attrs.validators.ge(1))
    cap: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))


MESSENGER = Backoff(base=1.0, factor=2.0, cap=60.0)
"""MAX asks for 1, 2, 4, 8 … 60 s after a refusal (MAX reference, section 2)."""


def delay(policy: Backoff, attempts: int, chance: float, at_least: float | None = None) -> float:
    """Seconds to wait after *attempts* (1 or more) failed ones, spread over the whole span by *chance* in [0, 1).

    The whole span, because processes that failed together must not come back together. *at_least* is what the
    counterpart asked for; the spread comes on top of it, and the cap bounds the spread alone.
    """
    if attempts < 1:
        raise ValueError(f"attempts: 1 or more expected, {attempts} given")
    if not 0 <= chance < 1:
        raise ValueError(f"chance: a number in [0, 1) expected, {chance} given")
    span = min(policy.cap, policy.base * policy.factor ** min(attempts - 1, MOST_DOUBLINGS))
    return (at_least or 0.0) + chance * span
