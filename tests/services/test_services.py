"""The services of `make test` are what the tests believe them to be."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy

from tests.services import programs
from tests.services.processes import ServiceFailedError, free_port, scratch_folder, server

NOTHING_TO_START = {
    programs.POSTGRES_URL: "postgresql://given",
    programs.AMQP_URL: "amqp://given",
    programs.CHROMIUM_PATH: "/given",
}


def run_with_services(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.services", "--", *command],
        env=NOTHING_TO_START,
        stdout=subprocess.PIPE,
        text=True,
    )


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


def test_the_exit_code_is_the_commands() -> None:
    with run_with_services("sh", "-c", "exit 7") as run:
        assert run.wait() == 7


def test_the_command_sees_the_addresses() -> None:
    with run_with_services("sh", "-c", "env") as run:
        seen = run.communicate()[0].splitlines()
    assert {f"{name}={value}" for name, value in NOTHING_TO_START.items()} <= set(seen)


def test_a_request_to_end_reaches_the_command_as_ctrl_c() -> None:
    with run_with_services("sh", "-c", "trap 'exit 9' INT; echo started; while :; do read never; done") as run:
        assert run.stdout is not None
        assert any("started" in line for line in iter(run.stdout.readline, ""))
        run.send_signal(signal.SIGTERM)
        assert run.wait() == 9


def test_advice_names_the_packages_and_the_variables() -> None:
    said = programs.advice([programs.POSTGRES, programs.RABBITMQ])
    assert "apt-get install postgresql rabbitmq-server" in said
    assert programs.POSTGRES_URL in said
    assert programs.AMQP_URL in said


def test_a_server_that_ends_at_once_is_reported_with_its_last_words() -> None:
    with (
        scratch_folder("failing", user=None) as folder,
        pytest.raises(ServiceFailedError, match="port is taken"),
        server(["sh", "-c", "echo port is taken; exit 3"], folder=folder, ready=lambda: False, user=None),
    ):
        pass


def test_a_server_ends_with_the_block() -> None:
    port = free_port()
    listen = f"import socket; s = socket.create_server(('127.0.0.1', {port})); s.accept(); s.accept()"

    def reachable() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with scratch_folder("listening", user=None) as folder:
        with server([sys.executable, "-c", listen], folder=folder, ready=reachable, user=None):
            pass
        assert not reachable()


def test_each_database_is_empty_and_durable(postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_database_can_be_a_copy_of_another(make_postgres_database: Callable[..., str]) -> None:
    original = make_postgres_database()
    with connect(original) as connection:
        connection.execute("CREATE TABLE districts (number integer)")
    with connect(make_postgres_database(template=original)) as connection:
        assert connection.execute("SELECT count(*) FROM districts").fetchone() == (0,)


def test_chromium_runs(chromium_path: str) -> None:
    said = subprocess.run([chromium_path, "--version"], capture_output=True, text=True, check=True).stdout
    assert "Chrom" in said
