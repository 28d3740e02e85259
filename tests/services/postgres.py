"""A small PostgreSQL cluster of its own, as durable as a real one."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from tests.services.processes import (
    LOOPBACK,
    ServiceFailedError,
    answers,
    await_end,
    children,
    free_port,
    scratch_folder,
    servant,
    server,
)

OWNER = "registratura"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # Tests of durability mean it: a commit is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
}


@attrs.define
class Cluster:
    """A cluster in *folder* that may be started, killed and started again on the same data."""

    folder: Path
    binaries: Path
    user: str | None
    port: int
    settings: Mapping[str, str]
    _pid: int | None = None
    _running: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of its maintenance database."""
        return f"postgresql+psycopg://{OWNER}@{LOOPBACK}:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        data = self.folder / "data"
        options = [f"--{name}={value}" for name, value in {**self.settings, "port": str(self.port)}.items()]

        def ready() -> bool:
            # The last line of the file tells the state long before a client could ask for it.
            state = data / "postmaster.pid"
            return state.exists() and state.read_text().rstrip().endswith("ready") and answers(self.port)

        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        self._pid = self._running.enter_context(
            server(
                [str(self.binaries / "postgres"), "-D", str(data), *options],
                folder=self.folder,
                ready=ready,
                user=self.user,
                stop_signal=signal.SIGINT,
            )
        )

    def stop(self) -> None:
        """Shut it down, if it runs."""
        self._running.close()

    def kill(self) -> None:
        """End the server and all its processes by SIGKILL, as a power cut would."""
        assert self._pid is not None, "it was never started"
        # Held, so that it makes no new processes while they are counted.
        os.kill(self._pid, signal.SIGSTOP)
        family = [self._pid, *children(self._pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._running.close()
        await_end(family)


@contextlib.contextmanager
def cluster(binaries: Path, more: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A new cluster with *more* settings, not started; it is stopped and removed at the end."""
    user = servant("postgres")
    with scratch_folder("postgres", user) as folder:
        _create_cluster(binaries, folder / "data", user)
        made = Cluster(folder, binaries, user, free_port(), {**SETTINGS, **(more or {})})
        try:
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def postgres(binaries: Path, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start a cluster made by *binaries*, with *more* settings; yields the URL of its maintenance database."""
    with cluster(binaries, more) as made:
        made.start()
        yield made.url


def _create_cluster(binaries: Path, data: Path, user: str | None) -> None:
    made = subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={data}",
            f"--username={OWNER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ],
        cwd=data.parent,
        user=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise ServiceFailedError(f"initdb failed:\n{made.stdout}{made.stderr}")
