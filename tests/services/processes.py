"""Servers of a test run: started in their own folders on free loopback ports, stopped by process id."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


class ServiceFailedError(Exception):
    """A service could not be found, installed or started; the message says what to do."""


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def servant(*names: str) -> str | None:
    """The user to run a server as: the first existing of *names* for root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in known)


@contextlib.contextmanager
def scratch_folder(name: str, user: str | None) -> Iterator[Path]:
    """A temporary folder that belongs to *user* and is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"registratura-{name}-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def server(
    command: Sequence[str | Path],
    *,
    folder: Path,
    ready: Callable[[], bool],
    user: str | None,
    environment: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """Run *command* in *folder* until the block ends; enter the block, with its process id, once *ready* says yes.

    The server leads a session of its own, so Ctrl-C reaches the tests first and the server only when it is stopped.

    Raises:
        ServiceFailedError: it ended or was not ready in time; the message ends with its last words.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            extra_groups=None if user is None else [],
        )
    try:
        _await_ready(process, ready, log)
        yield process.pid
    finally:
        _stop(process, stop_signal)


def _await_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            message = f"ended at once with code {process.returncode}"
        elif time.monotonic() > deadline:
            message = f"was not ready after {START_SECONDS:.0f} s"
        else:
            time.sleep(POLL_SECONDS)
            continue
        last_words = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise ServiceFailedError(f"{process.args!r} {message}:\n{last_words}")


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """Ask the server to end, then make its whole session end: the leader's id names the group."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children(pid: int) -> list[int]:
    """The processes that the process *pid* has begun and that have not ended."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def await_end(pids: Sequence[int]) -> None:
    """Return when none of *pids* runs any more."""
    deadline = time.monotonic() + STOP_SECONDS
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise ServiceFailedError(f"killed, and still there: {[pid for pid in pids if _runs(pid)]}")
        time.sleep(POLL_SECONDS)


def _runs(pid: int) -> bool:
    try:
        # The name, in brackets, may hold anything; the state is the first word after it.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
