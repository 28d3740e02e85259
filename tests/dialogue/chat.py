"""A person with the bot on the phone: presses buttons by their labels and reads the last message."""

from datetime import datetime
from itertools import count

import attrs

from registratura.adapters.max import texts
from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.adapters.max.phrases import MaxPhrases
from registratura.application.agenda import Remind
from registratura.application.booking import Desk
from registratura.application.confirmation import AskMis, Terms
from registratura.application.dialogue.conversation import Converse, Manners
from registratura.application.dialogue.lists import Lists
from registratura.application.dialogue.painting import Painter
from registratura.application.mailroom import Progress, Relay, TakeIn, Worked, WorkOff
from registratura.application.ports.messenger import (
    Button,
    Incoming,
    LinkButton,
    Message,
    Pressed,
    Started,
    Stopped,
    Typed,
    Update,
    line_of,
)
from registratura.application.ports.storage import Storage
from registratura.application.signing_in import GiveLink
from registratura.domain.appointments import Rules
from registratura.domain.identifiers import AppointmentId, MessengerId
from registratura.domain.notifications import ReminderRules
from registratura.domain.telemedicine import ConsentText
from registratura.testing.memory import MemoryStorage
from registratura.testing.messenger import RecordingMessenger, Shown
from registratura.testing.mis import MemoryMis
from registratura.testing.time import MovableClock, SequentialIds

LOGIN = "https://registry.example/login/max"


def consultation_link(appointment: AppointmentId) -> str:
    """Where a consultation is entered."""
    return f"https://registry.example/consultations/{appointment}"


@attrs.define(kw_only=True)
class Bot:
    """The bot as the worker runs it, with a recording messenger in place of MAX."""

    storage: Storage
    memory: MemoryStorage
    """What `storage` keeps, to look at past the product."""
    clock: MovableClock
    rules: Rules = attrs.field(factory=Rules)
    reminders: ReminderRules = attrs.field(factory=ReminderRules)
    manners: Manners = attrs.field(factory=Manners)
    page_size: int = 10
    allow_cancel: bool = False
    conditions: str | None = None
    terms: Terms | None = None
    """How `mis` is waited for where it decides; None where we do."""
    mis: MemoryMis = attrs.field(factory=MemoryMis)
    ids: SequentialIds = attrs.field(factory=SequentialIds)
    messenger: RecordingMessenger = attrs.field(init=False)
    _callbacks: "count[int]" = attrs.field(factory=lambda: count(1), init=False)

    def __attrs_post_init__(self) -> None:
        self.messenger = RecordingMessenger(clock=self.clock)

    @property
    def desk(self) -> Desk:
        return Desk(rules=self.rules, clock=self.clock, ids=self.ids, reminders=self.reminders)

    def converse(self) -> Converse:
        painter = Painter(
            link=consultation_link,
            lists=Lists(desk=self.desk, terms=self.terms),
            consent=ConsentText(version=self.rules.consent_version, text=texts.CONSENT),
            conditions=self.conditions,
            page_size=self.page_size,
            allow_cancel=self.allow_cancel,
        )
        return Converse(
            desk=self.desk,
            painter=painter,
            phrases=MaxPhrases(),
            manners=self.manners,
            invite=GiveLink(address=LOGIN, clock=self.clock, ids=self.ids),
        )

    def work_off(self) -> WorkOff:
        converse = self.converse()
        return WorkOff(storage=self.storage, converse=converse, ids=self.ids)

    def relay(self) -> Relay:
        return Relay(storage=self.storage, messenger=self.messenger, clock=self.clock, chance=lambda: 0.5)

    async def take_in(self, key: str, incoming: Incoming) -> int:
        update = Update(key=key, line=line_of(incoming.user), incoming=incoming)
        return await TakeIn(storage=self.storage)([update])

    async def work(self) -> list[Worked]:
        """Everything that came in is worked off and everything that waits is sent."""
        done = []
        while (worked := await self.work_off()()).progress is not Progress.IDLE:
            done.append(worked)
        await self.send()
        return done

    async def ask(self) -> None:
        """The clinic is asked everything that is due, and people are told what it answers."""
        assert self.terms is not None
        ask = AskMis(storage=self.storage, mis=self.mis, terms=self.terms, tell=self.converse().announce)
        while inquiries := await ask.due(8):
            for inquiry in inquiries:
                await ask(inquiry)
        await self.send()

    async def send(self) -> None:
        """Send everything that is due."""
        relay = self.relay()
        while leased := await relay.lease(8):
            for effect in leased:
                await relay.send(effect)

    async def remind(self) -> None:
        """Everything whose time has come is looked at, and what is to be said is sent."""
        remind = Remind(
            storage=self.storage,
            rules=self.reminders,
            words=MaxNotices(),
            link=consultation_link,
            may_cancel=self.allow_cancel,
            through_mis=self.terms is not None,
        )
        while await remind():
            pass
        await self.send()

    async def at(self, moment: datetime) -> None:
        """The clock comes to *moment*, and the bot does what is due."""
        self.clock.move(moment - self.clock.now())
        await self.remind()

    def next_callback(self) -> str:
        return f"callback-{next(self._callbacks)}"


@attrs.define(kw_only=True)
class Chat:
    """One person's side of the dialogue."""

    bot: Bot
    user: MessengerId

    @property
    def messages(self) -> list[Shown]:
        return self.bot.messenger.screens[self.user]

    @property
    def last(self) -> Message:
        return self.messages[-1].message

    @property
    def text(self) -> str:
        return self.last.text

    @property
    def buttons(self) -> list[str]:
        return [button.text for row in self.last.keyboard for button in row]

    @property
    def choices(self) -> list[str]:
        """The buttons that are not for finding one's way."""
        ways = {texts.B_BACK, texts.B_HOME, texts.B_EARLIER, texts.B_LATER}
        return [label for label in self.buttons if label not in ways]

    @property
    def links(self) -> list[str]:
        return [button.url for row in self.last.keyboard for button in row if isinstance(button, LinkButton)]

    def payload(self, label: str) -> str:
        for row in self.last.keyboard:
            for button in row:
                if isinstance(button, Button) and button.text.startswith(label):
                    return button.payload
        raise AssertionError(f"no button {label!r} among {self.buttons} under {self.text!r}")

    async def start(self) -> "Chat":
        await self._happen(Started(user=self.user, chat=f"chat-{self.user}"))
        return self

    async def press(self, *labels: str) -> "Chat":
        """Press buttons one after the other, each by the beginning of its label."""
        for label in labels:
            await self.send_payload(self.payload(label))
        return self

    async def send_payload(self, payload: str | None, mid: str | None = "") -> str:
        """A press with any payload on the last message, or on *mid*; gives the id of its callback."""
        callback = self.bot.next_callback()
        on = (self.messages[-1].mid if self.messages else None) if mid == "" else mid
        pressed = Pressed(user=self.user, chat=f"chat-{self.user}", callback=callback, payload=payload, mid=on)
        await self._happen(pressed)
        return callback

    async def write(self) -> "Chat":
        await self._happen(Typed(user=self.user, chat=f"chat-{self.user}"))
        return self

    async def stop(self) -> "Chat":
        await self._happen(Stopped(user=self.user))
        return self

    async def _happen(self, incoming: Incoming) -> None:
        await self.bot.take_in(f"update-{self.bot.next_callback()}", incoming)
        await self.bot.work()


TO_SUMMARY = ("Записать себя", "Первичная", "Терапия", "Городская", "Терапевтова", "Вт, 24 ноября", "14:30")
"""Every press of the way from the menu to the summary, for oneself."""
