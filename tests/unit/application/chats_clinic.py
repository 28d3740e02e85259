"""A clinic with chats over the doubles, worked by hand: for tests of what becomes of the chats."""

from datetime import datetime, timedelta

import attrs
from returns.pipeline import is_successful

from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.application.agenda import Remind
from registratura.application.booking import BookAppointment, Desk
from registratura.application.chats import MakeAnotherChat, OpenChats
from registratura.application.ports.messenger import Send
from registratura.domain.accounts import Account, AccountId
from registratura.domain.appointments import Application, Channel, Rules, VisitKind
from registratura.domain.chats import ChatState, ConsultationChat
from registratura.domain.identifiers import AppointmentId, MessengerId, PurposeId, SlotId
from registratura.domain.identity import Identity
from registratura.domain.notifications import ReminderRules
from registratura.domain.people import Snils
from registratura.testing.chats import MemoryChats
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock, SequentialIds
from tests.dialogue.clinic import MOSCOW, MOTHER, NOW, PLAIN, doctor, load

STARTS = datetime(2026, 11, 24, 14, 30, tzinfo=MOSCOW)
CHILDS_STARTS = datetime(2026, 11, 24, 11, tzinfo=MOSCOW)
DOCTORS_PHONE, MOTHERS_PHONE = "79000000007", "79000000001"
DOCTOR_IN_MAX = MessengerId("doctor-d1")
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

    async def through(self, first: int, last: int) -> None:
        """Everything is done that is due each minute, from *first* minutes before the beginning to *last* after it."""
        for minutes in range(-first, last + 1):
            await self.at(STARTS + minutes * MINUTE)

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
        return [(user, text.split("\n")[0]) for user, text in self.letters()]

    def letters(self, headline: str = "") -> list[tuple[MessengerId, str]]:
        """Who was told what, of all that begins with *headline*."""
        sent = [effect.outgoing for effect in self.storage.state.outbox.values()]
        said = [(one.user, one.message.text) for one in sent if isinstance(one, Send)]
        return [(user, text) for user, text in said if text.startswith(headline)]
