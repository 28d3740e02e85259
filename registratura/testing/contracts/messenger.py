"""What every messenger promises (`registratura.application.ports.messenger`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from registratura.application.ports.messenger import (
    Answer,
    Button,
    Delivery,
    Edit,
    LinkButton,
    Message,
    Messenger,
    Send,
)
from registratura.domain.identifiers import MessengerId
from registratura.testing.messenger import Shown

DOCTORS = Message(
    "Выберите врача",
    (
        (Button("Осенний А. Б.", "v1:doctor:1"), Button("Зимняя В. Г.", "v1:doctor:2")),
        (LinkButton("О записи", "https://registry.example/help"),),
    ),
)
TIMES = Message("Выберите время", ((Button("09:15", "v1:slot:81"),),))
BOOKED = Message("Вы записаны")
LIKE_MARKUP = Message("<b>ООО</b> «Рога & копыта» **и** [друзья](https://elsewhere.example) &lt;ждут&gt;")
MINUTE = timedelta(minutes=1)

FITTING = (
    Message("я" * 4000),
    Message("x", ((Button("t" * 128, "p" * 1024),) * 7,) * 30),
    Message("x", ((LinkButton("t", "https://registry.example/" + "u" * 2000),) * 3,)),
)
OVER_LIMITS = (
    Message(""),
    Message("\n "),
    Message("я" * 4001),
    Message("x", ((Button("b", "p"),),) * 31),
    Message("x", ((Button("b", "p"),) * 8,)),
    Message("x", ((LinkButton("b", "https://registry.example/"), *(Button("b", "p"),) * 3),)),
    Message("x", ((),)),
    Message("x", ((Button("", "p"),),)),
    Message("x", ((Button("b" * 129, "p"),),)),
    Message("x", ((Button("b", ""),),)),
    Message("x", ((Button("b", "p" * 1025),),)),
    Message("x", ((LinkButton("b", "https://registry.example/" + "u" * 2048),),)),
)


class Counterpart(Protocol):
    """The other side: a person with the messenger in hand, and switches for trouble on the way."""

    user: MessengerId
    """Somebody who started the bot."""
    stranger: MessengerId
    """Somebody who never did."""

    async def chat(self) -> str:
        """Id of the dialogue with `user`."""
        ...

    async def screen(self) -> Sequence[Shown]:
        """What `user` sees, oldest first."""
        ...

    async def now(self) -> datetime:
        """The time by which messages are stamped."""
        ...

    async def press(self, payload: str) -> str:
        """Press a button of the newest message; gives the id of the callback."""
        ...

    async def note(self, callback: str) -> str | None:
        """The note shown for a press."""
        ...

    async def expired_callback(self) -> str:
        """A callback nobody can answer any more."""
        ...

    async def stop(self) -> None:
        """`user` stops the bot."""
        ...

    async def refuse_edits(self) -> None:
        """From now on no message can be changed."""
        ...

    async def answer_too_many(self, times: int) -> None:
        """The next calls are refused as too many."""
        ...

    async def break_down(self, times: int) -> None:
        """The next calls fail inside the messenger, before any effect."""
        ...

    async def cut(self, times: int) -> None:
        """The next calls take effect, but their answers are lost."""
        ...


@pytest.mark.anyio
class MessengerContract:
    """Subclass it and give the fixtures `messenger`, `counterpart` and `wrong_token`.

    `wrong_token` is a messenger to the same counterpart whose token is not accepted. The tests run under the pytest
    plug-in of anyio; its fixture `anyio_backend` says on which loop.
    """

    @pytest.fixture
    def messenger(self) -> Messenger:
        """The messenger under test."""
        raise NotImplementedError

    @pytest.fixture
    def counterpart(self) -> Counterpart:
        """Its other side."""
        raise NotImplementedError

    @pytest.fixture
    def wrong_token(self) -> Messenger:
        """A messenger nobody believes."""
        raise NotImplementedError

    async def test_a_message_is_shown_once_with_its_text_and_buttons(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        receipt = await messenger.deliver(Send(user=counterpart.user, message=DOCTORS))
        assert receipt.delivery is Delivery.DONE
        assert await _visible(counterpart) == [DOCTORS]

    async def test_what_looks_like_markup_is_shown_as_it_is(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        assert (await messenger.deliver(Send(user=counterpart.user, message=LIKE_MARKUP))).delivery is Delivery.DONE
        assert await _visible(counterpart) == [LIKE_MARKUP]

    async def test_an_edit_changes_the_message_in_place(self, messenger: Messenger, counterpart: Counterpart) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        receipt = await messenger.deliver(Edit(user=counterpart.user, mid=mid, message=TIMES))
        assert receipt.delivery is Delivery.DONE
        assert list(await counterpart.screen()) == [Shown(mid, TIMES)]

    async def test_an_edit_without_buttons_removes_them(self, messenger: Messenger, counterpart: Counterpart) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        await messenger.deliver(Edit(user=counterpart.user, mid=mid, message=BOOKED))
        assert list(await counterpart.screen()) == [Shown(mid, BOOKED)]

    async def test_an_edit_that_is_refused_becomes_a_new_message(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        await counterpart.refuse_edits()
        receipt = await messenger.deliver(Edit(user=counterpart.user, mid=mid, message=TIMES))
        assert receipt.delivery is Delivery.DONE
        assert await _visible(counterpart) == [DOCTORS, TIMES]

    async def test_an_edit_of_a_message_that_is_gone_becomes_a_new_message(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        receipt = await messenger.deliver(Edit(user=counterpart.user, mid="mid.gone", message=TIMES))
        assert receipt.delivery is Delivery.DONE
        assert await _visible(counterpart) == [TIMES]

    async def test_a_repeated_edit_changes_nothing_more(self, messenger: Messenger, counterpart: Counterpart) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        edit = Edit(user=counterpart.user, mid=mid, message=TIMES)
        await counterpart.cut(1)
        assert (await messenger.deliver(edit)).delivery is Delivery.LATER
        assert (await messenger.deliver(edit)).delivery is Delivery.DONE
        assert list(await counterpart.screen()) == [Shown(mid, TIMES)]

    async def test_a_press_is_answered_with_a_note_any_number_of_times(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        await _sent(messenger, counterpart, DOCTORS)
        callback = await counterpart.press("v1:doctor:2")
        answer = Answer(user=counterpart.user, callback=callback, note="Ищу время")
        assert (await messenger.deliver(answer)).delivery is Delivery.DONE
        assert (await messenger.deliver(answer)).delivery is Delivery.DONE
        assert await counterpart.note(callback) == "Ищу время"
        assert await _visible(counterpart) == [DOCTORS]

    async def test_a_press_that_cannot_be_answered_any_more_is_refused(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        late = Answer(user=counterpart.user, callback=await counterpart.expired_callback(), note="Поздно")
        assert (await messenger.deliver(late)).delivery is Delivery.REFUSED

    async def test_too_many_requests_mean_later_and_nothing_is_shown(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        send = Send(user=counterpart.user, message=DOCTORS)
        await counterpart.answer_too_many(2)
        assert (await messenger.deliver(send)).delivery is Delivery.LATER
        assert (await messenger.deliver(send)).delivery is Delivery.LATER
        assert await _visible(counterpart) == []
        assert (await messenger.deliver(send)).delivery is Delivery.DONE
        assert await _visible(counterpart) == [DOCTORS]

    async def test_a_breakdown_leaves_a_new_message_unknown_and_an_edit_for_later(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        since = await counterpart.now() - MINUTE
        send = Send(user=counterpart.user, chat=await counterpart.chat(), message=BOOKED)
        await counterpart.break_down(2)
        assert (await messenger.deliver(send)).delivery is Delivery.UNKNOWN
        assert (await messenger.deliver(Edit(user=counterpart.user, mid=mid, message=TIMES))).delivery is Delivery.LATER
        assert await messenger.was_sent(send, since) is False
        assert await _visible(counterpart) == [DOCTORS]

    async def test_a_lost_answer_leaves_the_end_unknown_until_one_looks(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        send = Send(user=counterpart.user, chat=await counterpart.chat(), message=DOCTORS)
        since = await counterpart.now() - MINUTE
        await counterpart.cut(1)
        assert (await messenger.deliver(send)).delivery is Delivery.UNKNOWN
        assert await messenger.was_sent(send, since) is True
        assert await _visible(counterpart) == [DOCTORS]

    async def test_an_equal_message_of_long_ago_is_not_taken_for_the_one_in_doubt(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        await _sent(messenger, counterpart, DOCTORS)
        send = Send(user=counterpart.user, chat=await counterpart.chat(), message=DOCTORS)
        assert await messenger.was_sent(send, await counterpart.now() + MINUTE) is False

    async def test_another_screen_of_the_same_words_is_not_taken_for_the_one_in_doubt(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        since = await counterpart.now() - MINUTE
        await _sent(messenger, counterpart, DOCTORS)
        later = Message(DOCTORS.text, ((Button("Другой", "v1:other"),),))
        send = Send(user=counterpart.user, chat=await counterpart.chat(), message=later)
        assert await messenger.was_sent(send, since) is False

    async def test_without_the_chat_nobody_can_tell_whether_it_was_sent(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        since = await counterpart.now() - MINUTE
        await _sent(messenger, counterpart, DOCTORS)
        assert await messenger.was_sent(Send(user=counterpart.user, message=DOCTORS), since) is None

    async def test_somebody_who_stopped_the_bot_is_unreachable(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        await counterpart.stop()
        for outgoing in (
            Send(user=counterpart.user, message=TIMES),
            Edit(user=counterpart.user, mid=mid, message=TIMES),
        ):
            assert (await messenger.deliver(outgoing)).delivery is Delivery.UNREACHABLE
        assert await _visible(counterpart) == [DOCTORS]

    async def test_somebody_who_never_started_the_bot_is_unreachable(
        self, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        receipt = await messenger.deliver(Send(user=counterpart.stranger, message=DOCTORS))
        assert receipt.delivery is Delivery.UNREACHABLE

    async def test_a_wrong_token_is_forbidden_everything(
        self, wrong_token: Messenger, messenger: Messenger, counterpart: Counterpart
    ) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        callback = await counterpart.press("v1:doctor:1")
        for outgoing in (
            Send(user=counterpart.user, message=TIMES),
            Edit(user=counterpart.user, mid=mid, message=TIMES),
            Answer(user=counterpart.user, callback=callback, note="Ищу время"),
        ):
            assert (await wrong_token.deliver(outgoing)).delivery is Delivery.FORBIDDEN
        assert await _visible(counterpart) == [DOCTORS]
        assert await counterpart.note(callback) is None

    @pytest.mark.parametrize("message", FITTING)
    async def test_the_largest_messages_are_shown_whole(
        self, messenger: Messenger, counterpart: Counterpart, message: Message
    ) -> None:
        assert (await messenger.deliver(Send(user=counterpart.user, message=message))).delivery is Delivery.DONE
        assert await _visible(counterpart) == [message]

    @pytest.mark.parametrize("message", OVER_LIMITS)
    async def test_a_message_that_does_not_fit_is_our_fault_and_never_leaves(
        self, messenger: Messenger, counterpart: Counterpart, message: Message
    ) -> None:
        mid = await _sent(messenger, counterpart, DOCTORS)
        with pytest.raises(ValueError, match="expected"):
            await messenger.deliver(Send(user=counterpart.user, message=message))
        with pytest.raises(ValueError, match="expected"):
            await messenger.deliver(Edit(user=counterpart.user, mid=mid, message=message))
        assert await _visible(counterpart) == [DOCTORS]


async def _visible(counterpart: Counterpart) -> list[Message]:
    return [shown.message for shown in await counterpart.screen()]


async def _sent(messenger: Messenger, counterpart: Counterpart, message: Message) -> str:
    """Send *message*; gives its id."""
    assert (await messenger.deliver(Send(user=counterpart.user, message=message))).delivery is Delivery.DONE
    return (await counterpart.screen())[-1].mid
