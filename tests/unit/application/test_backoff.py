"""How long to wait before the next attempt."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.application.backoff import MESSENGER, Backoff, delay

policies = st.builds(Backoff, base=st.floats(0.01, 100), factor=st.floats(1, 10), cap=st.floats(0.01, 10_000))
chances = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 10_000)


def test_the_longest_waits_for_max_are_1_2_4_8_and_so_on_to_60_seconds() -> None:
    longest = [delay(MESSENGER, attempt, 0.5) * 2 for attempt in range(1, 9)]
    assert longest == [1, 2, 4, 8, 16, 32, 60, 60]


@given(policy=policies, attempt=attempts, chance=chances)
def test_a_wait_is_never_negative_and_never_longer_than_the_cap(policy: Backoff, attempt: int, chance: float) -> None:
    assert 0 <= delay(policy, attempt, chance) <= policy.cap


@given(policy=policies, chance=chances)
def test_with_equal_luck_a_later_attempt_never_waits_less(policy: Backoff, chance: float) -> None:
    waits = [delay(policy, attempt, chance) for attempt in range(1, 200)]
    assert all(earlier <= later for earlier, later in pairwise(waits))


@given(policy=policies, attempt=attempts)
def test_chance_spreads_over_the_whole_span(policy: Backoff, attempt: int) -> None:
    span = delay(policy, attempt, 0.5) * 2
    assert delay(policy, attempt, 0.0) == 0
    assert delay(policy, attempt, 0.25) == pytest.approx(span / 4)
    assert delay(policy, attempt, 0.75) == pytest.approx(span * 3 / 4)


@given(policy=policies, attempt=attempts, chance=chances, asked=st.floats(0, 3600))
def test_what_the_counterpart_asked_for_is_kept_and_still_spread(
    policy: Backoff, attempt: int, chance: float, asked: float
) -> None:
    waited = delay(policy, attempt, chance, asked)
    assert asked <= waited <= asked + policy.cap


@pytest.mark.parametrize(("attempt", "chance"), [(0, 0.5), (-1, 0.5), (1, 1.0), (1, -0.1)])
def test_nonsense_is_our_fault(attempt: int, chance: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        delay(MESSENGER, attempt, chance)


def test_a_policy_that_never_waits_cannot_be_written_down() -> None:
    for policy in ({"base": 0.0}, {"factor": 0.5}, {"cap": 0.0}):
        with pytest.raises(ValueError, match="must be"):
            Backoff(**policy)
