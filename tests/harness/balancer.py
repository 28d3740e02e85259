"""A balancer that obeys `/readyz`: the next ready server gets a request, and none gets one that was sent already."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import attrs
import httpx

from tests.harness.waiting import until

CHECK_EVERY = 0.2
"""Seconds between two looks at whether a server is ready."""


@attrs.define
class Balancer:
    """Spreads requests over *servers*, with connections that are kept and used again."""

    servers: Sequence[httpx.Client]
    headers: dict[str, str] = attrs.field(repr=False)
    _ready: set[int] = attrs.field(factory=set)
    _turn: "count[int]" = attrs.field(factory=count)
    _ended: threading.Event = attrs.field(factory=threading.Event)

    def request(self, method: str, path: str, *, headers: dict[str, str], **more: Any) -> httpx.Response:
        """Send to the next ready server; raises `httpx.TransportError` for what may have been sent and got lost."""
        while True:
            ready = until(lambda: sorted(self._ready), "any server to be ready")
            chosen = ready[next(self._turn) % len(ready)]
            try:
                return self.servers[chosen].request(method, path, headers=self.headers | headers, **more)
            except httpx.ConnectError:
                self._ready.discard(chosen)

    def await_all(self) -> None:
        """Return once every server gets requests."""
        until(lambda: len(self._ready) == len(self.servers), "all servers to be ready")

    def watch(self) -> None:
        """Ask every server whether it is ready, until it is over."""
        while not self._ended.wait(CHECK_EVERY):
            for number, server in enumerate(self.servers):
                (self._ready.add if _is_ready(server) else self._ready.discard)(number)

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()


def _is_ready(server: httpx.Client) -> bool:
    try:
        return server.get("/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def balancing(addresses: Sequence[str], headers: dict[str, str]) -> Iterator[Balancer]:
    """A balancer over the servers at *addresses*, which sends *headers* with every request."""
    with contextlib.ExitStack() as ending:
        clients = [httpx.Client(base_url=address, trust_env=False, timeout=30) for address in addresses]
        balancer = Balancer([ending.enter_context(client) for client in clients], headers)
        watching = threading.Thread(target=balancer.watch)
        watching.start()
        try:
            balancer.await_all()
            yield balancer
        finally:
            balancer.end()
            watching.join()
