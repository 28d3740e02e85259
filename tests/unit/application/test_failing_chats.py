"""Chats that fail, over the doubles: what is tried again, what is left in doubt, and who hears of it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.booking import CancelAppointment
from registratura.application.chats import Errand
from registratura.application.ports.chats import Chat, ChatRefused, RefusalKind
from registratura.application.ports.storage import Transaction
from registratura.domain.chats import ChatState
from registratura.testing.chats import MemoryChats, Way
from registratura.testing.memory import MemoryStorage
from tests.dialogue.clinic import MOTHER_IN_MAX, doctor, load
from tests.harness.virtual_time import run
from tests.unit.application.chats_clinic import DOCTOR_IN_MAX, DOCTORS_PHONE, MINUTE, RULES, STARTS, Clinic

T = TypeVar("T")
NO_CHAT, NO_DOCTOR = "Чат консультации не открылся", "Врача пока нет в чате консультации"
TROUBLE = "У нас неполадки, уже чиним."

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


class Slipping(MemoryChats):
    """Makes its first chat, and fails in a way that nobody has thought of before it says so."""

    async def create(self, title: str) -> Chat | ChatRefused:
        made = await super().create(title)
        if len(self.chats) == 1:
            raise RuntimeError("a slip of ours")
        return made


@pytest.mark.req("CONS-16")
@pytest.mark.parametrize(
    ("chats", "way", "reason"),
    [
        (MemoryChats, Way(answered=False), "OutcomeUnknown"),
        (MemoryChats, Way(silent=True), "TimeoutError"),
        (Slipping, Way(), "RuntimeError"),
    ],
)
def test_a_lost_answer_never_makes_a_second_chat(chats: type[MemoryChats], way: Way, reason: str) -> None:
    async def main() -> None:
        clinic = await Clinic(chats=chats()).settle()
        booking = await clinic.book()
        clinic.chats.script(way)
        await clinic.through(20, 10)
        assert len(clinic.chats.chats) == 1
        assert (clinic.chat(booking).state, clinic.chat(booking).reason) == (ChatState.UNKNOWN, reason)
        assert clinic.alarms == [ChatState.UNKNOWN] * 2, "when it is found out, and when people come and find no chat"

        again = await clinic.make_another(booking)
        assert again is not None
        await clinic.at(clinic.clock.now() + MINUTE)
        assert len(clinic.chats.chats) == 2
        assert clinic.chat(booking).is_open

    # Nobody waits for a messenger that never answers.
    run(main())


class Slow(MemoryStorage):
    """A storage that begins when it is told to."""

    def __init__(self, quick: MemoryStorage) -> None:
        super().__init__(quick.clock)
        self.quick = quick
        self.was_asked, self.may_begin, self.is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        self.was_asked.set()
        await self.may_begin.wait()
        done = await self.quick.transact(work)
        self.is_done.set()
        return done


@pytest.mark.req("CONS-16")
def test_who_is_stopped_while_recording_still_records_the_chat() -> None:
    async def main() -> None:
        clinic = await Clinic().settle()
        booking = await clinic.book()
        errand = await _errand(clinic, STARTS - 20 * MINUTE)
        slow = Slow(clinic.storage)
        task = asyncio.create_task(attrs.evolve(clinic.open_chats, storage=slow)(errand))
        await slow.was_asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        slow.may_begin.set()
        await slow.is_done.wait()
        assert clinic.chat(booking).state is ChatState.MADE
        await clinic.at(STARTS - 19 * MINUTE)
        assert len(clinic.chats.created) == 1

    run(main())


async def _errand(clinic: Clinic, moment: datetime) -> Errand:
    """What somebody has taken to do at *moment*, and has not done yet."""
    clinic.clock.move(moment - clinic.clock.now())
    await Remind(storage=clinic.storage, rules=RULES, words=MaxNotices(), link=str)()
    (errand,) = await clinic.open_chats.due(8)
    assert isinstance(errand, Errand)
    return errand


@pytest.mark.req("CONS-16", "OPS-13")
async def test_a_worker_that_died_after_asking_leaves_a_doubt(clinic: Clinic) -> None:
    booking = await clinic.book()
    dead = await _errand(clinic, STARTS - 20 * MINUTE)
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
    await clinic.through(20, -1)
    assert clinic.letters(NO_CHAT) == [], "nobody is told before the beginning"
    await clinic.through(0, 12)
    assert len(clinic.chats.created) == 31, "each minute until ten minutes after the beginning"
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert clinic.alarms == [ChatState.MAKING, ChatState.GIVEN_UP], "when people come, and when nothing more is tried"
    told = dict(clinic.letters(NO_CHAT))
    assert len(clinic.letters(NO_CHAT)) == 2
    assert TROUBLE in told[MOTHER_IN_MAX]
    assert "врач знает и свяжется с вами" in told[MOTHER_IN_MAX]
    assert TROUBLE in told[DOCTOR_IN_MAX]
    assert "Пациент: Мария К." in told[DOCTOR_IN_MAX]


@pytest.mark.req("CONS-19")
async def test_a_doctor_whom_nobody_can_tell_is_called(clinic: Clinic) -> None:
    await clinic.book()
    await load(clinic.storage, [doctor("d1", "Терапевтова", messenger=None)])
    clinic.chats.script(*[Way(heard=False)] * 60)
    await clinic.through(20, 12)
    ((user, text),) = clinic.letters(NO_CHAT)
    assert user == MOTHER_IN_MAX
    assert "мы ищем врача" in text


@pytest.mark.req("CONS-19")
async def test_a_call_that_is_wrong_is_never_repeated_and_told_of(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(Way(refusal=ChatRefused(RefusalKind.BUG, "100")))
    await clinic.through(20, -1)
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert clinic.letters(NO_CHAT) == []
    await clinic.through(0, 11)
    assert len(clinic.chats.created) == 1
    assert sorted(user for user, _ in clinic.letters(NO_CHAT)) == [MOTHER_IN_MAX, DOCTOR_IN_MAX]


@pytest.mark.req("CONS-19")
async def test_a_wrong_call_to_let_people_in_is_never_repeated_and_told_of(clinic: Clinic) -> None:
    await clinic.book()
    clinic.chats.script(Way(), Way(refusal=ChatRefused(RefusalKind.BUG, "100")))
    await clinic.through(20, -1)
    assert clinic.alarms == [ChatState.MADE]
    assert clinic.letters(NO_DOCTOR) == []
    await clinic.through(0, 11)
    assert len(clinic.chats.added) == 1
    assert sorted(user for user, _ in clinic.letters(NO_DOCTOR)) == [MOTHER_IN_MAX, DOCTOR_IN_MAX]
    assert clinic.alarms == [ChatState.MADE, ChatState.READY], "when it is refused, and when people come"


@pytest.mark.req("CONS-19")
@pytest.mark.parametrize("before", [(), (Way(),)], ids=["make", "let in"])
async def test_the_same_refusal_each_minute_is_one_alarm(clinic: Clinic, before: Sequence[Way]) -> None:
    booking = await clinic.book()
    clinic.chats.script(*before, *[Way(refusal=ChatRefused(RefusalKind.ALARM, "5"))] * 3)
    await clinic.through(20, -18)
    assert len(clinic.chats.added if before else clinic.chats.created) == 3
    assert len(clinic.alarms) == 1
    await clinic.through(17, -17)
    assert clinic.chat(booking).state is ChatState.READY, "what somebody has mended works again"


@pytest.mark.req("CONS-19")
def test_a_messenger_that_is_silent_when_asked_to_let_in_is_asked_again() -> None:
    async def main() -> None:
        clinic = await Clinic().settle()
        booking = await clinic.book()
        clinic.chats.script(Way(), Way(silent=True))
        await clinic.through(20, -19)
        assert clinic.chat(booking).state is ChatState.READY
        assert len(clinic.chats.added) == 2

    run(main())


async def test_nobody_is_told_of_the_chat_of_what_was_cancelled_meanwhile(clinic: Clinic) -> None:
    booking = await clinic.book()
    errand = await _errand(clinic, STARTS - MINUTE)
    assert is_successful(await CancelAppointment(storage=clinic.storage, desk=clinic.desk)(booking))
    clinic.clock.move(2 * MINUTE)
    clinic.chats.script(*[Way(heard=False)] * 60)
    await clinic.open_chats(errand)
    await clinic.through(-2, 11)
    assert clinic.letters(NO_CHAT) == []
    assert clinic.alarms == []


@pytest.mark.req("CONS-19")
async def test_a_consultation_whose_doctor_has_no_chat_is_told_of(clinic: Clinic) -> None:
    await clinic.sign_in()
    await clinic.book()
    clinic.chats.absent.add(DOCTORS_PHONE)
    await clinic.through(20, 12)
    assert sorted(user for user, _ in clinic.letters(NO_DOCTOR)) == [MOTHER_IN_MAX, DOCTOR_IN_MAX]
    assert all(TROUBLE in text for _, text in clinic.letters(NO_DOCTOR))
