"""A dialogue survives a restart exactly as it was."""

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import TypeVar

import attrs
import pytest

from registratura.application.ports.messenger import Answer, line_of
from registratura.application.ports.queues import Leased, SendState
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.dialogue import Choices, Dialogue, Place, Step
from registratura.domain.identifiers import (
    AppointmentId,
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.testing.contracts.storage.region import MINUTE, NOW

T = TypeVar("T")

_numbers = count()
ANNA = MessengerId("1001")
OLEG = MessengerId("1002")
DIALOGUE = Dialogue(
    user=ANNA,
    session="AbCdEf-_0123456789",
    revision=7,
    place=Place(step=Step.TIME, page=2),
    trail=(Place(step=Step.MENU), Place(step=Step.DAY, page=1)),
    choices=Choices(
        patient=PatientId("child"),
        purpose=PurposeId("control"),
        speciality=SpecialityId("76"),
        organisation=OrganisationId("clinic"),
        resource=ResourceId("doctor"),
        day=date(2026, 3, 3),
        slot=SlotId("doctor-0"),
    ),
    offers=("doctor-0", "doctor-1", "«ёлка» \\ '\""),
    appointment=AppointmentId("1"),
    consent_version="2",
    touched_at=NOW,
)


async def told(storage: Storage, about: Callable[[Leased], T], user: MessengerId = ANNA) -> T:
    """What the lease of an effect for *user* tells."""
    answer = Answer(user=user, callback="callback", note="Принято")

    def send(tx: Transaction) -> Leased:
        name = f"effect-{next(_numbers)}"
        tx.outbox.put(line_of(user), answer, id=name)
        (leased,) = tx.outbox.lease(10, MINUTE)
        tx.outbox.settle(name, SendState.SENT, None)
        return leased

    return about(await storage.transact(send))


@pytest.mark.anyio
class DialoguePromises:
    """What `Dialogues` promises."""

    async def test_dialogue_comes_back_as_it_was_saved(self, storage: Storage) -> None:
        await storage.transact(lambda tx: tx.dialogues.save(DIALOGUE, None))
        assert await storage.transact(lambda tx: tx.dialogues.find(ANNA)) == DIALOGUE
        assert await storage.read(lambda tx: tx.dialogues.find(ANNA)) == DIALOGUE
        assert await storage.transact(lambda tx: tx.dialogues.find(OLEG)) is None

    async def test_later_state_replaces_the_earlier(self, storage: Storage) -> None:
        later = attrs.evolve(DIALOGUE, revision=8, trail=(), choices=Choices(), touched_at=NOW + MINUTE)
        await storage.transact(lambda tx: tx.dialogues.save(DIALOGUE, "chat-1"))
        await storage.transact(lambda tx: tx.dialogues.save(later, None))
        assert await storage.transact(lambda tx: tx.dialogues.find(ANNA)) == later
        assert await told(storage, lambda leased: leased.chat) == "chat-1"
        await storage.transact(lambda tx: tx.dialogues.save(later, "chat-2"))
        assert await told(storage, lambda leased: leased.chat) == "chat-2"
        assert await told(storage, lambda leased: leased.chat, OLEG) is None

    async def test_person_is_reachable_until_they_stop_the_bot(self, storage: Storage) -> None:
        assert await told(storage, lambda leased: leased.reachable)
        await storage.transact(lambda tx: tx.dialogues.set_reachable(ANNA, reachable=False))
        assert not await told(storage, lambda leased: leased.reachable)
        assert await told(storage, lambda leased: leased.reachable, OLEG)
        assert await storage.read(lambda tx: tx.dialogues.find(ANNA)) is None
        await storage.transact(lambda tx: tx.dialogues.save(DIALOGUE, None))
        assert not await told(storage, lambda leased: leased.reachable)
        await storage.transact(lambda tx: tx.dialogues.set_reachable(ANNA, reachable=True))
        assert await told(storage, lambda leased: leased.reachable)
        assert await storage.read(lambda tx: tx.dialogues.find(ANNA)) == DIALOGUE
