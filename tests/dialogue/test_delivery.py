"""What goes out: repeated when it was certainly refused, looked for when nobody knows, never twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import attrs
import pytest

from registratura.adapters.max import texts
from registratura.application.dialogue.screens import Remark
from registratura.application.mailroom import Handle, Progress, WorkOff
from registratura.application.ports.failures import TransactionLost, Unavailable
from registratura.application.ports.messenger import (
    Delivery,
    Incoming,
    Message,
    Outgoing,
    Pressed,
    Receipt,
    Send,
    Started,
)
from registratura.application.ports.queues import SendState
from registratura.application.ports.storage import Storage, Transaction
from registratura.domain.identifiers import MessengerId
from registratura.testing.messenger import RecordingMessenger
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.dialogue.clinic import MOTHER, MOTHER_IN_MAX

pytestmark = pytest.mark.anyio
T = TypeVar("T")

TOO_MANY = Receipt(delivery=Delivery.LATER, reason="too.many.requests")


async def later(bot: Bot, seconds: float) -> None:
    bot.clock.move(timedelta(seconds=seconds))
    await bot.send()


@pytest.mark.req("TMK-14")
async def test_a_message_refused_for_now_arrives_later_and_once(mother: Chat, bot: Bot) -> None:
    bot.messenger.script(TOO_MANY, times=2)
    await mother.start()
    assert mother.messages == []
    await later(bot, 1)
    await later(bot, 2)
    assert [shown.message.text for shown in mother.messages] == ["Мария, что нужно сделать?"]


async def test_the_messengers_own_wish_to_wait_is_kept(mother: Chat, bot: Bot) -> None:
    bot.messenger.script(attrs.evolve(TOO_MANY, retry_after=30.0))
    await mother.start()
    await later(bot, 29)
    assert mother.messages == []
    await later(bot, 32)
    assert len(mother.messages) == 1


async def test_a_message_whose_answer_was_lost_is_looked_for_before_it_is_repeated(mother: Chat, bot: Bot) -> None:
    bot.messenger.cut()
    await mother.start()
    await later(bot, 60)
    await later(bot, 60)
    assert len(mother.messages) == 1


async def test_a_message_that_never_arrived_is_sent_again(mother: Chat, bot: Bot) -> None:
    bot.messenger.break_down()
    await mother.start()
    assert mother.messages == []
    await later(bot, 60)
    assert len(mother.messages) == 1


async def test_what_a_killed_sender_began_is_looked_for(mother: Chat, bot: Bot) -> None:
    await bot.take_in("one", Started(user=mother.user, chat="chat-1001"))
    await bot.work_off()()
    [leased] = await bot.relay().lease(1)
    await bot.messenger.deliver(leased.outgoing)
    # The process dies here: nothing is recorded.
    await later(bot, 61)
    assert len(mother.messages) == 1


async def test_a_later_message_waits_for_the_earlier_one_of_the_same_person(mother: Chat, man: Chat, bot: Bot) -> None:
    bot.messenger.script(TOO_MANY)
    await mother.start()
    await mother.write()
    assert mother.messages == []
    await man.start()
    assert len(man.messages) == 1, "other people do not wait"
    await later(bot, 60)
    assert [shown.message.text.split("\n")[0] for shown in mother.messages] == [
        "Мария, что нужно сделать?",
        texts.ABOVE[Remark.BUTTONS_ONLY].split("\n")[0],
    ]


async def test_an_edit_that_is_no_longer_possible_becomes_a_new_message(mother: Chat, bot: Bot) -> None:
    await mother.start()
    bot.messenger.edits_refused = True
    await mother.press("Записать себя")
    assert mother.text == "Зачем нужна консультация?"
    assert len(mother.messages) == 2


async def test_a_note_nobody_waits_for_does_not_hold_up_the_dialogue(mother: Chat, bot: Bot) -> None:
    await mother.start()
    bot.messenger.script(TOO_MANY, times=3)
    await mother.press("Записать себя")
    for _ in range(4):
        await later(bot, 60)
    assert mother.text == "Зачем нужна консультация?"


async def test_a_wrong_token_holds_everything_and_loses_nothing(mother: Chat, bot: Bot) -> None:
    bot.messenger.script(Receipt(delivery=Delivery.FORBIDDEN, reason="verify.token"))
    await mother.start()
    assert mother.messages == []
    await later(bot, 120)
    assert len(mother.messages) == 1


async def test_a_message_that_can_never_be_sent_is_put_aside_for_people(mother: Chat, bot: Bot) -> None:
    bot.messenger.script(Receipt(delivery=Delivery.REFUSED, reason="proto.payload"))
    await mother.start()
    [effect] = bot.memory.state.outbox.values()
    assert (effect.state, effect.reason) == (SendState.PARKED, "proto.payload")
    await mother.start()
    assert len(mother.messages) == 1


async def test_a_message_over_the_limits_is_put_aside(mother: Chat, bot: Bot) -> None:
    too_long = Send(user=mother.user, message=Message("я" * 5000))
    await bot.storage.transact(lambda tx: tx.outbox.put("max:1001", too_long, id=bot.ids.new(), due=bot.clock.now()))
    await bot.send()
    [effect] = bot.memory.state.outbox.values()
    assert effect.state is SendState.PARKED


@attrs.frozen
class Breaking:
    """The dialogue of one person breaks as often as `times` says."""

    whole: Handle
    left: list[None]
    fault: Exception

    def __call__(self, incoming: Incoming, tx: Transaction, *, lists_failed: bool = False) -> None:
        if incoming.user == MOTHER_IN_MAX and self.left:
            self.left.pop()
            raise self.fault
        self.whole(incoming, tx, lists_failed=lists_failed)

    def apologise(self, user: MessengerId, chat: str | None, code: str, tx: Transaction) -> None:
        self.whole.apologise(user, chat, code, tx)


def breaking(bot: Bot, times: int, fault: Exception | None = None) -> WorkOff:
    work_off = bot.work_off()
    slip = fault or KeyError("a slip of ours")
    return attrs.evolve(work_off, converse=Breaking(work_off.converse, [None] * times, slip))


async def test_a_slip_of_ours_is_tried_again_while_others_go_on(mother: Chat, man: Chat, bot: Bot) -> None:
    work_off = breaking(bot, 1)
    await bot.take_in("hers", Started(user=mother.user, chat="chat-1001"))
    await bot.take_in("his", Started(user=man.user, chat="chat-1002"))
    assert (await work_off()).progress is Progress.RETRY
    assert (await work_off()).progress is Progress.DONE
    assert (await work_off()).progress is Progress.IDLE
    bot.clock.move(timedelta(seconds=2))
    assert (await work_off()).progress is Progress.DONE
    await bot.send()
    assert len(mother.messages) == len(man.messages) == 1


@pytest.mark.req("TMK-78")
async def test_an_update_that_always_breaks_is_put_aside_with_a_code_to_read_out(mother: Chat, bot: Bot) -> None:
    work_off = breaking(bot, 4)
    await bot.take_in("hers", Started(user=mother.user, chat="chat-1001"))
    for _ in range(3):
        assert (await work_off()).progress is Progress.RETRY
        bot.clock.move(timedelta(seconds=60))
    worked = await work_off()
    assert worked.progress is Progress.PARKED
    await bot.send()
    assert mother.text == texts.FAULT.format(code=worked.code)
    await mother.write()
    await mother.press(*TO_SUMMARY)
    assert mother.text.startswith("Проверьте запись")


async def test_a_press_that_cannot_get_its_locks_waits_and_is_never_forgotten(
    mother: Chat, man: Chat, bot: Bot
) -> None:
    work_off = breaking(bot, 99, Unavailable("a lock was not to be had"))
    await bot.take_in("hers", Started(user=mother.user, chat="chat-1001"))
    await bot.take_in("his", Started(user=man.user, chat="chat-1002"))
    assert [(await work_off()).progress for _ in range(3)] == [Progress.RETRY, Progress.DONE, Progress.IDLE]
    for _ in range(2):
        bot.clock.move(timedelta(seconds=60))
        assert (await work_off()).progress is Progress.RETRY
    bot.clock.move(timedelta(seconds=60))
    worked = await work_off()
    assert worked.progress is Progress.PARKED
    await bot.send()
    assert mother.text == texts.FAULT.format(code=worked.code)


async def test_a_slip_while_sending_does_not_hold_up_the_line_for_ever(mother: Chat, bot: Bot) -> None:
    class Slipping(RecordingMessenger):
        async def deliver(self, outgoing: Outgoing) -> Receipt:
            raise KeyError("a slip of ours")

    await bot.take_in("one", Started(user=mother.user, chat="chat-1001"))
    await bot.work_off()()
    relay = attrs.evolve(bot.relay(), messenger=Slipping(clock=bot.clock))
    for _ in range(4):
        [leased] = await relay.lease(8)
        await relay.send(leased)
        bot.clock.move(timedelta(minutes=5))
    [effect] = bot.memory.state.outbox.values()
    assert (effect.state, effect.reason) == (SendState.PARKED, "KeyError")


@attrs.define
class Lossy(Storage):
    """Commits or not, and then loses the answer, as a database that dies at the moment of committing."""

    whole: Storage
    commits: bool
    losses: int = 0

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        if self.losses == 0:
            return await self.whole.transact(work)
        self.losses -= 1
        if self.commits:
            await self.whole.transact(work)
        else:
            await self.whole.read(work)
        raise TransactionLost("nobody knows")

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.whole.read(work)

    async def ping(self) -> None:
        await self.whole.ping()


@pytest.mark.req("TMK-81")
@pytest.mark.parametrize("commits", [True, False])
async def test_a_booking_whose_commit_is_in_doubt_ends_in_one_true_answer(
    mother: Chat, bot: Bot, commits: bool
) -> None:
    await mother.start()
    await mother.press(*TO_SUMMARY)
    confirm = Pressed(
        user=mother.user,
        chat="chat-1001",
        callback="confirm",
        payload=mother.payload("Даю согласие"),
        mid=mother.messages[-1].mid,
    )
    await bot.take_in("confirm", confirm)
    lossy = Lossy(bot.storage, commits=commits, losses=1)
    await attrs.evolve(bot.work_off(), storage=lossy)()
    await bot.work()
    assert [shown.message.text.split("\n")[0] for shown in mother.messages] == ["Проверьте запись", "Вы записаны ✓"]
    assert len(await bot.storage.read(lambda tx: tx.appointments.coming([MOTHER], None, bot.clock.now()))) == 1
