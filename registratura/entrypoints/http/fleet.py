"""`serve --workers N`: processes that share one listener; one that dies is replaced, and all stop together."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import attrs
from uvicorn.config import STARTUP_FAILURE

from registratura.entrypoints.composition import compose
from registratura.entrypoints.http.app import Deferred
from registratura.entrypoints.http.serving import Server
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.settings import load_settings

log = logging.getLogger(__name__)

BEFORE_REPLACING = 1.0
"""Seconds, so that a fault of every process does not become a storm of starts."""
_SPAWN = multiprocessing.get_context("spawn")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@attrs.define(eq=False)
class _Worker:
    process: SpawnProcess
    leash: Connection
    """Closing it tells the process to drain; so does the end of this one."""

    @classmethod
    def start(cls, listener: socket.socket) -> "_Worker":
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(listener, theirs), daemon=False)
        process.start()
        theirs.close()
        return cls(process, ours)


@attrs.define
class Fleet:
    """*size* processes that serve what comes to *listener*."""

    listener: socket.socket
    size: int
    _workers: list[_Worker] = attrs.field(factory=list, init=False)
    _stop: "tuple[Connection, Connection]" = attrs.field(factory=_SPAWN.Pipe, init=False)

    def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; False when a process could not even begin. A second signal kills all."""
        for name in _SIGNALS:
            signal.signal(name, lambda *_: self._asked_to_stop())
        self._workers = [_Worker.start(self.listener) for _ in range(self.size)]
        well = self._look_after()
        # The last of the workers that closes it too ends the listening.
        self.listener.close()
        for worker in self._workers:
            worker.leash.close()
        for worker in self._workers:
            worker.process.join()
        return well

    def _asked_to_stop(self) -> None:
        for name in _SIGNALS:
            signal.signal(name, lambda sig, _: self._asked_again(sig))
        self._stop[1].send_bytes(b".")

    def _asked_again(self, sig: int) -> None:
        for worker in self._workers:
            worker.process.kill()
        signal.signal(sig, signal.SIG_DFL)
        signal.raise_signal(sig)

    def _look_after(self) -> bool:
        stop = self._stop[0]
        while True:
            ended = wait([stop, *(worker.process.sentinel for worker in self._workers)])
            if stop in ended:
                return True
            for number, worker in enumerate(self._workers):
                if worker.process.exitcode is None:
                    continue
                log.error("serve.worker_ended", extra={"exit_code": worker.process.exitcode})
                worker.leash.close()
                if worker.process.exitcode == STARTUP_FAILURE:
                    del self._workers[number]
                    return False
                if stop.poll(BEFORE_REPLACING):
                    return True
                self._workers[number] = _Worker.start(self.listener)


def _serve(listener: socket.socket, leash: Connection) -> None:
    """One process. Signals are the parent's business: a terminal sends them to everybody."""
    for name in _SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    set_up_logging()
    settings = load_settings(os.environ, Path.cwd())
    server = _Led(Deferred(lambda: compose(settings)), drain_seconds=settings.http.drain_seconds)
    threading.Thread(target=server.follow, args=(leash,), daemon=True).start()
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(STARTUP_FAILURE)


class _Led(Server):
    """A server that stops when its parent says so, or is gone."""

    def follow(self, leash: Connection) -> None:
        """Wait for the end of the leash."""
        wait([leash])
        self.drain()

    def handle_exit(self, *_: object) -> None:
        """Signals mean nothing here."""
