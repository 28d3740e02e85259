"""When several things are wrong at once, the reason told is the first in the order of the FER profile."""

from itertools import combinations

import pytest

from tests.unit.domain.builders import Case
from tests.unit.domain.causes import CAUSES, Cause, Rank

PAIRS = [pair for pair in combinations(CAUSES, 2) if pair[0].rank is not pair[1].rank]


def test_the_causes_stand_in_their_order_and_cover_it() -> None:
    ranks = [cause.rank for cause in CAUSES]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(Rank)


@pytest.mark.req("FER-237")
@pytest.mark.parametrize(("earlier", "later"), PAIRS, ids=str)
def test_of_two_causes_the_earlier_one_is_told(earlier: Cause, later: Cause) -> None:
    # The earlier one is applied last: where both change one thing, such as the slot's state, it is the one in force.
    assert type(earlier.spoil(later.spoil(Case())).answer()) is earlier.reason


@pytest.mark.req("FER-237")
def test_of_all_causes_the_first_of_each_group_is_told_as_the_earlier_groups_are_mended() -> None:
    told = []
    for rank in Rank:
        case = Case()
        for cause in reversed([cause for cause in CAUSES if cause.rank >= rank]):
            case = cause.spoil(case)
        answer = case.answer()
        told.append(next((cause.rank for cause in CAUSES if isinstance(answer, cause.reason)), None))
    assert told == list(Rank)
