"""Programs as a region's operator runs them: started, awaited, stopped, killed at any moment, their words kept."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs
import httpx

from tests.harness.waiting import LOOK_EVERY

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "registratura"
START_SECONDS = 60.0
STOP_SECONDS = 25.0
_RESERVED: set[int] = set()


def free_port() -> int:
    """A loopback port nobody listens on, and that was not given out before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _RESERVED:
            _RESERVED.add(port)
            return port


def answers(url: str) -> bool:
    """Whether *url* is answered with 200."""
    try:
        return httpx.get(url, trust_env=False, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a program sees: nothing of the developer's own settings."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**plain, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **settings}


@attrs.define
class Program:
    """One program with a file for everything it says; may be started again after its end."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    settings: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    ready: Callable[[], bool] = lambda: True
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Both of its outputs."""
        return self.folder / f"{self.name}.log"

    def words(self) -> str:
        """Everything it has said so far, through all its lives."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def start(self) -> None:
        """Start it without waiting."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in self.command],
                cwd=self.folder,
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def await_ready(self) -> None:
        """Return once it is ready; its last words stand in the failure if it never is."""
        end = time.monotonic() + START_SECONDS
        while not self.ready():
            assert self.runs, f"{self.name} ended at once:\n{self.words()[-2000:]}"
            assert time.monotonic() < end, f"{self.name} was not ready in time:\n{self.words()[-2000:]}"
            time.sleep(LOOK_EVERY)

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        if self._process is not None and self.runs:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal without waiting for what it does."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask it to end and give its exit code; None when it was not running."""
        if self._process is None:
            return None
        if self.runs:
            self._process.send_signal(by)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop when asked:\n{self.words()[-2000:]}") from None


def run(
    *arguments: str | Path, settings: Mapping[str, str], folder: Path, data: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """The command `registratura` with *arguments*, to its end; *data* goes to its standard input."""
    done = subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        cwd=folder,
        env=environment(settings),
        input=data,
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
