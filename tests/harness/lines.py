"""Counterparts on real sockets that answer as broken lines and strangers do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(head: bytes, body: bytes = b"") -> Behaviour:
    """Read the whole request, send these bytes, if any, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(asked.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        if head:
            writer.write(head.replace(b"\n", b"\r\n") + b"\r\n" + body)
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    return answer


def complete(body: bytes, status: bytes = b"200 OK", headers: bytes = b"") -> Behaviour:
    return answering(b"HTTP/1.1 %b\nContent-Length: %d\n%b" % (status, len(body), headers), body)


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


@contextlib.asynccontextmanager
async def listening(behaviour: Behaviour) -> AsyncIterator[str]:
    """The address of a counterpart that meets every connection so."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
