"""Counts of free and taken times are what the slots themselves say."""

from collections import Counter
from datetime import date, timedelta

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registratura.application.availability import DAYS, Availability, AvailabilityQuery, DayCount
from registratura.application.ports.storage import Storage
from registratura.domain.identifiers import OrganisationId, ResourceId, SpecialityId
from registratura.domain.moments import local_day
from registratura.domain.organisations import Organisation
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus
from registratura.testing import strategies
from registratura.testing.contracts.storage.region import (
    CLINIC,
    COLLEAGUE,
    DAY,
    DOCTOR,
    MINUTE,
    NOW,
    REGION,
    SLOTS,
    THERAPIST,
    TOMORROW,
    absence,
    booking,
    cancelled,
    load,
    slot,
    take,
)
from registratura.testing.contracts.storage.schedules import renamed
from registratura.testing.strategies import Region

ASKED = AvailabilityQuery(organisation=CLINIC.id, speciality=THERAPIST.id, now=NOW)
WHOLE_DAY = 24 * 4
"""Slots from one morning to the next."""
EVERYBODY = DayCount(TOMORROW.date(), DOCTOR.id, AgeTag.ALL, 6, 0)


async def ask(storage: Storage, asked: AvailabilityQuery) -> Availability | None:
    """The answer to *asked*, which is the same within a transaction and without."""
    answer = await storage.availability(asked)
    assert await storage.read(lambda tx: tx.schedule.availability(asked)) == answer
    return answer


async def counts(storage: Storage, asked: AvailabilityQuery = ASKED) -> list[DayCount]:
    """What is counted for *asked*, whose organisation is there."""
    answer = await ask(storage, asked)
    assert answer is not None
    return list(answer.counts)


@pytest.mark.anyio
class AvailabilityPromises:
    """What `Storage.availability` and `Schedule.availability` promise."""

    async def test_an_organisation_nobody_knows_has_no_availability(self, storage: Storage) -> None:
        await load(storage, *REGION)
        assert await ask(storage, attrs.evolve(ASKED, organisation=OrganisationId("-"))) is None

    async def test_an_organisation_without_such_doctors_has_an_empty_one(self, storage: Storage) -> None:
        await load(storage, *REGION)
        answer = await ask(storage, attrs.evolve(ASKED, speciality=SpecialityId("-")))
        today = local_day(NOW, CLINIC.zone)
        assert answer == Availability(since=today, until=today + timedelta(days=DAYS - 1), counts=())

    async def test_only_doctors_of_the_organisation_and_speciality_count(self, storage: Storage) -> None:
        elsewhere = attrs.evolve(CLINIC, id=OrganisationId("elsewhere"), name="Поликлиника № 8")
        visiting = attrs.evolve(DOCTOR, id=ResourceId("visiting"), organisation=elsewhere.id)
        await load(storage, *REGION, [elsewhere], [visiting], [slot(0, doctor=visiting), slot(1, doctor=COLLEAGUE)])
        assert await counts(storage) == [EVERYBODY]

    async def test_days_doctors_and_age_groups_are_counted_apart_in_order(self, storage: Storage) -> None:
        other = attrs.evolve(DOCTOR, id=ResourceId("another"))
        babies = attrs.evolve(slot(7), age=AgeTag.BABY)
        later = slot(WHOLE_DAY)
        await load(storage, *REGION, [other], [babies, later, slot(0, doctor=other)])
        day = TOMORROW.date()
        assert await counts(storage) == [
            DayCount(day, other.id, AgeTag.ALL, 1, 0),
            EVERYBODY,
            DayCount(day, DOCTOR.id, AgeTag.BABY, 1, 0),
            DayCount(day + timedelta(days=1), DOCTOR.id, AgeTag.ALL, 1, 0),
        ]

    async def test_a_booking_moves_a_time_from_free_to_taken_and_its_end_moves_it_back(self, storage: Storage) -> None:
        await load(storage, *REGION)
        held = booking("1", SLOTS[1])
        await take(storage, held)
        assert await counts(storage) == [attrs.evolve(EVERYBODY, available=5, recorded=1)]
        await storage.transact(lambda tx: tx.appointments.release(cancelled(held)))
        assert await counts(storage) == [EVERYBODY]

    async def test_withheld_and_withdrawn_times_are_neither_free_nor_taken(self, storage: Storage) -> None:
        states = (SlotStatus.RESERVED, SlotStatus.BLOCKED, SlotStatus.CANCELED)
        await load(storage, *REGION, [slot(10 + number, status=state) for number, state in enumerate(states)])
        assert await counts(storage) == [EVERYBODY]

    async def test_a_free_time_that_has_begun_is_gone_and_a_taken_one_stays(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, booking("1", SLOTS[0]))
        begun = attrs.evolve(ASKED, now=SLOTS[2].visit)
        assert await counts(storage, begun) == [attrs.evolve(EVERYBODY, available=3, recorded=1)]
        evening = attrs.evolve(ASKED, now=SLOTS[5].visit)
        assert await counts(storage, evening) == [attrs.evolve(EVERYBODY, available=0, recorded=1)]

    async def test_times_for_which_the_doctor_is_away_are_not_free(self, storage: Storage) -> None:
        away = absence("away", SLOTS[1].visit, SLOTS[3].visit + MINUTE)
        elsewhere = absence("colleague's", SLOTS[0].visit, SLOTS[5].visit, COLLEAGUE)
        await load(storage, *REGION, [away, elsewhere])
        await take(storage, booking("1", SLOTS[2]))
        assert await counts(storage) == [attrs.evolve(EVERYBODY, available=3, recorded=1)]

    async def test_telemedicine_may_be_asked_for_alone(self, storage: Storage) -> None:
        at_the_clinic = slot(8, channels=frozenset({ChannelTag.EPGU}))
        await load(storage, *REGION, [at_the_clinic])
        assert await counts(storage) == [attrs.evolve(EVERYBODY, available=7)]
        assert await counts(storage, attrs.evolve(ASKED, online_only=True)) == [EVERYBODY]

    async def test_both_days_asked_for_are_in(self, storage: Storage) -> None:
        days = [slot(WHOLE_DAY * ahead) for ahead in range(4)]
        await load(storage, *REGION[:7], days)
        first, last = (TOMORROW + DAY).date(), (TOMORROW + 2 * DAY).date()
        asked = attrs.evolve(ASKED, since=first, until=last)
        assert [count.day for count in await counts(storage, asked)] == [first, last]

    async def test_days_begin_on_the_clocks_of_the_organisation(self, storage: Storage) -> None:
        late = attrs.evolve(slot(0), visit=TOMORROW.replace(hour=23, minute=59))
        early = attrs.evolve(slot(1), visit=TOMORROW.replace(hour=0, minute=0) + DAY)
        await load(storage, *REGION[:7], [late, early])
        day = TOMORROW.date()
        assert [count.day for count in await counts(storage)] == [day, day + timedelta(days=1)]
        # Half past midnight of the next day there is still the day before in Moscow and in UTC.
        after_midnight = attrs.evolve(ASKED, now=late.visit + 31 * MINUTE)
        answer = await ask(storage, after_midnight)
        assert answer is not None
        assert answer.since == day + timedelta(days=1)

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        region=strategies.regions(),
        since=st.none() | st.integers(-2, 3),
        length=st.none() | st.integers(0, 4),
        online_only=st.booleans(),
    )
    async def test_counts_agree_with_the_slots(
        self, storage: Storage, region: Region, since: int | None, length: int | None, *, online_only: bool
    ) -> None:
        region = renamed(_with_specialities(region))
        await load(storage, *region.batches)
        today = region.now.date()
        first = today + timedelta(days=since) if since is not None else None
        last = (first or today) + timedelta(days=length) if length is not None else None
        for clinic in region.organisations:
            asked = AvailabilityQuery(
                organisation=clinic.id,
                speciality=THERAPIST.id,
                now=region.now,
                since=first,
                until=last,
                online_only=online_only,
            )
            assert await counts(storage, asked) == _expected(region, clinic, asked)


def _with_specialities(region: Region) -> Region:
    """Every other doctor is a therapist."""
    doctors = tuple(
        attrs.evolve(doctor, speciality=THERAPIST.id) if number % 2 == 0 else doctor
        for number, doctor in enumerate(region.resources)
    )
    return attrs.evolve(region, resources=doctors)


def _expected(region: Region, clinic: Organisation, asked: AvailabilityQuery) -> list[DayCount]:
    since = asked.since or local_day(asked.now, clinic.zone)
    until = asked.until or since + timedelta(days=DAYS - 1)
    doctors = {
        doctor.id
        for doctor in region.resources
        if doctor.organisation == clinic.id and doctor.speciality == asked.speciality
    }
    free: Counter[tuple[date, ResourceId, AgeTag]] = Counter()
    taken: Counter[tuple[date, ResourceId, AgeTag]] = Counter()
    for one in region.slots:
        day = local_day(one.visit, clinic.zone)
        away = any(away.resource == one.resource and away.begins <= one.visit <= away.ends for away in region.absences)
        if one.resource not in doctors or not since <= day <= until:
            continue
        if asked.online_only and ChannelTag.ONLINE not in one.channels:
            continue
        if one.status is SlotStatus.RECORDED:
            taken[day, one.resource, one.age] += 1
        elif one.status is SlotStatus.AVAILABLE and one.visit > asked.now and not away:
            free[day, one.resource, one.age] += 1
    groups = sorted(free.keys() | taken.keys(), key=lambda group: (group[0], group[1], group[2].value))
    return [DayCount(*group, free[group], taken[group]) for group in groups]
