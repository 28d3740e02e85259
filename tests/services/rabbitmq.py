"""A RabbitMQ node of its own: own name, cookie, epmd and folders, loopback only, no plugins."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.services.processes import LOOPBACK, answers, free_port, scratch_folder, servant, server

AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
CONNECTION_START = b"\x00\x0a\x00\x0a"


@contextlib.contextmanager
def rabbitmq(program: Path, epmd: Path) -> Iterator[str]:
    """Start a node; yields its AMQP URL (user guest, virtual host /)."""
    user = servant("rabbitmq")
    port, dist_port, epmd_port = free_port(), free_port(), free_port()
    with scratch_folder("rabbitmq", user) as folder:
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = {LOOPBACK}:{port}\ndisk_free_limit.absolute = 50MB\n")
        (folder / "enabled_plugins").write_text("[].\n")
        environment = {
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_BASE": str(folder),
            # A file that is not there: settings of the packaged node must not leak in.
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(dist_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_NODENAME": f"registratura-{port}@localhost",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        with (
            # Started here, or the node would leave a daemon behind that nobody owns.
            server(
                [epmd, "-port", str(epmd_port), "-address", LOOPBACK],
                folder=folder,
                ready=lambda: answers(epmd_port),
                user=user,
                environment=environment,
            ),
            server(
                [program],
                folder=folder,
                ready=lambda: _speaks_amqp(port),
                user=user,
                environment=environment,
            ),
        ):
            yield f"amqp://guest:guest@{LOOPBACK}:{port}/"


def _speaks_amqp(port: int) -> bool:
    """Whether the node greets back; the port opens a little earlier than the broker is up."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            connection.sendall(AMQP_GREETING)
            return CONNECTION_START in connection.recv(64)
    except OSError:
        return False
