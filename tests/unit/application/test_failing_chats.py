"""Chats that fail, over the doubles: what is tried again, what is left in doubt, and who hears of it."""

from datetime import timedelta

import pytest

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.chats import Errand, MakeAnotherChat
from registratura.application.ports.chats import ChatRefused, RefusalKind
from registratura.domain.chats import ChatState
from registratura.testing.chats import Way
from tests.unit.application.chats_clinic import DOCTORS_PHONE, MINUTE, RULES, STARTS, Clinic

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clinic() -> Clinic:
    return await Clinic().settle()


@pytest.mark.req("CONS-16", "CONS-19")
async def test_a_certain_no_is_tried_again_until_it_is_a_yes(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(Way(heard=False), Way(heard=False))
    await clinic.at(STARTS - 20 * MINUTE)
    assert (clinic.chat(booking).state, clinic.chats.chats) == (ChatState.WANTED, {})
    await clinic.at(STARTS - 20 * MINUTE + timedelta(seconds=59))
    assert clinic.chat(booking).attempts == 1
    await clinic.at(STARTS - 19 * MINUTE)
    await clinic.at(STARTS - 18 * MINUTE)
    assert (len(clinic.chats.created), len(clinic.chats.chats)) == (3, 1)
    assert clinic.chat(booking).state is ChatState.READY
    assert clinic.alarms == []


@pytest.mark.req("CONS-16")
async def test_a_lost_answer_never_makes_a_second_chat(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(Way(answered=False))
    for minutes in range(20, -11, -1):
        await clinic.at(STARTS - minutes * MINUTE)
    assert len(clinic.chats.chats) == 1
    assert clinic.chat(booking).state is ChatState.UNKNOWN
    assert clinic.alarms == [ChatState.UNKNOWN] * 2, "when it is found out, and when people come and find no chat"

    again = await MakeAnotherChat(storage=clinic.storage)(booking)
    assert again is not None
    await clinic.at(clinic.clock.now() + MINUTE)
    assert len(clinic.chats.chats) == 2
    assert clinic.chat(booking).is_open


@pytest.mark.req("CONS-16", "OPS-13")
async def test_a_worker_that_died_after_asking_leaves_a_doubt(clinic: Clinic) -> None:
    booking = await clinic.book()
    await clinic.at(STARTS - 21 * MINUTE)
    clinic.clock.move(MINUTE)
    await Remind(storage=clinic.storage, rules=RULES, words=MaxNotices(), link=str)()
    (dead,) = await clinic.open_chats.due(8)
    assert isinstance(dead, Errand)
    assert await clinic.open_chats.due(8) == []
    clinic.clock.move(timedelta(seconds=31))
    assert await clinic.open_chats.due(8) == [None]
    assert clinic.chat(booking).state is ChatState.UNKNOWN
    # It was not dead, only slow.
    after = await clinic.open_chats(dead)
    assert after.state is ChatState.MADE


@pytest.mark.req("CONS-19")
async def test_when_it_fails_until_the_beginning_both_are_told_once(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(*[Way(heard=False)] * 60)
    for minutes in range(20, -12, -1):
        await clinic.at(STARTS - minutes * MINUTE)
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert clinic.alarms == [ChatState.MAKING, ChatState.GIVEN_UP], "when people come, and when nothing more is tried"
    told = [user for user, words in clinic.told() if words == "Чат консультации не открылся"]
    assert sorted(told) == ["1001", "doctor-d1"]


async def test_a_call_that_is_wrong_is_never_repeated(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(Way(refusal=ChatRefused(RefusalKind.BUG, "100")))
    for minutes in range(20, 15, -1):
        await clinic.at(STARTS - minutes * MINUTE)
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert len(clinic.chats.created) == 1


async def test_the_same_refusal_each_minute_is_one_alarm(clinic: Clinic) -> None:
    await clinic.book()
    clinic.chats.script(*[Way(refusal=ChatRefused(RefusalKind.ALARM, "5"))] * 3)
    for minutes in (20, 19, 18):
        await clinic.at(STARTS - minutes * MINUTE)
    assert len(clinic.chats.created) == 3
    assert len(clinic.alarms) == 1


@pytest.mark.req("CONS-19")
async def test_a_consultation_whose_doctor_has_no_chat_is_told_of(clinic: Clinic) -> None:
    await clinic.sign_in()
    await clinic.book()
    clinic.chats.absent.add(DOCTORS_PHONE)
    for minutes in range(20, -12, -1):
        await clinic.at(STARTS - minutes * MINUTE)
    told = [user for user, words in clinic.told() if words == "Врача пока нет в чате консультации"]
    assert sorted(told) == ["1001", "doctor-d1"]
