"""What is on offer is exactly what the rules of the domain say."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registratura.application.ports.storage import DoctorOpening, Each, Storage, Transaction, Window
from registratura.application.records import SlotRecord
from registratura.domain.identifiers import OrganisationId, PurposeId, ResourceId, SlotId, SpecialityId
from registratura.domain.organisations import Resource
from registratura.domain.schedule import AgeTag, ChannelTag, DayLimits, Opening, SlotStatus
from registratura.testing import strategies
from registratura.testing.contracts.storage.region import (
    CLINIC,
    COLLEAGUE,
    COLLEAGUES_SLOTS,
    CONTROL,
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
    load,
    slot,
    take,
)
from registratura.testing.strategies import Region

EVERY_AGE = frozenset(AgeTag)
_numbers = count()


@pytest.mark.anyio
class SchedulePromises:
    """What `Schedule` promises."""

    async def test_lists_of_the_region_come_back_whole(self, storage: Storage) -> None:
        off = attrs.evolve(CONTROL, id=PurposeId("off"), active=False)
        await load(storage, *REGION, [off])
        assert set(await storage.read(lambda tx: tx.schedule.purposes())) == {CONTROL, off}
        assert list(await storage.read(lambda tx: tx.schedule.specialities())) == [THERAPIST]

    async def test_single_things_are_found_by_id(self, storage: Storage) -> None:
        await load(storage, *REGION, [slot(9, status=SlotStatus.CANCELED)])
        wanted = [DOCTOR.id, ResourceId("-")]
        assert await storage.read(lambda tx: tx.schedule.doctors(wanted)) == {DOCTOR.id: (DOCTOR, CLINIC)}
        assert await storage.read(lambda tx: tx.schedule.speciality(THERAPIST.id)) == THERAPIST
        assert await storage.read(lambda tx: tx.schedule.purpose(CONTROL.id)) == CONTROL
        withdrawn = await storage.read(lambda tx: tx.schedule.opening(slot(9).id))
        assert withdrawn is not None
        assert withdrawn.starts == slot(9).visit
        assert await storage.read(lambda tx: tx.schedule.doctors([])) == {}
        assert await storage.read(lambda tx: tx.schedule.speciality(SpecialityId("-"))) is None
        assert await storage.read(lambda tx: tx.schedule.purpose(PurposeId("-"))) is None
        assert await storage.read(lambda tx: tx.schedule.opening(SlotId("-"))) is None

    async def test_openings_are_the_free_ones_of_the_doctor_in_time_order(self, storage: Storage) -> None:
        offline = slot(8, channels=frozenset({ChannelTag.EPGU}))
        blocked = slot(9, status=SlotStatus.BLOCKED)
        away = absence("away", SLOTS[4].visit, SLOTS[4].visit + MINUTE)
        await load(storage, *REGION, [blocked, offline, slot(7)], [away])
        await take(storage, booking("1", SLOTS[1]))
        begins, ends = SLOTS[0].visit, slot(9).visit + DAY
        shown = await storage.read(lambda tx: tx.schedule.openings(DOCTOR.id, begins, ends))
        assert [one.id for one in shown] == [one.id for one in (SLOTS[0], SLOTS[2], SLOTS[3], SLOTS[5], slot(7))]
        assert [one.starts for one in shown] == sorted(one.starts for one in shown)

    async def test_openings_begin_in_the_window_whose_end_is_out(self, storage: Storage) -> None:
        await load(storage, *REGION)
        shown = await storage.read(lambda tx: tx.schedule.openings(DOCTOR.id, SLOTS[1].visit, SLOTS[3].visit))
        assert [one.id for one in shown] == [SLOTS[1].id, SLOTS[2].id]

    async def test_consultants_are_narrowed_by_speciality_and_organisation(self, storage: Storage) -> None:
        elsewhere = attrs.evolve(CLINIC, id=OrganisationId("elsewhere"), name="Поликлиника № 8")
        visiting = attrs.evolve(DOCTOR, id=ResourceId("visiting"), organisation=elsewhere.id)
        taken = attrs.evolve(COLLEAGUES_SLOTS[0], status=SlotStatus.RECORDED)
        await load(storage, *REGION, [elsewhere], [visiting], [slot(3, doctor=visiting), taken])
        window = Window(now=NOW, days=DayLimits(), ages=EVERY_AGE)

        async def found(
            speciality: SpecialityId | None = None, organisation: OrganisationId | None = None
        ) -> list[DoctorOpening]:
            shown = await storage.read(
                lambda tx: tx.schedule.consultants(window, speciality=speciality, organisation=organisation)
            )
            return sorted(shown, key=lambda one: one.nearest)

        here = DoctorOpening(DOCTOR, CLINIC, SLOTS[0].visit)
        other = DoctorOpening(COLLEAGUE, CLINIC, slot(1, doctor=COLLEAGUE).visit)
        there = DoctorOpening(visiting, elsewhere, slot(3).visit)
        assert await found() == [here, other, there]
        assert await found(speciality=THERAPIST.id) == [here, there]
        assert await found(organisation=CLINIC.id) == [here, other]
        assert await found(speciality=THERAPIST.id, organisation=elsewhere.id) == [there]
        assert await found(organisation=OrganisationId("-")) == []

    async def test_organisation_closes_tomorrow_by_its_own_clock(self, storage: Storage) -> None:
        closing = attrs.evolve(CLINIC, tomorrow_closes_at=TOMORROW.time())
        await load(storage, *REGION, [closing], [slot(4 * 24)])
        open_still = Window(now=TOMORROW - DAY - MINUTE, days=DayLimits(), ages=EVERY_AGE)
        closed = attrs.evolve(open_still, now=TOMORROW - DAY)
        nearest = [
            one.nearest
            for window in (open_still, closed)
            for one in await storage.read(partial(_consultants, window=window))
            if one.resource == DOCTOR
        ]
        assert nearest == [SLOTS[0].visit, slot(4 * 24).visit]

    async def test_consultants_are_nearest_by_lead_age_and_horizon(self, storage: Storage) -> None:
        babies = attrs.evolve(slot(0), age=AgeTag.BABY)
        next_week = attrs.evolve(slot(2), visit=TOMORROW + 7 * DAY)
        await load(storage, *REGION[:5], [babies, slot(1), next_week])
        window = Window(now=slot(0).visit - 10 * MINUTE, days=DayLimits(), ages=frozenset({AgeTag.ALL}))

        async def nearest(window: Window) -> list[datetime]:
            return [one.nearest for one in await storage.read(partial(_consultants, window=window))]

        assert await nearest(window) == [slot(1).visit]
        assert await nearest(attrs.evolve(window, ages=EVERY_AGE)) == [slot(0).visit]
        assert await nearest(attrs.evolve(window, ages=EVERY_AGE, now=slot(0).visit)) == [slot(1).visit]
        led = attrs.evolve(window, days=DayLimits(lead=25 * MINUTE))
        assert await nearest(led) == [slot(1).visit]
        assert await nearest(attrs.evolve(led, now=led.now + MINUTE)) == [next_week.visit]
        assert (
            await nearest(attrs.evolve(led, now=led.now + MINUTE, days=DayLimits(lead=25 * MINUTE, horizon_days=6)))
            == []
        )

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        region=strategies.regions(),
        days=strategies.day_limits(),
        ages=st.frozensets(st.sampled_from(AgeTag), min_size=1),
    )
    async def test_schedule_agrees_with_the_rules(
        self, storage: Storage, region: Region, days: DayLimits, ages: frozenset[AgeTag]
    ) -> None:
        region = renamed(region)
        await load(storage, *region.batches)
        shown = await storage.read(partial(_consultants, window=Window(now=region.now, days=days, ages=ages)))
        clinics = {clinic.id: clinic for clinic in region.organisations}
        for doctor in region.resources:
            clinic = clinics[doctor.organisation]
            offered = [
                one
                for one in _free(region, doctor.id)
                if one.age in ages and days.at(clinic).shows(one.visit, region.now, clinic.zone)
            ]
            expected = [DoctorOpening(doctor, clinic, min(one.visit for one in offered))] if offered else []
            assert [one for one in shown if one.resource.id == doctor.id] == expected

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(region=strategies.regions(), accepted=st.sets(st.integers(0, 9)), each=st.sampled_from(Each))
    async def test_one_suitable_doctor_stands_for_each_speciality_and_organisation(
        self, storage: Storage, region: Region, accepted: set[int], each: Each
    ) -> None:
        region = renamed(region)
        await load(storage, *region.batches)
        window = Window(now=region.now, days=DayLimits(), ages=EVERY_AGE)
        ours = {doctor.id: doctor for doctor in region.resources}
        wanted = {doctor.id for number, doctor in enumerate(region.resources) if number in accepted}

        def suits(one: DoctorOpening) -> bool:
            return one.resource.id in wanted

        shown = await storage.read(lambda tx: tx.schedule.first_of(each, window, suits))
        suitable = [one for one in await storage.read(partial(_consultants, window=window)) if suits(one)]
        assert Counter(_key(each, one) for one in shown) == Counter({_key(each, one) for one in suitable} - {None})
        for one in shown:
            (whole,) = (known for known in suitable if known.resource.id == one.resource.id)
            assert (one.organisation, one.nearest) == (whole.organisation, whole.nearest)
            assert one.resource == _without_names(ours[one.resource.id]) or one == whole

    async def test_one_doctor_is_looked_for_within_a_speciality(self, storage: Storage) -> None:
        await load(storage, *REGION)
        window = Window(now=NOW, days=DayLimits(), ages=EVERY_AGE)

        async def found(each: Each, speciality: SpecialityId | None) -> list[str]:
            shown = await storage.read(
                lambda tx: tx.schedule.first_of(each, window, lambda _: True, speciality=speciality)
            )
            return [one.resource.id for one in shown]

        assert await found(Each.SPECIALITY, None) == [DOCTOR.id], "the colleague has no speciality"
        assert await found(Each.ORGANISATION, THERAPIST.id) == [DOCTOR.id]
        assert await found(Each.ORGANISATION, SpecialityId("-")) == []

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(region=strategies.regions(), hours=st.integers(0, 72))
    async def test_openings_agree_with_the_rules(self, storage: Storage, region: Region, hours: int) -> None:
        region = renamed(region)
        await load(storage, *region.batches)
        begins, ends = region.now, region.now + timedelta(hours=hours)
        for doctor in region.resources:
            shown = await storage.read(partial(_openings, doctor=doctor.id, begins=begins, ends=ends))
            expected = sorted(one.visit for one in _free(region, doctor.id) if begins <= one.visit < ends)
            assert [one.starts for one in shown] == expected


def _consultants(tx: Transaction, window: Window) -> Sequence[DoctorOpening]:
    return tx.schedule.consultants(window)


def _key(each: Each, one: DoctorOpening) -> str | None:
    return one.resource.speciality if each is Each.SPECIALITY else one.organisation.id


def _without_names(doctor: Resource) -> Resource:
    """What the rules about patients look at."""
    return Resource(
        id=doctor.id,
        organisation=doctor.organisation,
        accepts=doctor.accepts,
        speciality=doctor.speciality,
        areas=doctor.areas,
        internet_booking=doctor.internet_booking,
        messenger=doctor.messenger,
    )


def _openings(tx: Transaction, doctor: ResourceId, begins: datetime, ends: datetime) -> Sequence[Opening]:
    return tx.schedule.openings(doctor, begins, ends)


def _free(region: Region, doctor: ResourceId) -> list[SlotRecord]:
    """Free telemedicine slots of *doctor* outside absences."""
    return [
        one
        for one in region.slots
        if one.resource == doctor
        and one.status is SlotStatus.AVAILABLE
        and ChannelTag.ONLINE in one.channels
        and not any(away.resource == doctor and away.begins <= one.visit <= away.ends for away in region.absences)
    ]


def renamed(region: Region) -> Region:
    """The same region under ids never used before: examples share one storage."""
    number = next(_numbers)

    def new(id: str) -> str:
        return f"{id}-{number}"

    return attrs.evolve(
        region,
        organisations=tuple(
            attrs.evolve(one, id=OrganisationId(new(one.id)), name=new(one.name)) for one in region.organisations
        ),
        resources=tuple(
            attrs.evolve(one, id=ResourceId(new(one.id)), organisation=OrganisationId(new(one.organisation)))
            for one in region.resources
        ),
        slots=tuple(
            attrs.evolve(
                one,
                id=SlotId(new(one.id)),
                organisation=OrganisationId(new(one.organisation)),
                resource=ResourceId(new(one.resource)),
            )
            for one in region.slots
        ),
        absences=tuple(
            attrs.evolve(one, id=new(one.id), resource=ResourceId(new(one.resource))) for one in region.absences
        ),
    )
