"""The bot and the portal follow one rule book: what one offers the other books, what one hides the other refuses."""

from itertools import product

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.booking import BookAppointment
from registratura.domain.appointments import Application, Channel, Checks, VisitKind
from registratura.domain.identifiers import PatientId, PurposeId
from registratura.domain.organisations import Accepts, OrganisationAge
from registratura.domain.schedule import AgeTag
from registratura.testing.memory import MemoryStorage
from tests.dialogue.chat import Bot, Chat
from tests.dialogue.clinic import (
    CLINIC,
    GYNAECOLOGY,
    HOSPITAL,
    MAN,
    MAN_IN_MAX,
    MOTHER,
    MOTHER_IN_MAX,
    PAEDIATRICS,
    THERAPY,
    at,
    doctor,
    load,
    organisation,
    slot,
)

pytestmark = pytest.mark.anyio


async def offered(chat: Chat) -> set[str]:
    """Every slot that can be reached by pressing, whatever the way."""
    await chat.start()
    await chat.press("Записать себя", "Первичная")
    found: set[str] = set()
    await _descend(chat, 5, found)
    return found


async def _descend(chat: Chat, depth: int, found: set[str]) -> None:
    if depth == 0:
        dialogue = await chat.bot.storage.transact(lambda tx: tx.dialogues.find(chat.user))
        assert dialogue is not None
        found.add(str(dialogue.choices.slot))
        return
    for label in chat.choices:
        if label == "Другой врач":
            continue
        await chat.press(label)
        await _descend(chat, depth - 1, found)
        await chat.press("Назад")


@pytest.mark.req("TMK-05", "TMK-62")
@pytest.mark.parametrize("switched_off", [(), ("sex_age", "district", "internet_booking")])
async def test_what_is_offered_can_be_booked_and_nothing_else(bot: Bot, switched_off: tuple[str, ...]) -> None:
    bot.rules = attrs.evolve(bot.rules, checks=Checks(**dict.fromkeys(switched_off, False)))
    kinds = {"t": THERAPY, "p": PAEDIATRICS, "g": GYNAECOLOGY}
    faults: dict[str, dict[str, object]] = {
        "plain": {},
        "offline": {"internet_booking": False},
        "absent": {"messenger": None},
        "mine": {"areas": frozenset({"1"})},
        "theirs": {"areas": frozenset({"2"})},
        "closed": {"accepts": Accepts.NOBODY},
        "attached": {"accepts": Accepts.ATTACHED_HERE},
    }
    names = [f"{kind}-{fault}" for kind, fault in product(kinds, faults)]
    doctors = [doctor(name, name.capitalize(), kinds[name[0]], **faults[name[2:]]) for name in names]
    ages = list(AgeTag)
    slots = [slot(f"{name}-{tag.value}", name, at(23 + n, 9)) for name in names for n, tag in enumerate(ages)]
    slots = [attrs.evolve(one, age=ages[n % len(ages)]) for n, one in enumerate(slots)]
    children = organisation(HOSPITAL, "Детская", age=OrganisationAge.CHILD)
    await load(bot.storage, [organisation(CLINIC), children], doctors, slots)
    bot.page_size = 25
    for user, patient in ((MOTHER_IN_MAX, MOTHER), (MAN_IN_MAX, MAN)):
        reached = await offered(Chat(bot=bot, user=user))
        assert reached == await bookable(bot, patient)
        assert reached, "the comparison is about something"


async def bookable(bot: Bot, patient: PatientId) -> set[str]:
    """Every slot that the portal's booking accepts, each tried on a copy of everything."""
    found = set()
    for slot_id in bot.memory.state.slots:
        copy = MemoryStorage(bot.clock, bot.memory.state.copy())
        asked = Application(
            patient=patient,
            slot=bot.memory.state.slots[slot_id].opening.id,
            channel=Channel.PORTAL,
            kind=VisitKind.ONLINE_CONSULTING,
            author=patient,
            purpose=PurposeId("first"),
            consent_version="1",
        )
        if is_successful(await BookAppointment(storage=copy, desk=bot.desk)(asked)):
            found.add(str(slot_id))
    return found
