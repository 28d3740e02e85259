"""`/metrics` of a worker, which has no other door: a small listener beside its loops."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from registratura.application.ports.backlog import Backlog, Backlogs
from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.metrics import exposition, meters

LOOK_WITHIN = 5.0
"""Seconds in which the database has to say what waits in it."""
PATH = "/metrics"
_TEXT = "text/plain; charset=utf-8"


@contextmanager
def listening(address: str, backlogs: Backlogs) -> Iterator[None]:
    """Answer at *address* (`host:port`; empty is nowhere) while the loop that calls this runs.

    Raises OSError when the port cannot be had.
    """
    if not address:
        yield
        return
    loop = asyncio.get_running_loop()

    def look() -> Mapping[str, Backlog]:
        return asyncio.run_coroutine_threadsafe(backlogs.backlogs(), loop).result(LOOK_WITHIN)

    host, _, port = address.rpartition(":")
    with make_server(host.strip("[]"), int(port), _page(look), server_class=_Server, handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            # Not awaited: who asks at this moment waits for the very loop that stands here.
            Thread(target=server.shutdown, daemon=True).start()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 5

    def log_message(self, *_: object) -> None:
        """Asked every few seconds by machines: not worth a line."""


def _page(look: Callable[[], Mapping[str, Backlog]]) -> Any:  # noqa: ANN401  # WSGI has no types to speak of
    def app(environ: Mapping[str, str], start: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        if environ["PATH_INFO"] != PATH:
            start("404 Not Found", [("Content-Type", _TEXT)])
            return [f"{PATH}\n".encode()]
        backlogs: Mapping[str, Backlog] = {}
        try:
            backlogs = look()
        except (Unavailable, TimeoutError) as fault:
            meters.storage_error(type(fault).__name__)
        start("200 OK", [("Content-Type", exposition.CONTENT_TYPE)])
        return [exposition.page(backlogs)]

    return app
