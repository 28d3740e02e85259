"""How a call ends when the line itself fails or a stranger answers, over real sockets."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import pytest

from registratura.adapters.sferum.client import SferumChats, SferumSettings, connect
from registratura.application.ports.chats import Added, Chat, ChatRefused, Participant, RefusalKind, Role
from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from tests.harness.lines import Behaviour, answer_for_ever, answering, complete, listening, say_nothing
from tests.integration.max.emulated import NoLimits

pytestmark = pytest.mark.anyio

DOCTOR = Participant("79170000001", Role.DOCTOR)
CHAT = b'{"response":{"chat_id":7,"invite_link":"https://max.ru/join/k7Q","all_can_post":true}}'


@contextlib.asynccontextmanager
async def met_by(behaviour: Behaviour, scheme: str = "http") -> AsyncIterator[SferumChats]:
    """Our client at a counterpart that behaves so."""
    async with listening(behaviour) as address:
        url = f"{scheme}://{address}"
        settings = SferumSettings(url=url, token="invented", connect=2.0, total=0.6, largest=1000)
        async with connect(settings, NoLimits()) as chats, asyncio.timeout(10):
            yield chats


async def test_what_a_counterpart_of_three_lines_says_is_understood() -> None:
    async with met_by(complete(CHAT)) as chats:
        assert await chats.create("ТМК") == Chat("7", "https://max.ru/join/k7Q")
    async with met_by(complete(b'{"response":{"failed_users":[],"queued_users":[]}}')) as chats:
        assert await chats.add("7", [DOCTOR]) == Added()


LOST: dict[str, Behaviour] = {
    "hangs up": answering(b""),
    "says nothing": say_nothing,
    "never ends": answer_for_ever,
    "half an answer": answering(b"HTTP/1.1 200 OK\nContent-Length: 100\n", b'{"response":'),
    "no HTTP": answering(b"220 smtp.example ESMTP\n"),
    "gibberish": complete(b"\xff\xfe\x00"),
    "an empty body": complete(b""),
    "too large": complete(CHAT[:-1] + b" " * 1000 + b"}"),
    "packed": complete(gzip.compress(CHAT), headers=b"Content-Encoding: gzip\n"),
    "a foreign page": complete(b"<html>", headers=b"Content-Type: text/html\n"),
    "a chat without a link": complete(b'{"response":{"chat_id":7}}'),
    "a gateway that gave up": complete(b"<html>", b"504 Gateway Timeout"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST.keys())
async def test_a_call_that_left_is_unknown_for_a_new_chat_and_to_be_repeated_for_people(behaviour: Behaviour) -> None:
    async with met_by(behaviour) as chats:
        with pytest.raises(OutcomeUnknown):
            await chats.create("ТМК")
        with pytest.raises(Unavailable):
            await chats.add("7", [DOCTOR])


@pytest.mark.parametrize("status", [b"301 Moved Permanently", b"403 Forbidden", b"404 Not Found"])
async def test_a_door_before_the_methods_is_an_alarm_and_is_not_walked_around(status: bytes) -> None:
    elsewhere = complete(b"<html>", status, b"Location: /elsewhere\n")
    reason = f"http.{status[:3].decode()}"
    async with met_by(elsewhere) as chats:
        assert await chats.create("ТМК") == ChatRefused(RefusalKind.ALARM, reason)
        assert await chats.add("7", [DOCTOR]) == ChatRefused(RefusalKind.ALARM, reason)


async def test_a_counterpart_that_cannot_prove_who_it_is_gets_nothing() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with met_by(listen, "https") as chats:
        with pytest.raises(Unavailable):
            await chats.create("ТМК")
    assert b"invented" not in heard


async def test_every_call_has_a_connection_of_its_own_even_where_the_last_one_could_be_kept() -> None:
    met = 0

    async def keep_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await complete(CHAT)(reader, writer)

    async with met_by(keep_open) as chats:
        await chats.create("ТМК")
        await chats.create("ТМК")
    assert met == 2


async def test_answers_are_asked_for_as_they_are() -> None:
    """Where a proxy packs whatever it may, an answer is still read."""

    async def pack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        accepted = asked.lower().split(b"accept-encoding: ")[1].split(b"\r\n")[0]
        body = gzip.compress(CHAT) if b"gzip" in accepted else CHAT
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with met_by(pack) as chats:
        assert isinstance(await chats.create("ТМК"), Chat)
