"""What every adapter of chats promises (`registratura.application.ports.chats`)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pytest

from registratura.application.ports.chats import (
    Added,
    Chat,
    ChatRefused,
    Chats,
    Participant,
    RefusalKind,
    Role,
)
from registratura.application.ports.failures import OutcomeUnknown, Unavailable

TITLE = "ТМК 03.03.2027 09:15"
LONG = "ТМК 03.03.2027 09:15, " + "отделение телемедицинских консультаций " * 30
DOCTOR = Participant("79170000001", Role.DOCTOR)
PATIENT = Participant("79170000002", Role.PATIENT)
LATECOMER = Participant("79170000003", Role.PATIENT)
"""Whom the other side lets in later."""


class Counterpart(Protocol):
    """The other side: the chats as their people see them, and switches for trouble on the way."""

    async def titles(self) -> Sequence[str]:
        """The titles of all chats made since the test began, oldest first."""
        ...

    async def people(self, chat_id: str) -> Mapping[str, Role]:
        """Who is in the chat, by phone; not those who are let in later."""
        ...

    async def leave_out(self, *phones: str) -> None:
        """From now on these and no others cannot be added."""
        ...

    async def answer_too_many(self, times: int) -> None:
        """The next calls are refused as too many."""
        ...

    async def lose_answer(self) -> None:
        """The next call has its effect and its answer is lost."""
        ...


@pytest.mark.anyio
class ChatsContract:
    """Subclass it and give the fixtures `chats`, `counterpart`, `denied` and `unreachable`.

    `denied` are chats at the same counterpart whose token is not accepted, `unreachable` are chats to where nobody
    listens. The counterpart lets `LATECOMER` in later. The tests run under the pytest plug-in of anyio; its fixture
    `anyio_backend` says on which loop.
    """

    @pytest.fixture
    def chats(self) -> Chats:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def counterpart(self) -> Counterpart:
        """Its other side."""
        raise NotImplementedError

    @pytest.fixture
    def denied(self) -> Chats:
        """Chats nobody believes."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> Chats:
        """Chats without a connection."""
        raise NotImplementedError

    async def test_a_chat_has_an_id_a_link_and_its_title_and_nobody_in_it(
        self, chats: Chats, counterpart: Counterpart
    ) -> None:
        chat = await _made(chats)
        assert chat.id
        assert chat.link.startswith(("https://", "http://"))
        assert await counterpart.titles() == [TITLE]
        assert await counterpart.people(chat.id) == {}

    async def test_every_call_makes_another_chat(self, chats: Chats, counterpart: Counterpart) -> None:
        one, two = await _made(chats), await _made(chats)
        assert one.id != two.id
        assert one.link != two.link
        assert await counterpart.titles() == [TITLE, TITLE]

    async def test_a_long_title_makes_a_chat_that_can_be_recognised(
        self, chats: Chats, counterpart: Counterpart
    ) -> None:
        assert isinstance(await chats.create(LONG), Chat)
        [title] = await counterpart.titles()
        assert title.startswith("ТМК 03.03.2027 09:15, отделение")

    @pytest.mark.parametrize("title", ["", " \n"])
    async def test_a_title_without_words_is_our_fault_and_never_leaves(
        self, chats: Chats, counterpart: Counterpart, title: str
    ) -> None:
        with pytest.raises(ValueError, match="expected"):
            await chats.create(title)
        assert await counterpart.titles() == []

    async def test_doctor_and_patient_are_let_in_as_what_they_are(self, chats: Chats, counterpart: Counterpart) -> None:
        chat = await _made(chats)
        assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added()
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR, PATIENT.phone: Role.PATIENT}

    async def test_who_is_in_already_stays_and_is_no_failure(self, chats: Chats, counterpart: Counterpart) -> None:
        chat = await _made(chats)
        await chats.add(chat.id, [DOCTOR])
        assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added()
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR, PATIENT.phone: Role.PATIENT}

    async def test_who_cannot_be_added_is_missing_until_they_can(self, chats: Chats, counterpart: Counterpart) -> None:
        chat = await _made(chats)
        await counterpart.leave_out(PATIENT.phone)
        assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added(frozenset({PATIENT.phone}))
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR}
        await counterpart.leave_out()
        assert await chats.add(chat.id, [PATIENT]) == Added()
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR, PATIENT.phone: Role.PATIENT}

    async def test_who_is_let_in_later_is_not_missing(self, chats: Chats, counterpart: Counterpart) -> None:
        chat = await _made(chats)
        assert await chats.add(chat.id, [DOCTOR, LATECOMER]) == Added()
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR}

    async def test_with_nobody_to_add_nothing_is_asked(self, unreachable: Chats) -> None:
        assert await unreachable.add("1", []) == Added()

    async def test_a_chat_nobody_made_is_a_mistake_of_ours(self, chats: Chats) -> None:
        refused = await chats.add("1", [DOCTOR])
        assert isinstance(refused, ChatRefused)
        assert refused.kind is RefusalKind.BUG

    async def test_a_wrong_token_is_an_alarm_and_does_nothing(
        self, denied: Chats, chats: Chats, counterpart: Counterpart
    ) -> None:
        chat = await _made(chats)
        for refused in (await denied.create(TITLE), await denied.add(chat.id, [DOCTOR])):
            assert isinstance(refused, ChatRefused)
            assert refused.kind is RefusalKind.ALARM
        assert await counterpart.titles() == [TITLE]
        assert await counterpart.people(chat.id) == {}

    async def test_without_a_connection_nothing_happened_and_it_says_so(
        self, unreachable: Chats, counterpart: Counterpart
    ) -> None:
        with pytest.raises(Unavailable):
            await unreachable.create(TITLE)
        with pytest.raises(Unavailable):
            await unreachable.add("1", [DOCTOR])
        assert await counterpart.titles() == []

    async def test_too_many_calls_do_nothing_and_may_be_repeated(self, chats: Chats, counterpart: Counterpart) -> None:
        await counterpart.answer_too_many(1)
        with pytest.raises(Unavailable):
            await chats.create(TITLE)
        assert await counterpart.titles() == []
        chat = await _made(chats)
        await counterpart.answer_too_many(1)
        with pytest.raises(Unavailable):
            await chats.add(chat.id, [DOCTOR])
        assert await counterpart.people(chat.id) == {}
        assert await chats.add(chat.id, [DOCTOR]) == Added()

    async def test_a_lost_answer_leaves_a_new_chat_unknown_and_adding_to_be_repeated(
        self, chats: Chats, counterpart: Counterpart
    ) -> None:
        await counterpart.lose_answer()
        with pytest.raises(OutcomeUnknown):
            await chats.create(TITLE)
        assert await counterpart.titles() == [TITLE]
        chat = await _made(chats)
        await counterpart.lose_answer()
        with pytest.raises(Unavailable):
            await chats.add(chat.id, [DOCTOR, PATIENT])
        assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added()
        assert await counterpart.people(chat.id) == {DOCTOR.phone: Role.DOCTOR, PATIENT.phone: Role.PATIENT}


async def _made(chats: Chats) -> Chat:
    chat = await chats.create(TITLE)
    assert isinstance(chat, Chat)
    return chat
