"""Loading says of every record what became of it, and the same record twice changes nothing."""

from datetime import timedelta
from typing import Any

import attrs
import pytest

from registratura.application.ports.storage import Storage
from registratura.application.records import Clash, Orphan, Record, ReferenceRecord, Stored
from registratura.domain.identifiers import MessengerId, OrganisationId, PatientId, ResourceId, SlotId
from registratura.domain.people import Attachment
from registratura.domain.schedule import SlotStatus
from registratura.testing.contracts.storage.region import (
    ACTS_FOR,
    ATTACHED,
    CHILD,
    CLINIC,
    COLLEAGUE,
    COLLEAGUES_SLOTS,
    DOCTOR,
    MINUTE,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    TOMORROW,
    absence,
    book,
    booking,
    is_free,
    load,
    slot,
    take,
)

NOBODY = PatientId("nobody")
NOWHERE = OrganisationId("nowhere")
MOVED = slot(40)
SERVICE = ReferenceRecord(
    kind="service", id="s-1", data={"code": "B01.047.001"}, references={"resource_id": ("resource", DOCTOR.id)}
)
ORPHANS: tuple[tuple[Record, Orphan], ...] = (
    (attrs.evolve(DOCTOR, organisation=NOWHERE), Orphan("mo_id", "nowhere")),
    (attrs.evolve(SLOTS[0], organisation=NOWHERE), Orphan("mo_id", "nowhere")),
    (attrs.evolve(SLOTS[0], resource=ResourceId("no one")), Orphan("resource_id", "no one")),
    (attrs.evolve(absence("a", NOW, NOW), resource=ResourceId("no one")), Orphan("resource_id", "no one")),
    (attrs.evolve(ATTACHED, patient=NOBODY), Orphan("patient_id", "nobody")),
    (attrs.evolve(ATTACHED, organisation=NOWHERE), Orphan("mo_id", "nowhere")),
    (attrs.evolve(ACTS_FOR, representative=NOBODY), Orphan("representative_id", "nobody")),
    (attrs.evolve(ACTS_FOR, patient=NOBODY), Orphan("patient_id", "nobody")),
    (attrs.evolve(book("b", SLOTS[0]), patient=NOBODY), Orphan("patient_id", "nobody")),
    (attrs.evolve(book("b", SLOTS[0]), slot=SlotId("nowhen")), Orphan("slot_id", "nowhen")),
    (attrs.evolve(SERVICE, references={"resource_id": ("resource", "no one")}), Orphan("resource_id", "no one")),
    (attrs.evolve(SERVICE, references={"to_service_id": ("service", "s-9")}), Orphan("to_service_id", "s-9")),
)


@pytest.mark.anyio
class LoadingPromises:
    """What `Register` promises of everything but bookings."""

    async def test_created_then_the_same_then_changed(self, storage: Storage) -> None:
        away = absence("away", NOW, NOW + MINUTE)
        everything = [record for batch in (*REGION, [away], [SERVICE]) for record in batch]
        assert set(await load(storage, *([one] for one in everything))) == {Stored.CREATED}
        assert set(await load(storage, *([one] for one in everything))) == {Stored.SAME}
        changed: list[Record] = [
            attrs.evolve(CLINIC, same_day=False),
            attrs.evolve(DOCTOR, areas=frozenset({"4"})),
            attrs.evolve(MOTHER, united=frozenset()),
            attrs.evolve(ATTACHED, until=TOMORROW.date()),
            attrs.evolve(ACTS_FOR, since=TOMORROW.date()),
            attrs.evolve(SLOTS[0], minutes=45),
            attrs.evolve(away, ends=TOMORROW),
            attrs.evolve(SERVICE, data={"code": "B01.047.002"}),
        ]
        assert await load(storage, *([one] for one in changed)) == [Stored.CHANGED] * len(changed)
        assert await load(storage, *([one] for one in changed)) == [Stored.SAME] * len(changed)

    async def test_nothing_is_stored_of_nothing(self, storage: Storage) -> None:
        assert await load(storage, []) == []

    async def test_same_record_twice_in_one_batch_is_stored_once(self, storage: Storage) -> None:
        assert await load(storage, [CLINIC, CLINIC]) == [Stored.CREATED, Stored.SAME]
        assert await load(storage, [MOTHER, attrs.evolve(MOTHER, phone="+79000000000"), MOTHER]) == [
            Stored.CREATED,
            Stored.CHANGED,
            Stored.CHANGED,
        ]
        assert await storage.read(lambda tx: tx.patients.find(MOTHER.id)) == MOTHER

    @pytest.mark.parametrize(
        ("record", "verdict"),
        ORPHANS,
        ids=[f"{type(record).__name__}-{number}" for number, (record, _) in enumerate(ORPHANS)],
    )
    async def test_record_that_refers_to_nothing_is_an_orphan(
        self, storage: Storage, record: Record, verdict: Orphan
    ) -> None:
        await load(storage, *REGION[:5], [slot(0)])
        assert await load(storage, [record]) == [verdict]

    async def test_orphan_does_not_hold_up_its_neighbours(self, storage: Storage) -> None:
        await load(storage, [CLINIC])
        lost = attrs.evolve(DOCTOR, organisation=NOWHERE)
        verdicts = await load(storage, [lost, COLLEAGUE])
        assert verdicts == [Orphan("mo_id", "nowhere"), Stored.CREATED]
        assert await load(storage, [DOCTOR]) == [Stored.CREATED]

    async def test_reference_may_lead_to_one_just_before_it(self, storage: Storage) -> None:
        await load(storage, *REGION)
        leading = attrs.evolve(SERVICE, id="s-2", references={"parent": ("service", "s-1")})
        assert await load(storage, [SERVICE, leading]) == [Stored.CREATED, Stored.CREATED]

    async def test_two_organisations_of_one_name_clash(self, storage: Storage) -> None:
        namesake = attrs.evolve(CLINIC, id=OrganisationId("namesake"), name=f" {CLINIC.name} ")
        assert await load(storage, [CLINIC, namesake]) == [Stored.CREATED, Clash(("name",), CLINIC.id)]
        assert await load(storage, [namesake]) == [Clash(("name",), CLINIC.id)]
        renamed = attrs.evolve(CLINIC, name="Поликлиника № 9")
        assert await load(storage, [renamed, namesake]) == [Stored.CHANGED, Stored.CREATED]

    async def test_two_slots_of_one_doctor_at_one_time_clash(self, storage: Storage) -> None:
        await load(storage, *REGION[:5])
        twin = attrs.evolve(slot(0), id=SlotId("twin"), status=SlotStatus.CANCELED)
        clash = Clash(("resource_id", "visit_time"), slot(0).id)
        assert await load(storage, [slot(0), twin]) == [Stored.CREATED, clash]
        assert await load(storage, [twin]) == [clash]
        assert await load(storage, [attrs.evolve(twin, resource=COLLEAGUE.id)]) == [Stored.CREATED]

    async def test_one_taken_place_does_not_hold_up_the_slots_around_it(self, storage: Storage) -> None:
        await load(storage, *REGION[:5], [slot(0)])
        twin = attrs.evolve(slot(0), id=SlotId("twin"))
        clash = Clash(("resource_id", "visit_time"), slot(0).id)
        assert await load(storage, [slot(1), twin, slot(2)]) == [Stored.CREATED, clash, Stored.CREATED]
        assert await load(storage, [slot(0), slot(1), slot(2)]) == [Stored.SAME] * 3

    async def test_new_same_and_changed_slots_come_together(self, storage: Storage) -> None:
        await load(storage, *REGION[:5], [slot(0), slot(1)])
        shorter = attrs.evolve(slot(1), minutes=slot(1).minutes - 1)
        assert await load(storage, [slot(0), slot(2)]) == [Stored.SAME, Stored.CREATED]
        lost = attrs.evolve(slot(4), resource=ResourceId("no one"))
        verdicts = await load(storage, [slot(3), lost, shorter, slot(0)])
        assert verdicts == [Stored.CREATED, Orphan("resource_id", "no one"), Stored.CHANGED, Stored.SAME]
        assert await load(storage, [slot(0), shorter, slot(2), slot(3)]) == [Stored.SAME] * 4

    async def test_slot_leaves_its_place_to_another(self, storage: Storage) -> None:
        await load(storage, *REGION[:5], [slot(0)])
        moved = attrs.evolve(slot(0), visit=MOVED.visit)
        follower = attrs.evolve(slot(0), id=SlotId("follower"))
        assert await load(storage, [moved, follower]) == [Stored.CHANGED, Stored.CREATED]
        assert await load(storage, [slot(0)]) == [Clash(("resource_id", "visit_time"), follower.id)]

    async def test_visit_without_an_offset_is_local_time_of_the_organisation(self, storage: Storage) -> None:
        local = attrs.evolve(slot(0), visit=slot(0).visit.replace(tzinfo=None))
        away = absence("away", slot(0).visit.replace(tzinfo=None), slot(0).visit.replace(tzinfo=None))
        await load(storage, *REGION[:5])
        assert await load(storage, [local], [slot(0)]) == [Stored.CREATED, Stored.SAME]
        opening = await storage.read(lambda tx: tx.schedule.opening(slot(0).id))
        assert opening is not None
        assert opening.starts == slot(0).visit
        await load(storage, [away])
        assert not await is_free(storage, slot(0))

    async def test_booked_slot_stays_recorded_whatever_stale_state_arrives(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        for status in SlotStatus:
            if status is not SlotStatus.CANCELED:
                assert await load(storage, [attrs.evolve(SLOTS[0], status=status)]) == [Stored.SAME]
        assert not await take(storage, booking("2", SLOTS[0], STRANGER))
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == held

    async def test_slot_freed_by_us_and_taken_by_the_clinic_is_taken(self, storage: Storage) -> None:
        await load(storage, *REGION)
        recorded = attrs.evolve(SLOTS[0], status=SlotStatus.RECORDED)
        await load(storage, [recorded], [SLOTS[0]])
        assert await load(storage, [recorded]) == [Stored.CHANGED]
        assert not await is_free(storage, SLOTS[0])

    async def test_withdrawn_slot_takes_its_booking_with_it(self, storage: Storage) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        withdrawn = attrs.evolve(SLOTS[0], status=SlotStatus.CANCELED)
        assert await load(storage, [withdrawn], [withdrawn]) == [Stored.CHANGED, Stored.SAME]
        assert await storage.read(lambda tx: tx.appointments.coming([MOTHER.id], None, NOW)) == ()
        closed = await storage.read(lambda tx: tx.appointments.find(held.id))
        assert getattr(closed, "appointment", None) == held
        assert await take(storage, booking("2", COLLEAGUES_SLOTS[0]))

    @pytest.mark.parametrize(
        "change",
        [{"visit": SLOTS[0].visit + timedelta(hours=8)}, {"minutes": 7}, {"resource": COLLEAGUES_SLOTS[0].resource}],
        ids=["time", "duration", "doctor"],
    )
    async def test_booked_slot_keeps_the_time_and_doctor_that_the_patient_was_told(
        self, storage: Storage, change: dict[str, Any]
    ) -> None:
        await load(storage, *REGION)
        await take(storage, held := booking("1", SLOTS[0]))
        before = await storage.read(lambda tx: tx.schedule.opening(SLOTS[0].id))
        moved = attrs.evolve(SLOTS[0], **change)
        if "resource" in change:
            moved = attrs.evolve(moved, visit=SLOTS[0].visit + timedelta(hours=9))
        assert await load(storage, [moved]) == [Clash(("slot_id", "visit_time"), held.id)]
        assert await storage.read(lambda tx: tx.schedule.opening(SLOTS[0].id)) == before
        assert await storage.read(lambda tx: tx.appointments.find(held.id)) == held

    async def test_merged_ids_lead_to_the_card_that_names_them(self, storage: Storage) -> None:
        await load(storage, *REGION[:5])
        merged = PatientId("mother-before-marriage")
        assert await load(
            storage,
            [Attachment(patient=merged, organisation=CLINIC.id)],
            [attrs.evolve(ACTS_FOR, representative=merged)],
        ) == [Stored.CREATED, Stored.CREATED]
        assert await storage.read(lambda tx: tx.patients.represented_by(MOTHER.id)) == ((ACTS_FOR,), (CHILD,))
        attached = await storage.read(lambda tx: tx.patients.attachments(MOTHER.id))
        assert [one.organisation for one in attached] == [CLINIC.id]
        await load(storage, [attrs.evolve(MOTHER, united=frozenset())])
        assert await storage.read(lambda tx: tx.patients.find(merged)) is None
        await load(storage, [attrs.evolve(STRANGER, united=frozenset({merged}))])
        found = await storage.read(lambda tx: tx.patients.find(merged))
        assert found is not None
        assert found.id == STRANGER.id

    async def test_messenger_id_belongs_to_the_card_that_named_it_last(self, storage: Storage) -> None:
        user = MessengerId("1001")
        taking_over = attrs.evolve(STRANGER, messenger=user)

        async def owner() -> str | None:
            card = await storage.read(lambda tx: tx.patients.by_messenger(user))
            return card.id if card else None

        assert await load(storage, [MOTHER, taking_over]) == [Stored.CREATED, Stored.CREATED]
        assert await owner() == STRANGER.id
        # The same file again moves nothing to and fro.
        assert await load(storage, [MOTHER, taking_over]) == [Stored.SAME, Stored.SAME]
        assert await owner() == STRANGER.id
        assert await load(storage, [STRANGER]) == [Stored.CHANGED]
        assert await owner() is None
        assert await load(storage, [MOTHER]) == [Stored.CHANGED]
        assert await owner() == MOTHER.id

    async def test_whoever_signed_in_stays_linked(self, storage: Storage) -> None:
        user, other = MessengerId("2002"), MessengerId("3003")
        child = attrs.evolve(MOTHER, id=PatientId("other"), united=frozenset(), messenger=None)
        await load(storage, [attrs.evolve(MOTHER, messenger=None)])
        await storage.transact(lambda tx: tx.patients.link(MOTHER.id, user, "esia-1"))
        renamed = attrs.evolve(MOTHER, messenger=None, phone="+79000000000")
        assert await load(storage, [renamed, child]) == [Stored.CHANGED, Stored.CREATED]
        card = await storage.read(lambda tx: tx.patients.by_messenger(user))
        assert card == attrs.evolve(renamed, messenger=user, esia="esia-1")
        # Not even the card's own record names another messenger id.
        assert await load(storage, [attrs.evolve(renamed, messenger=other)]) == [Stored.CHANGED]
        assert await storage.read(lambda tx: tx.patients.by_messenger(user)) == card
        assert await storage.read(lambda tx: tx.patients.by_messenger(other)) is None

    @pytest.mark.parametrize("subject", [None, "esia-1"], ids=["unknown to the load", "known to the load"])
    async def test_the_same_file_after_a_sign_in_changes_nothing(self, storage: Storage, subject: str | None) -> None:
        signed, named = MessengerId("2002"), MessengerId("1001")
        own = attrs.evolve(MOTHER, messenger=named, esia=subject)
        await load(storage, [own])
        await storage.transact(lambda tx: tx.patients.link(MOTHER.id, signed, "esia-1"))
        tied = attrs.evolve(MOTHER, messenger=signed, esia="esia-1")
        for _ in range(2):
            assert await load(storage, [own, CHILD]) in ([Stored.SAME, Stored.CREATED], [Stored.SAME, Stored.SAME])
            assert await storage.read(lambda tx: tx.patients.find(MOTHER.id)) == tied
        # The id that its record names is free for another card, and stays there.
        other = attrs.evolve(STRANGER, messenger=named)
        assert await load(storage, [other, own]) == [Stored.CREATED, Stored.SAME]
        assert await load(storage, [attrs.evolve(own, phone="+79000000000")]) == [Stored.CHANGED]
        assert await storage.read(lambda tx: tx.patients.by_messenger(named)) == other
        card = await storage.read(lambda tx: tx.patients.find(MOTHER.id))
        assert card == attrs.evolve(tied, phone="+79000000000")
        # Once the sign-in is undone, the registry's word counts again.
        await storage.transact(lambda tx: tx.patients.unlink(signed))
        assert await load(storage, [STRANGER], [own]) == [Stored.CHANGED, Stored.CHANGED]
        card = await storage.read(lambda tx: tx.patients.find(MOTHER.id))
        assert card == attrs.evolve(own, esia="esia-1")

    @pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the card that has it"])
    @pytest.mark.parametrize("is_loaded", [False, True], ids=["by the bot's link", "as the load knows"])
    async def test_no_load_takes_a_messenger_from_who_signed_in(
        self, storage: Storage, *, is_loaded: bool, beside: bool
    ) -> None:
        user, other = MessengerId("2002"), MessengerId("3003")
        holder = attrs.evolve(MOTHER, messenger=user, esia="esia-1")
        known = holder if is_loaded else attrs.evolve(MOTHER, messenger=None)
        await load(storage, [attrs.evolve(STRANGER, messenger=other), known])
        if not is_loaded:
            await storage.transact(lambda tx: tx.patients.link(MOTHER.id, user, "esia-1"))
        claiming = attrs.evolve(STRANGER, messenger=user, phone="+79000000000")
        company = [attrs.evolve(known, phone="+79000000001")] if beside else []
        for stored in (Stored.CHANGED, Stored.SAME):
            assert await load(storage, [*company, claiming]) == [stored] * (len(company) + 1)
            owner = await storage.read(lambda tx: tx.patients.by_messenger(user))
            assert owner == attrs.evolve(holder, phone=company[0].phone if beside else None)
            # All but the messenger id is as told.
            card = await storage.read(lambda tx: tx.patients.find(STRANGER.id))
            assert card == attrs.evolve(claiming, messenger=None)
            assert await storage.read(lambda tx: tx.patients.by_messenger(other)) is None
        # What the holder gives away is free.
        await storage.transact(lambda tx: tx.patients.link(MOTHER.id, other, "esia-1"))
        assert await load(storage, [claiming]) == [Stored.CHANGED]
        assert await storage.read(lambda tx: tx.patients.by_messenger(user)) == claiming

    async def test_two_who_signed_in_keep_their_own_messengers(self, storage: Storage) -> None:
        user, other = MessengerId("2002"), MessengerId("3003")
        await load(storage, [attrs.evolve(MOTHER, messenger=None), STRANGER])
        await storage.transact(lambda tx: tx.patients.link(MOTHER.id, user, "esia-1"))
        await storage.transact(lambda tx: tx.patients.link(STRANGER.id, other, "esia-2"))
        claiming = attrs.evolve(STRANGER, messenger=user)
        assert await load(storage, [claiming, CHILD]) == [Stored.CHANGED, Stored.CREATED]
        assert await load(storage, [STRANGER]) == [Stored.CHANGED]
        owners = [await storage.read(lambda tx, one=one: tx.patients.by_messenger(one)) for one in (user, other)]  # type: ignore[misc]
        assert [card.id if card else None for card in owners] == [MOTHER.id, STRANGER.id]

    async def test_records_of_two_kinds_are_refused_together(self, storage: Storage) -> None:
        with pytest.raises(ValueError, match="one kind"):
            await load(storage, [CLINIC, MOTHER])
        assert await storage.read(lambda tx: tx.patients.find(MOTHER.id)) is None

    async def test_many_slots_at_once(self, storage: Storage) -> None:
        await load(storage, *REGION[:5])
        many = [slot(number) for number in range(1_000)]
        assert set(await load(storage, many)) == {Stored.CREATED}
        assert set(await load(storage, many)) == {Stored.SAME}
        shown = await storage.read(lambda tx: tx.schedule.openings(DOCTOR.id, TOMORROW, many[-1].visit))
        assert len(shown) == len(many) - 1
