"""What the tests of notices have in common: the bookings they are about, and what a person has read of them."""

from datetime import datetime, timedelta

from registratura.application.ports.messenger import Delivery, Receipt
from registratura.domain.appointments import Appointment
from registratura.domain.identifiers import AppointmentId
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import MOSCOW

STARTS = datetime(2026, 11, 24, 14, 30, tzinfo=MOSCOW)
"""Of the visit that somebody books for themselves."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TOMORROW, AT_HAND = "Завтра консультация врача", "Консультация через 15 минут"
BUSY = Receipt(delivery=Delivery.LATER, reason="too.many.requests")


async def book_oneself(chat: Chat) -> AppointmentId:
    await chat.start()
    await chat.press(*TO_SUMMARY, "Даю согласие")
    assert chat.text.startswith("Вы записаны")
    return only(chat.bot).id


async def book_the_child(chat: Chat) -> AppointmentId:
    await chat.start()
    await chat.press("Записать другого", "Пётр", "Первичная", "Педиатрия", "Городская", "Детская", "Вт", "11:00")
    await chat.press("Даю согласие")
    return only(chat.bot).id


def only(bot: Bot) -> Appointment:
    """The one booking in force."""
    (held,) = bot.memory.state.in_force()
    return held


def heads(chat: Chat) -> list[str]:
    """The first lines of all messages."""
    return [shown.message.text.split("\n")[0] for shown in chat.messages]


def reminders(chat: Chat) -> list[str]:
    return [head for head in heads(chat) if ("онсультация" in head and "врача" in head) or "через" in head]


def refuse(bot: Bot) -> None:
    """The messenger is too busy for anything, until `recover`."""
    bot.messenger.script(BUSY, times=50)


def recover(bot: Bot) -> None:
    """The messenger works again, and its screens are empty: what is on them afterwards has come since."""
    bot.messenger = type(bot.messenger)(clock=bot.clock)


def kept(bot: Bot, what: str, booking: AppointmentId) -> tuple[str, str | None]:
    """What became of a notice: its state, and why."""
    effect = bot.memory.state.outbox[f"notice:{what}:{booking}"]
    return effect.state.value, effect.reason
