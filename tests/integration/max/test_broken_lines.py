"""What a delivery ends with when the line itself fails, over real sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from registratura.adapters.max.client import MaxSettings, connect
from registratura.application.ports.messenger import Answer, Delivery, Edit, Message, Outgoing, Receipt, Send
from registratura.domain.identifiers import MessengerId
from tests.integration.max.emulated import NoLimits

pytestmark = pytest.mark.anyio

ANNA = MessengerId("1001")
SEND = Send(user=ANNA, message=Message("Напоминание"))
EDIT = Edit(user=ANNA, mid="mid.1", message=Message("Напоминание"))
ANSWER = Answer(user=ANNA, callback="cb", note="Ищу время")

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def answer_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each byte comes in time, the whole never."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)


async def answer_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"message":')


async def answer_no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 smtp.example ESMTP\r\n")


async def answer_gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")


@contextlib.asynccontextmanager
async def listening(behaviour: Behaviour) -> AsyncIterator[str]:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def delivered(url: str, outgoing: Outgoing) -> Receipt:
    settings = MaxSettings(url=url, token="invented", connect=2.0, read=0.3, total=0.6)
    async with connect(settings, NoLimits()) as messenger, asyncio.timeout(5):
        return await messenger.deliver(outgoing)


@pytest.mark.parametrize(
    "behaviour", [hang_up, say_nothing, answer_for_ever, answer_half, answer_no_http, answer_gibberish]
)
async def test_a_request_that_left_ends_unknown_for_a_new_message_and_later_for_the_rest(behaviour: Behaviour) -> None:
    async with listening(behaviour) as address:
        ends = [(await delivered(f"http://{address}", outgoing)).delivery for outgoing in (SEND, EDIT, ANSWER)]
    assert ends == [Delivery.UNKNOWN, Delivery.LATER, Delivery.LATER]


async def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for outgoing in (SEND, EDIT, ANSWER):
            assert (await delivered(url, outgoing)).delivery is Delivery.LATER


async def test_a_counterpart_that_cannot_prove_who_it_is_gets_nothing() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(listen) as address:
        receipt = await delivered(f"https://{address}", SEND)
    assert receipt.delivery is Delivery.LATER
    assert b"invented" not in heard
