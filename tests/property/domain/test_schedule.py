"""What holds for all slots and days."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.domain.moments import day_bounds, local_day
from registratura.domain.schedule import AgeTag, ChannelTag, DayLimits, parse_channels, write_channels
from registratura.testing import strategies as any_

zones = st.sampled_from(any_.ZONES)


@pytest.mark.req("FER-111")
@given(channels=st.frozensets(st.sampled_from(ChannelTag), min_size=1))
def test_tags_are_read_as_they_were_written(channels: AbstractSet[ChannelTag]) -> None:
    assert parse_channels(write_channels(channels)) == channels
    assert " " not in write_channels(channels)


@pytest.mark.req("FER-231")
@given(age=st.integers(0, 130))
def test_each_age_belongs_to_one_group_and_to_all(age: int) -> None:
    groups = [tag for tag in AgeTag if tag.admits(age)]
    assert len(groups) == 2
    assert AgeTag.ALL in groups


@given(age=st.integers(max_value=-1))
def test_the_unborn_belong_to_no_group(age: int) -> None:
    assert not any(tag.admits(age) for tag in AgeTag)


@given(moment=any_.moments, zone=zones)
def test_a_moment_lies_in_its_local_day_and_in_no_other(moment: datetime, zone: ZoneInfo) -> None:
    first, after = day_bounds(local_day(moment, zone), zone)
    assert first.astimezone(UTC) <= moment.astimezone(UTC) < after.astimezone(UTC)


@given(limits=any_.day_limits(), now=any_.moments, minutes=st.integers(-60, 6 * 24 * 60), zone=zones)
def test_what_is_shown_now_was_ahead_open_and_within_the_horizon(
    limits: DayLimits, now: datetime, minutes: int, zone: ZoneInfo
) -> None:
    starts = now + timedelta(minutes=minutes)
    days_ahead = (local_day(starts, zone) - local_day(now, zone)).days
    closes = limits.tomorrow_closes_at
    expected = (
        minutes > 0
        and timedelta(minutes=minutes) >= limits.lead
        and (days_ahead != 0 or limits.same_day)
        and not (days_ahead == 1 and closes is not None and now.astimezone(zone).time() >= closes)
        and days_ahead <= limits.horizon_days
    )
    assert limits.shows(starts, now, zone) is expected
