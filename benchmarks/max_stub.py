"""A MAX that says yes to everything and counts: the emulator would need more of the machine than what is measured."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import attrs

OK = b'{"success": true, "subscriptions": []}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(OK), OK)


@attrs.define
class MaxStub:
    """What it was asked: moments of all calls, and of messages by person."""

    calls: list[float] = attrs.field(factory=list)
    to_person: dict[str, list[float]] = attrs.field(factory=dict)
    routes: Counter[str] = attrs.field(factory=Counter)

    @property
    def busiest_second(self) -> int:
        """The most calls within any second: MAX allows 30."""
        return _most_within(self.calls, 1.0)

    @property
    def busiest_chat(self) -> int:
        """The most new messages to one person within any second: MAX allows 2."""
        return max((_most_within(moments, 1.0) for moments in self.to_person.values()), default=0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it is closed."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                lengths = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
                await reader.readexactly(int(lengths[0]) if lengths else 0)
                self._count(head[0])
                writer.write(ANSWER)
        writer.close()

    def _count(self, request: str) -> None:
        method, target, _ = request.split(" ")
        parts = urlsplit(target)
        now = monotonic()
        self.calls.append(now)
        self.routes[f"{method} {parts.path}"] += 1
        for person in parse_qs(parts.query).get("user_id", []):
            self.to_person.setdefault(person, []).append(now)


@contextlib.asynccontextmanager
async def serving(port: int) -> AsyncIterator[MaxStub]:
    """The stub on a loopback port."""
    stub = MaxStub()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", port)
    try:
        yield stub
    finally:
        server.close()


def _most_within(moments: list[float], seconds: float) -> int:
    """The most of *moments*, in order, that lie within a span."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
