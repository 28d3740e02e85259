"""Chats of consultations over the doubles: what is asked of the messenger, what is kept, who hears of a failure."""

from datetime import datetime, timedelta

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.booking import BookAppointment, CancelAppointment, Desk
from registratura.application.chats import Errand, MakeAnotherChat, OpenChats
from registratura.application.notices import Notice
from registratura.application.ports.agenda import Due
from registratura.application.ports.chats import ChatRefused, Participant, RefusalKind, Role
from registratura.application.ports.messenger import Message, Send
from registratura.domain import chats
from registratura.domain.accounts import Account, AccountId
from registratura.domain.appointments import (
    Application,
    Appointment,
    Channel,
    ClosedAppointment,
    Outcome,
    Rules,
    VisitKind,
)
from registratura.domain.chats import ChatState, ConsultationChat
from registratura.domain.identifiers import AppointmentId, MessengerId, PurposeId, SlotId
from registratura.domain.identity import Identity
from registratura.domain.notifications import ReminderRules
from registratura.domain.people import Snils
from registratura.domain.telemedicine import Platform
from registratura.testing.chats import MemoryChats, Way
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import MOSCOW, MOTHER, NOW, PLAIN, SON, doctor, load

pytestmark = pytest.mark.anyio

STARTS = datetime(2026, 11, 24, 14, 30, tzinfo=MOSCOW)
CHILDS_STARTS = datetime(2026, 11, 24, 11, tzinfo=MOSCOW)
DOCTORS_PHONE, MOTHERS_PHONE = "79000000007", "79000000001"
SNILS = Snils("11223344595")
MINUTE = timedelta(minutes=1)
RULES = ReminderRules(chat=timedelta(minutes=20))


@attrs.define
class Clinic:
    """A clinic with chats, worked by hand."""

    clock: MovableClock = attrs.field(factory=lambda: MovableClock(NOW))
    chats: MemoryChats = attrs.field(factory=MemoryChats)
    alarms: list[ChatState] = attrs.field(factory=list)
    storage: MemoryStorage = attrs.field(init=False)
    desk: Desk = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.storage = MemoryStorage(self.clock)
        self.desk = Desk(rules=Rules(), clock=self.clock, ids=SequentialIds(), reminders=RULES)

    async def settle(self) -> "Clinic":
        await load(self.storage, *PLAIN)
        phone = "+7 900 000-00-07"
        await load(self.storage, [doctor("d1", "Терапевтова", messenger_phone=phone)])
        card = self.storage.state.patients[MOTHER]
        self.storage.state.patients[MOTHER] = attrs.evolve(card, snils=SNILS)
        return self

    async def sign_in(self, **changes: object) -> None:
        """The mother came through Gosuslugi."""
        card = self.storage.state.patients[MOTHER]
        told = {
            "subject": "1",
            "name": card.name,
            "born": card.born,
            "snils": card.snils,
            "phone": f"+{MOTHERS_PHONE}",
            "verified_at": NOW,
        }
        identity = Identity(**told | changes)  # type: ignore[arg-type]  # a table of fields
        account = Account(id=AccountId("a"), name="Мария", identity=identity, messenger=card.messenger, created_at=NOW)
        assert await self.storage.transact(lambda tx: tx.accounts.save(account))

    async def book(self, patient: str = MOTHER, slot: str = "s1") -> AppointmentId:
        asked = Application(
            patient=self.storage.state.patients[patient].id,
            slot=SlotId(slot),
            channel=Channel.MAX,
            kind=VisitKind.ONLINE_CONSULTING,
            author=MOTHER,
            purpose=PurposeId("first"),
            consent_version="1",
        )
        booked = await BookAppointment(storage=self.storage, desk=self.desk)(asked)
        assert is_successful(booked)
        return booked.unwrap().id

    @property
    def make_another(self) -> MakeAnotherChat:
        return MakeAnotherChat(storage=self.storage, lead=RULES.chat)

    @property
    def open_chats(self) -> OpenChats:
        return OpenChats(
            storage=self.storage,
            chats=self.chats,
            words=MaxNotices(),
            alarm=lambda chat: self.alarms.append(chat.state),
        )

    async def at(self, moment: datetime) -> None:
        """The clock comes to *moment*, and everything due then is done."""
        self.clock.move(moment - self.clock.now())
        remind = Remind(
            storage=self.storage, rules=RULES, words=MaxNotices(), link=lambda one: f"https://r.example/{one}"
        )
        while await remind():
            pass
        while due := await self.open_chats.due(8):
            for errand in due:
                if errand is not None:
                    await self.open_chats(errand)

    def chat(self, booking: str) -> ConsultationChat:
        return self.storage.state.consultation_chats[booking]

    def told(self) -> list[tuple[MessengerId, str]]:
        """Who was told what, by the first lines."""
        sent = [effect.outgoing for effect in self.storage.state.outbox.values()]
        return [(one.user, one.message.text.split("\n")[0]) for one in sent if isinstance(one, Send)]


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

    again = await clinic.make_another(booking)
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


@pytest.mark.req("CONS-12")
async def test_a_chat_that_nobody_was_there_to_make_is_made_after_the_beginning(clinic: Clinic) -> None:
    booking = await clinic.book()
    await clinic.at(STARTS + 9 * MINUTE)
    assert clinic.chat(booking).state is ChatState.READY
    assert clinic.alarms == []
    assert [words for _, words in clinic.told()] == [], "nobody is reminded of what has begun"


@pytest.mark.req("CONS-19")
async def test_when_it_fails_after_the_beginning_both_are_told_once(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.chats.script(*[Way(heard=False)] * 60)
    for minutes in range(5, 12):
        await clinic.at(STARTS + minutes * MINUTE)
    assert clinic.chat(booking).state is ChatState.GIVEN_UP
    assert clinic.alarms == [ChatState.WANTED, ChatState.GIVEN_UP]
    assert sorted(user for user, _ in clinic.told()) == ["1001", "doctor-d1"]


@pytest.mark.req("CONS-12")
async def test_the_doctor_has_a_chat_made_that_was_missed(clinic: Clinic) -> None:
    booking = await clinic.book()
    clinic.clock.move(STARTS - 21 * MINUTE - clinic.clock.now())
    assert await clinic.make_another(booking) is None, "it is not due yet"
    await clinic.at(STARTS + 11 * MINUTE)
    assert clinic.storage.state.consultation_chats == {}
    assert await MakeAnotherChat(storage=clinic.storage, lead=None)(booking) is None, "where there are no chats"
    begun = await clinic.make_another(booking)
    assert begun is not None
    assert begun.state is ChatState.WANTED
    await clinic.at(STARTS + 12 * MINUTE)
    assert clinic.chat(booking).is_open


@pytest.mark.req("CONS-12")
async def test_no_chat_is_made_of_what_is_over_or_long_past(clinic: Clinic) -> None:
    booking = await clinic.book()
    await clinic.at(STARTS + chats.LATEST)
    assert await clinic.make_another(booking) is None
    clinic.clock.move(-chats.LATEST)
    held = clinic.storage.state.appointments[booking]
    assert isinstance(held, Appointment)
    closed = ClosedAppointment(appointment=held, outcome=Outcome.CANCELLED, closed_at=clinic.clock.now())
    await clinic.storage.transact(lambda tx: tx.appointments.release(closed))
    assert await clinic.make_another(booking) is None
    assert await clinic.make_another(AppointmentId("nobody")) is None


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
