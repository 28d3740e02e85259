"""What our client asks, as the emulator recorded it, and how each answer and each trouble ends."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from registratura.adapters.sferum.client import LINE, SferumChats, SferumSettings, connect
from registratura.application.ports.chats import Added, Chat, ChatRefused, Participant, RefusalKind, Role
from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock
from tests.integration.max.emulated import NoLimits
from tests.integration.sferum.emulated import ADD, CREATE, TOKEN, Emulated, emulator

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 3, 3, 9, tzinfo=UTC)
TITLE = "ТМК 03.03.2027 09:15"
DOCTOR = Participant("79170000001", Role.DOCTOR)
PATIENT = Participant("79170000002", Role.PATIENT)

Ending = Chat | Added | ChatRefused | Exception


async def made(chats: SferumChats) -> Chat:
    chat = await chats.create(TITLE)
    assert isinstance(chat, Chat)
    return chat


async def ending(call: Callable[[], Awaitable[Ending]]) -> Ending:
    """What a call returns or raises."""
    try:
        return await call()
    except (OutcomeUnknown, Unavailable) as raised:
        return raised


async def test_a_chat_is_asked_for_once_by_form(chats: SferumChats, sferum: Emulated) -> None:
    chat = await made(chats)
    [asked] = sferum.calls()
    assert asked["name"] == CREATE
    assert asked["content_type"] == "application/x-www-form-urlencoded"
    assert asked["fields"] == {"access_token": TOKEN, "type": "telemedicine", "chat_title": TITLE}
    assert (chat.id, chat.link) == (str(sferum.chats()[0]["chat_id"]), sferum.chats()[0]["link"])


async def test_doctor_and_patient_are_added_in_one_call_by_phone(chats: SferumChats, sferum: Emulated) -> None:
    chat = await made(chats)
    assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added()
    [asked] = sferum.calls(ADD)
    fields = dict(asked["fields"])
    assert json.loads(fields.pop("users")) == [
        {"phone": "79170000001", "chat_role": "teacher", "member_role": "admin"},
        {"phone": "79170000002", "chat_role": "student", "member_role": "member"},
    ]
    assert fields == {"access_token": TOKEN, "chat_id": chat.id}


@pytest.mark.parametrize("prefix", ["", "/", "/method", "/method/"])
async def test_the_prefix_is_a_matter_of_the_address(sferum: Emulated, prefix: str) -> None:
    async with connect(SferumSettings(url=sferum.url + prefix, token=TOKEN), NoLimits()) as chats:
        await made(chats)
    [asked] = sferum.calls()
    assert asked["path"] == f"{prefix.rstrip('/')}/{CREATE}"


@pytest.mark.parametrize("shape", ["text", "number", "object"])
async def test_who_is_missing_is_known_in_every_shape(chats: SferumChats, sferum: Emulated, shape: str) -> None:
    chat = await made(chats)
    sferum.faults(failing=[PATIENT.phone], failed_as=shape)
    assert await chats.add(chat.id, [DOCTOR, PATIENT]) == Added(frozenset({PATIENT.phone}))


@pytest.mark.parametrize("code", [1, 6, 9, 10, 29])
async def test_what_vk_asks_to_repeat_is_unavailable(chats: SferumChats, sferum: Emulated, code: int) -> None:
    sferum.faults(error=code)
    for call in (lambda: chats.create(TITLE), lambda: chats.add("1", [DOCTOR])):
        with pytest.raises(Unavailable, match=f"^vk.{code}$"):
            await call()
    assert len(sferum.calls()) == 2, "nothing is repeated inside"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *[(code, RefusalKind.ALARM) for code in (3, 5, 7, 14, 15)],
        *[(code, RefusalKind.BUG) for code in (8, 100)],
    ],
)
async def test_a_refusal_says_whether_to_call_people_or_to_mend_the_call(
    chats: SferumChats, sferum: Emulated, code: int, kind: RefusalKind
) -> None:
    sferum.faults(error=code)
    assert await chats.create(TITLE) == ChatRefused(kind, f"vk.{code}")
    assert await chats.add("1", [DOCTOR]) == ChatRefused(kind, f"vk.{code}")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 500}, "http.500"),
        ({"status": 502}, "http.502"),
        ({"status": 503}, "http.503"),
        ({"page": True}, "answer.malformed"),
        ({"cut": True}, "connection.RemoteProtocolError"),
    ],
    ids=str,
)
async def test_a_lost_answer_is_unknown_for_a_new_chat_and_to_be_repeated_for_people(
    chats: SferumChats, sferum: Emulated, fault: dict[str, object], reason: str
) -> None:
    chat = await made(chats)
    sferum.faults(**fault)
    with pytest.raises(OutcomeUnknown, match=f"^{reason}$"):
        await chats.create(TITLE)
    with pytest.raises(Unavailable, match=f"^{reason}$"):
        await chats.add(chat.id, [DOCTOR])
    sferum.faults()
    assert await chats.add(chat.id, [DOCTOR]) == Added()


async def test_an_answer_that_comes_too_late_leaves_a_chat_behind(sferum: Emulated) -> None:
    sferum.faults(delay_ms=20_000, times=1)
    async with connect(SferumSettings(url=sferum.url, token=TOKEN, total=0.3), NoLimits()) as chats:
        with pytest.raises(OutcomeUnknown, match="connection"):
            await chats.create(TITLE)
    assert [chat["title"] for chat in sferum.chats()] == [TITLE]


async def test_more_than_three_calls_a_second_are_told_to_wait() -> None:
    with emulator(limits=True, clock=lambda: 1000.0) as sferum:
        async with connect(SferumSettings(url=sferum.url, token=TOKEN), NoLimits()) as chats:
            for _ in range(3):
                await made(chats)
            with pytest.raises(Unavailable, match=r"^vk\.6$"):
                await chats.create(TITLE)


async def test_two_processes_keep_the_limit_together() -> None:
    """Ordered at once, they leave one after the other.

    A machine that stands still for a moment lets out at once what was reserved meanwhile, so one may hear that it was
    too much; without a common limit five would.
    """
    throttle = MemoryStorage(MovableClock(NOW))
    with emulator(limits=True) as sferum:
        settings = SferumSettings(url=sferum.url, token=TOKEN)
        async with connect(settings, throttle) as one, connect(settings, throttle) as other:
            endings = await asyncio.gather(*(ending(partial(chats.create, TITLE)) for chats in [one, other] * 4))
        refused = sum(isinstance(end, Unavailable) for end in endings)
        assert len(sferum.chats()) == len(endings) - refused
    assert refused <= 1


async def test_a_place_that_is_far_off_asks_nothing(sferum: Emulated) -> None:
    throttle = MemoryStorage(MovableClock(NOW))
    for _ in range(20):
        await throttle.reserve(LINE)
    async with connect(SferumSettings(url=sferum.url, token=TOKEN), throttle) as chats:
        for call in (partial(chats.create, TITLE), partial(chats.add, "7", [DOCTOR])):
            with pytest.raises(Unavailable, match=r"^throttle\.full$"):
                await call()
    assert sferum.calls() == []


async def test_neither_token_nor_phone_nor_title_nor_link_is_logged_or_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The emulator repeats in its refusals what it was sent, as VK does."""
    caplog.set_level(logging.DEBUG)
    secret = "vk1.a.invented-token"
    told: list[str] = []
    with emulator(token=secret) as sferum:
        async with connect(SferumSettings(url=sferum.url, token=secret, total=2.0), NoLimits()) as chats:
            chat = await made(chats)
            told += [repr(chats), repr(chat)]
            faults: list[dict[str, object]] = [
                {},
                {"failing": [PATIENT.phone]},
                {"error": 5},
                {"error": 6},
                {"error": 100},
                {"status": 500},
                {"page": True},
                {"cut": True},
            ]
            for fault in faults:
                sferum.faults(**fault)
                for call in (lambda: chats.create(TITLE), lambda: chats.add(chat.id, [DOCTOR, PATIENT])):
                    end = await ending(call)
                    told.append("".join(traceback.format_exception(end)) if isinstance(end, Exception) else repr(end))
    told += [record.getMessage() + str(record.args) for record in caplog.records]
    assert any("POST" in words for words in told), "the HTTP client was heard"
    for private in (secret, "7917", "ТМК", chat.link):
        assert [words for words in told if private in words] == []
