"""Run a command with PostgreSQL, RabbitMQ and Chromium at hand: `python -m tests.services -- pytest`."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import FrameType

from tests.services import programs
from tests.services.postgres import postgres
from tests.services.processes import ServiceFailedError
from tests.services.rabbitmq import rabbitmq

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Signals never cut this process short, or a service could outlive it: they are remembered and passed on."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._command: subprocess.Popen[bytes] | None = None
        for number in SIGNALS:
            signal.signal(number, self._remember)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run *command* to its end, its own answer to Ctrl-C included; the exit code as a shell would give it."""
        if self.received is None:
            with subprocess.Popen(command, env=environment) as self._command:
                code = self._command.wait()
                return code if code >= 0 else 128 - code
        return 128 + self.received

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        # The terminal tells the whole foreground group of Ctrl-C; other signals reach us alone,
        # and pytest tears its fixtures down only for SIGINT.
        if number != signal.SIGINT and self._command is not None:
            self._command.send_signal(signal.SIGINT)


def main(arguments: Sequence[str]) -> int:
    """Start what is missing, run the command, stop what was started; the exit code is the command's."""
    dashes, *command = arguments or [""]
    if dashes != "--" or not command:
        print("usage: python -m tests.services -- COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    interruption = Interruption()
    try:
        with contextlib.ExitStack() as started:
            return interruption.run(command, _prepare(started))
    except ServiceFailedError as failed:
        print(failed, file=sys.stderr)
        return 1


def _prepare(started: contextlib.ExitStack) -> Mapping[str, str]:
    """The environment of the command, with every service it names running until *started* is closed."""
    if missing := _missing():
        programs.provide(missing)
    if missing := _missing():
        raise ServiceFailedError(f"{', '.join(missing)} cannot be found even after the installation.")
    wanted: dict[str, AbstractContextManager[str]] = {}
    if (binaries := programs.postgres_binaries()) and not os.environ.get(programs.POSTGRES_URL):
        wanted[programs.POSTGRES_URL] = postgres(binaries)
    if (broker := programs.rabbitmq_programs()) and not os.environ.get(programs.AMQP_URL):
        wanted[programs.AMQP_URL] = rabbitmq(*broker)
    began = time.monotonic()
    # Entered together, so that whatever did start is stopped even when another one fails.
    with ThreadPoolExecutor() as pool:
        starting = {name: pool.submit(started.enter_context, service) for name, service in wanted.items()}
    services = {name: start.result() for name, start in starting.items()}
    for name, url in services.items():
        print(f"{name}={url}")
    print(f"services ready after {time.monotonic() - began:.1f} s", flush=True)
    browser = os.environ.get(programs.CHROMIUM_PATH) or str(programs.chromium_program())
    return {**os.environ, **services, programs.CHROMIUM_PATH: browser}


def _missing() -> list[str]:
    """What is neither given by an environment variable nor found on this machine."""
    needs: list[tuple[str, str, Callable[[], object]]] = [
        (programs.POSTGRES, programs.POSTGRES_URL, programs.postgres_binaries),
        (programs.RABBITMQ, programs.AMQP_URL, programs.rabbitmq_programs),
        (programs.CHROMIUM, programs.CHROMIUM_PATH, programs.chromium_program),
    ]
    return [what for what, variable, find in needs if not os.environ.get(variable) and find() is None]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
