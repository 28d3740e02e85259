"""`serve` in one process: how it listens, how long it waits for whom, and how it stops."""

import asyncio
import signal
import socket
from time import monotonic
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from registratura.entrypoints.http.app import Deferred
from registratura.entrypoints.http.deadlines import ANSWER_WITHIN

HEAD_WITHIN = 10
"""Seconds in which the head of a request has to come, from its first byte or from the connection's beginning."""
HEAD_LIMIT = 64 * 1024
"""Bytes that the head may have, its address included."""
KEEP_ALIVE = 15
"""Seconds after which a connection without requests is closed."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to heads that are endless or never end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect a request."""
        super().connection_made(transport)
        self._head = 0
        self._patience: asyncio.TimerHandle | None = None
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_expecting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; close the connection when a head grows without an end."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.scope is self.scope:
            self._stop_expecting()
            return
        self._expect_head()
        self._head += len(data)
        if self._head > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def _expect_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _stop_expecting(self) -> None:
        self._head = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Server(uvicorn.Server):
    """Serves on for a while after it was asked to stop, so that a balancer that obeys `/readyz` loses nothing."""

    def __init__(self, app: Deferred, *, host: str = "127.0.0.1", port: int = 8000, drain_seconds: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=BoundedProtocol,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=int(ANSWER_WITHIN),
            )
        )
        self._draining = app.draining
        self._drain_seconds = drain_seconds
        self._closes_at: float | None = None

    def drain(self) -> None:
        """Be no longer ready, and stop listening when the balancer has had time to see it."""
        self._draining.begun = True
        self._closes_at = monotonic() + self._drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature of uvicorn
        """The first signal drains; the next one is left to the system and ends the process at once."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        self.drain()

    async def on_tick(self, counter: int) -> bool:
        """Look every tenth of a second whether it is time to close."""
        if self._closes_at is not None and monotonic() >= self._closes_at:
            self.should_exit = True
        return await super().on_tick(counter)


def listening(host: str, port: int) -> socket.socket:
    """A socket that several processes may share; raises OSError when the port cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    return listener
