"""What a delivery ends with when the line itself fails, over real sockets."""

import asyncio
import socket

import pytest

from registratura.adapters.max.client import MaxSettings, connect
from registratura.application.ports.messenger import Answer, Delivery, Edit, Message, Outgoing, Receipt, Send
from registratura.domain.identifiers import MessengerId
from tests.harness.lines import Behaviour, answer_for_ever, answering, complete, listening, say_nothing
from tests.integration.max.emulated import NoLimits

pytestmark = pytest.mark.anyio

ANNA = MessengerId("1001")
SEND = Send(user=ANNA, message=Message("Напоминание"))
EDIT = Edit(user=ANNA, mid="mid.1", message=Message("Напоминание"))
ANSWER = Answer(user=ANNA, callback="cb", note="Ищу время")


async def delivered(url: str, outgoing: Outgoing) -> Receipt:
    settings = MaxSettings(url=url, token="invented", connect=2.0, read=0.3, total=0.6)
    async with connect(settings, NoLimits()) as messenger, asyncio.timeout(5):
        return await messenger.deliver(outgoing)


LOST: dict[str, Behaviour] = {
    "hangs up": answering(b""),
    "says nothing": say_nothing,
    "never ends": answer_for_ever,
    "half an answer": answering(b"HTTP/1.1 200 OK\nContent-Length: 100\n", b'{"message":'),
    "no HTTP": answering(b"220 smtp.example ESMTP\n"),
    "gibberish": complete(b"abcd", headers=b"Content-Encoding: gzip\n"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST.keys())
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
