"""Chats of consultations over the doubles: when they are made, who is let in, and that a slip stops nobody else."""

from datetime import timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.booking import CancelAppointment
from registratura.application.notices import Notice
from registratura.application.ports.agenda import Due
from registratura.application.ports.chats import Participant, Role
from registratura.application.ports.messenger import Message
from registratura.domain import chats
from registratura.domain.appointments import Appointment
from registratura.domain.chats import ChatState
from registratura.domain.identifiers import AppointmentId
from registratura.domain.people import Snils
from registratura.domain.telemedicine import Platform
from registratura.testing.chats import Way
from tests.dialogue.clinic import SON
from tests.unit.application.chats_clinic import (
    CHILDS_STARTS,
    DOCTORS_PHONE,
    MINUTE,
    MOTHERS_PHONE,
    RULES,
    STARTS,
    Clinic,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clinic() -> Clinic:
    return await Clinic().settle()


@pytest.mark.req("CONS-12", "CONS-13", "CONS-14", "CONS-17", "CONS-18")
async def test_twenty_minutes_before_the_chat_is_there_with_both(clinic: Clinic) -> None:
    await clinic.sign_in()
    booking = await clinic.book()
    await clinic.at(STARTS - 21 * MINUTE)
    assert clinic.chats.created == []
    await clinic.at(STARTS - 20 * MINUTE)
    ((title),) = clinic.chats.created
    assert title == "ТМК, 24 ноября, 14:30, Терапевтова В. И."
    chat = clinic.chat(booking)
    assert (chat.state, chat.missing) == (ChatState.READY, frozenset())
    assert chat.link is not None
    ((_, people),) = clinic.chats.added
    assert set(people) == {Participant(DOCTORS_PHONE, Role.DOCTOR), Participant(MOTHERS_PHONE, Role.PATIENT)}


@pytest.mark.req("CONS-15")
@pytest.mark.parametrize("changes", [{"snils": Snils("00100100101")}, {"snils": None}, None])
async def test_who_may_not_come_in_is_not_added(clinic: Clinic, changes: dict[str, object] | None) -> None:
    if changes is not None:
        await clinic.sign_in(**changes)
    await clinic.book()
    await clinic.at(STARTS - 20 * MINUTE)
    ((_, people),) = clinic.chats.added
    assert list(people) == [Participant(DOCTORS_PHONE, Role.DOCTOR)]


@pytest.mark.req("CONS-14")
async def test_the_parent_is_added_for_the_child(clinic: Clinic) -> None:
    await clinic.sign_in()
    await clinic.book(SON, "s5")
    await clinic.at(CHILDS_STARTS - 20 * MINUTE)
    ((_, people),) = clinic.chats.added
    assert list(people) == [Participant(MOTHERS_PHONE, Role.PATIENT)], "this doctor has no phone in MAX"


@pytest.mark.req("CONS-20")
async def test_who_is_not_let_in_is_tried_again_alone(clinic: Clinic) -> None:
    await clinic.sign_in()
    booking = await clinic.book()
    clinic.chats.absent.add(MOTHERS_PHONE)
    await clinic.at(STARTS - 20 * MINUTE)
    assert clinic.chat(booking).missing == {MOTHERS_PHONE}
    clinic.chats.absent.clear()
    await clinic.at(STARTS - 19 * MINUTE)
    assert clinic.chat(booking).state is ChatState.READY
    assert [len(people) for _, people in clinic.chats.added] == [2, 1]


class Stumbling(MaxNotices):
    """Words with a slip for one patient."""

    def notice(self, notice: Notice) -> Message:
        if getattr(notice, "visit").patient.id == SON:  # noqa: B009  # all that are told here have one
            raise KeyError("a slip of ours")
        return super().notice(notice)

    def title(self, due: Due) -> str:
        if due.patient.id == SON:
            raise KeyError("a slip of ours")
        return super().title(due)


async def test_one_that_cannot_be_told_of_silences_nobody_else(clinic: Clinic) -> None:
    childs, own = await clinic.book(SON, "s5"), await clinic.book()
    slips: list[AppointmentId] = []
    clinic.clock.move(STARTS - timedelta(hours=12) - clinic.clock.now())
    remind = Remind(
        storage=clinic.storage,
        rules=RULES,
        words=Stumbling(),
        link=str,
        on_fault=lambda booking, _: slips.append(booking),
    )
    while await remind():
        pass
    assert slips == [childs]
    assert [user for user, _ in clinic.told()] == ["1001"]

    # Once the words are mended, it is looked at again.
    clinic.clock.move(5 * MINUTE)
    while await attrs.evolve(remind, words=MaxNotices())():
        pass
    assert slips == [childs]
    assert [user for user, _ in clinic.told()] == ["1001", "1001"]

    for booking in (childs, own):
        held = clinic.storage.state.appointments[booking]
        assert isinstance(held, Appointment)
        wanted = chats.wanted(held, (), clinic.clock.now())
        await clinic.storage.transact(lambda tx, wanted=wanted: tx.chats.save(wanted))  # type: ignore[misc]
    open_chats = attrs.evolve(clinic.open_chats, words=Stumbling())
    errands = []
    while due := await open_chats.due(8):
        errands += [errand.held.appointment for errand in due if errand is not None]
    assert errands == [own]

    await clinic.at(clinic.clock.now() + 5 * MINUTE)
    assert clinic.chat(childs).is_open


async def test_what_was_cancelled_gets_no_chat(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(Way(heard=False))
    await clinic.at(STARTS - 20 * MINUTE)
    assert is_successful(await CancelAppointment(storage=clinic.storage, desk=clinic.desk)(booking))
    await clinic.at(STARTS - 18 * MINUTE)
    assert clinic.chats.chats == {}
    assert clinic.chat(booking).due is None


@pytest.mark.req("CONS-22")
async def test_another_platform_needs_no_chat(clinic: Clinic) -> None:
    booking = await clinic.book()
    held = clinic.storage.state.appointments[booking]
    assert isinstance(held, Appointment)
    clinic.storage.state.appointments[booking] = attrs.evolve(held, platform=Platform.OTHER)
    await clinic.at(STARTS - 15 * MINUTE)
    assert clinic.storage.state.consultation_chats == {}
    assert clinic.chats.created == []
