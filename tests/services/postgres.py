"""A small PostgreSQL cluster of its own, as durable as a real one."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.services.processes import LOOPBACK, ServiceFailedError, answers, free_port, scratch_folder, servant, server

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


@contextlib.contextmanager
def postgres(binaries: Path, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start a cluster made by *binaries*, with *more* settings; yields the URL of its maintenance database."""
    user = servant("postgres")
    port = free_port()
    with scratch_folder("postgres", user) as folder:
        data = folder / "data"
        _create_cluster(binaries, data, user)
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **(more or {}), "port": str(port)}.items()]
        command = [str(binaries / "postgres"), "-D", str(data), *options]

        def ready() -> bool:
            # The last line of the file tells the state long before a client could ask for it.
            state = data / "postmaster.pid"
            return state.exists() and state.read_text().rstrip().endswith("ready") and answers(port)

        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        with server(command, folder=folder, ready=ready, user=user, stop_signal=signal.SIGINT):
            yield f"postgresql+psycopg://{OWNER}@{LOOPBACK}:{port}/postgres"


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
