"""The door of a consultation: who, from when, until when, and where to."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from returns.pipeline import is_successful

from registratura.application.booking import BookAppointment, CancelAppointment, Desk
from registratura.application.consultations import EndConsultation
from registratura.application.joining import (
    ComeIn,
    JoinConsultation,
    Joining,
    NeedsEsia,
    NotReady,
    Over,
    Refused,
    SignInFirst,
    TooEarly,
)
from registratura.application.signing_in import Visitor
from registratura.domain.accounts import Account, AccountId, Method, Session
from registratura.domain.appointments import Application, Channel, Rules, VisitKind
from registratura.domain.chats import ChatState, ConsultationChat, Guest, Side
from registratura.domain.identifiers import AppointmentId, PatientId, PurposeId, SlotId
from registratura.domain.identity import Identity
from registratura.domain.people import PersonName, Snils
from registratura.domain.telemedicine import Platform
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import MAN, MOSCOW, MOTHER, NOW, PLAIN, SON, load

pytestmark = pytest.mark.anyio

STARTS = datetime(2026, 11, 24, 11, tzinfo=MOSCOW)
MINUTE = timedelta(minutes=1)
SNILS = {MOTHER: Snils("11223344595"), MAN: Snils("08765430200")}
DOCTOR = Guest("79000000007", Side.DOCTOR)
LINK = "https://max.example/join/7"
ASKED = Application(
    patient=SON,
    slot=SlotId("s5"),
    channel=Channel.MAX,
    kind=VisitKind.ONLINE_CONSULTING,
    author=MOTHER,
    purpose=PurposeId("first"),
    consent_version="1",
)
OWN = SlotId("s1")
"""A time for which the mother can book herself."""


@attrs.define
class Door:
    """A consultation of a child, booked by the mother, and the door to it."""

    clock: MovableClock
    storage: MemoryStorage
    desk: Desk
    booking: AppointmentId
    room: str | None = None

    def at(self, moment: datetime) -> "Door":
        self.clock.move(moment - self.clock.now())
        return self

    def open_chat(self, **changes: Any) -> ConsultationChat:
        chat = ConsultationChat(
            appointment=self.booking,
            state=ChatState.READY,
            starts=STARTS,
            due=None,
            guests=(DOCTOR,),
            chat="7",
            link=LINK,
        )
        self.storage.state.consultation_chats[self.booking] = attrs.evolve(chat, **changes)
        return chat

    def visitor(self, who: PatientId = MOTHER, method: Method = Method.ESIA, **changes: Any) -> Visitor:
        card = self.storage.state.patients[who]
        now = self.clock.now()
        told: dict[str, Any] = {
            "subject": who,
            "name": card.name,
            "born": card.born,
            "snils": SNILS.get(who),
            "phone": "+79000000001",
            "verified_at": now,
        }
        identity = Identity(**told | changes) if method is Method.ESIA else None
        account = Account(id=AccountId(f"a-{who}"), name=card.name.full, identity=identity, created_at=now)
        session = Session(token_hash="x", account=account.id, method=method, began_at=now, seen_at=now)
        return Visitor(session=session, account=account)

    async def knock(self, visitor: Visitor | None, booking: str | None = None) -> Joining:
        join = JoinConsultation(storage=self.storage, clock=self.clock, room=lambda _: self.room)
        return await join(AppointmentId(booking or self.booking), visitor)

    def audit(self) -> list[str]:
        return [note.event for note in self.storage.state.audit if note.event.startswith("consultation.")]


@pytest.fixture
async def door() -> Door:
    clock = MovableClock(NOW)
    storage = MemoryStorage(clock)
    await load(storage, *PLAIN)
    for who, snils in SNILS.items():
        storage.state.patients[who] = attrs.evolve(storage.state.patients[who], snils=snils)
    desk = Desk(rules=Rules(), clock=clock, ids=SequentialIds())
    booked = await BookAppointment(storage=storage, desk=desk)(ASKED)
    assert is_successful(booked)
    return Door(clock, storage, desk, booked.unwrap().id)


@pytest.mark.req("CONS-02")
async def test_who_is_not_signed_in_through_gosuslugi_stays_outside(door: Door) -> None:
    door.at(STARTS).open_chat()
    assert await door.knock(None) == SignInFirst()
    assert await door.knock(door.visitor(method=Method.PASSWORD)) == NeedsEsia()
    old = door.visitor(verified_at=door.clock.now() - timedelta(hours=12))
    assert await door.knock(old) == SignInFirst()
    assert door.audit() == ["consultation.needsesia", "consultation.signinfirst"], "whoever has a name is on record"


@pytest.mark.req("CONS-07", "CONS-15")
async def test_the_mother_comes_in_and_is_let_into_the_chat(door: Door) -> None:
    door.at(STARTS - 15 * MINUTE).open_chat()
    assert await door.knock(door.visitor()) == ComeIn(LINK)
    chat = door.storage.state.consultation_chats[door.booking]
    assert (chat.state, chat.missing) == (ChatState.MADE, frozenset({"79000000001"}))
    assert door.audit() == ["consultation.comein"]


@pytest.mark.req("CONS-06")
async def test_the_patient_comes_in(door: Door) -> None:
    booked = await BookAppointment(storage=door.storage, desk=door.desk)(attrs.evolve(ASKED, patient=MOTHER, slot=OWN))
    door.booking = booked.unwrap().id
    door.at(booked.unwrap().starts).open_chat()
    assert await door.knock(door.visitor()) == ComeIn(LINK)
    assert await door.knock(door.visitor(MAN)) == Refused()


@pytest.mark.req("CONS-08", "CONS-09")
async def test_a_stranger_learns_nothing_not_even_that_it_is_there(door: Door) -> None:
    door.open_chat()
    for moment in (STARTS - timedelta(days=1), STARTS, STARTS + timedelta(days=1)):
        door.at(moment)
        assert await door.knock(door.visitor(MAN)) == Refused()
        assert await door.knock(door.visitor(MAN), "nothing-like-that") == Refused()
    assert set(door.audit()) == {"consultation.refused"}
    # What the account is called does not count, only what Gosuslugi said.
    pretender = door.visitor(MAN)
    named = attrs.evolve(pretender, account=attrs.evolve(pretender.account, name="Каноева Мария Петровна"))
    assert await door.knock(named) == Refused()
    almost = door.visitor(name=PersonName("Каноева", "Марья", "Петровна"))
    assert await door.knock(almost) == Refused()


@pytest.mark.req("CONS-10", "TMK-112")
async def test_it_opens_a_quarter_of_an_hour_before_and_closes_with_the_end(door: Door) -> None:
    door.open_chat()
    early = await door.at(STARTS - 20 * MINUTE).knock(door.visitor())
    assert early == TooEarly(STARTS - 15 * MINUTE)
    assert isinstance(await door.at(STARTS - 15 * MINUTE).knock(door.visitor()), ComeIn)
    assert isinstance(await door.at(STARTS + timedelta(hours=3, minutes=59)).knock(door.visitor()), ComeIn)
    assert await door.at(STARTS + timedelta(hours=4)).knock(door.visitor()) == Over()
    door.at(STARTS + 30 * MINUTE)
    assert is_successful(await EndConsultation(storage=door.storage, clock=door.clock)(door.booking))
    assert await door.knock(door.visitor()) == Over()


async def test_a_cancelled_one_is_closed(door: Door) -> None:
    door.open_chat()
    assert is_successful(await CancelAppointment(storage=door.storage, desk=door.desk)(door.booking))
    assert await door.at(STARTS).knock(door.visitor()) == Over()


@pytest.mark.parametrize("state", [ChatState.WANTED, ChatState.MAKING, ChatState.UNKNOWN, ChatState.GIVEN_UP])
async def test_without_a_chat_one_waits(door: Door, state: ChatState) -> None:
    assert await door.at(STARTS).knock(door.visitor()) == NotReady()
    door.open_chat(state=state, chat=None, link=None)
    assert await door.knock(door.visitor()) == NotReady()


@pytest.mark.req("TMK-111")
async def test_a_visit_in_person_has_no_door(door: Door) -> None:
    held = door.storage.state.in_force()[0]
    door.storage.state.appointments[held.id] = attrs.evolve(held, kind=VisitKind.APPOINTMENT)
    door.at(STARTS - 5 * MINUTE).open_chat()
    assert await door.knock(door.visitor()) == Refused()


@pytest.mark.req("CONS-11", "TMK-101")
async def test_another_platform_needs_an_ordinary_sign_in_only(door: Door) -> None:
    held = door.storage.state.in_force()[0]
    door.storage.state.appointments[held.id] = attrs.evolve(held, platform=Platform.OTHER)
    door.at(STARTS)
    assert await door.knock(None) == SignInFirst(by_esia=False)
    assert await door.knock(door.visitor(method=Method.PASSWORD)) == NotReady()
    door.room = "https://rooms.example/7"
    assert await door.knock(door.visitor(method=Method.PASSWORD)) == ComeIn("https://rooms.example/7")
