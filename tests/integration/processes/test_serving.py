"""`serve` and `work` from outside: they stop without losing a request, end slow callers, and show their metrics."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.harness.product import API_TOKEN, settings_of
from tests.harness.programs import COMMAND, Program, answers, free_port, run
from tests.harness.waiting import until

DRAIN = 8
HEAD = f"Host: x\r\nAuthorization: Bearer {API_TOKEN}\r\n"
Started = Callable[..., "Server"]


class Server:
    """A program that listens."""

    def __init__(self, program: Program, port: int, ending: ExitStack) -> None:
        self.program, self.port, self._ending = program, port, ending

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", trust_env=False, timeout=20)

    def signal(self, by: signal.Signals = signal.SIGTERM) -> None:
        assert self.program._process is not None  # noqa: SLF001  # the harness only stops and waits
        self.program._process.send_signal(by)  # noqa: SLF001

    def exit_code(self) -> int:
        """Wait for the end."""
        assert self.program._process is not None  # noqa: SLF001  # `stop` would be a second signal
        return self.program._process.wait(20)  # noqa: SLF001

    def connect(self) -> socket.socket:
        """A connection that is closed with the test."""
        return self._ending.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=20))


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    plain = settings_of(f"sqlite:///{tmp_path}/registratura.db", "http://127.0.0.1:9")
    made = {**plain, "REGISTRATURA_HTTP_DRAIN_SECONDS": str(DRAIN)}
    assert run("migrate", settings=made, folder=tmp_path).returncode == 0
    return made


@pytest.fixture
def serve(settings: dict[str, str], tmp_path: Path) -> Iterator[Started]:
    with ExitStack() as ending:

        def start(*options: str) -> Server:
            port = free_port()
            ready = f"http://127.0.0.1:{port}/readyz"
            command: list[str | Path] = [COMMAND, "serve", "--port", str(port), *options]
            program = Program("serve", command, tmp_path, settings, lambda: answers(ready))
            ending.callback(program.kill)
            program.start()
            program.await_ready()
            return Server(program, port, ending)

        yield start


def read(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two processes"])
def test_it_stops_when_the_balancer_has_seen_it_and_what_is_under_way_has_ended(
    serve: Started, options: tuple[str, ...]
) -> None:
    server = serve(*options)
    body = b'{"patient_id": "p", "slot_id": "s"}'
    slow = server.connect()
    slow.sendall(f"POST /api/v1/bookings HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body[:9])

    server.signal()
    begun = time.monotonic()
    until(lambda: server.get("/readyz").status_code == 503, "readyz is red", patience=7)
    served = server.get("/healthz")
    until(lambda: not _listens(server), "nobody listens any more")
    listened = time.monotonic() - begun
    slow.sendall(body[9:])
    late = read(slow)

    assert (served.status_code, served.headers["connection"]) == (200, "close")
    assert DRAIN - 0.5 <= listened <= DRAIN + 5
    assert b"422" in late.split(b"\r\n")[0], "the request that was under way is answered"
    assert server.exit_code() == 0
    assert time.monotonic() - begun < 20


def _listens(server: Server) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two processes"])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_it_at_once(serve: Started, options: tuple[str, ...], by: signal.Signals) -> None:
    server = serve(*options)
    server.signal(by)
    until(lambda: server.get("/readyz").status_code == 503, "readyz is red", patience=7)
    begun = time.monotonic()

    assert server.program.stop(by) == -by

    assert time.monotonic() - begun < DRAIN
    until(lambda: not _listens(server), "nobody listens any more", patience=DRAIN - 1)


def test_a_process_that_died_is_replaced_and_the_others_go_on(serve: Started) -> None:
    server = serve("--workers", "2")
    [victim, *_] = children_of(server)

    until(lambda: _killed(victim), "the process is gone")
    until(lambda: len(children_of(server)) == 2 and victim not in children_of(server), "another one came")

    assert server.get("/readyz").status_code == 200
    assert server.program.stop() == 0
    assert "serve.worker_ended" in server.program.words()


def children_of(server: Server) -> list[int]:
    """The processes that serve."""
    assert server.program._process is not None  # noqa: SLF001  # the harness does not tell children
    parent = server.program._process.pid  # noqa: SLF001
    told = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in told if "spawn_main" in _command(int(pid))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return True
    return False


def test_whoever_sends_too_slowly_is_cut(serve: Started) -> None:
    server = serve()
    body, head, endless = server.connect(), server.connect(), server.connect()
    begun = time.monotonic()
    body.sendall(f"POST /api/v1/bookings HTTP/1.1\r\n{HEAD}Content-Length: 99\r\n\r\n{{".encode())
    head.sendall(b"POST /api/v1/bookings HTTP/1.1\r\nHo")
    endless.sendall(b"GET / HTTP/1.1\r\nX-Long: ")
    endless.sendall(b"x" * 100_000)

    assert b" 400 " in read(endless).split(b"\r\n")[0]
    assert time.monotonic() - begun < 5
    assert b" 408 " in read(body).split(b"\r\n")[0]
    assert read(head) == b""
    assert time.monotonic() - begun < 13


def test_any_process_tells_the_metrics_of_all(serve: Started) -> None:
    server = serve("--workers", "2")
    before = counted(server.get("/metrics").text)
    for _ in range(20):
        server.get("/healthz")

    pages = [server.get("/metrics").text for _ in range(6)]

    assert {counted(page) - before for page in pages} == {20}
    assert all('registratura_queue_depth{queue="outbox"} 0.0' in page for page in pages)


def counted(page: str) -> float:
    found = re.search(r'^registratura_http_request_seconds_count\{.*route="/healthz".*\} (\S+)$', page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_worker_shows_its_metrics_where_it_is_told_to(settings: dict[str, str], tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    told = {**settings, "REGISTRATURA_WORKER_METRICS_ADDRESS": address}
    program = Program("work", [COMMAND, "work"], tmp_path, told, lambda: answers(f"http://{address}/metrics"))
    try:
        program.start()
        program.await_ready()
        page = httpx.get(f"http://{address}/metrics", trust_env=False, timeout=5)
        elsewhere = httpx.get(f"http://{address}/", trust_env=False, timeout=5)

        assert 'registratura_queue_depth{queue="inbox"} 0.0' in page.text
        assert elsewhere.status_code == 404
        assert program.stop() == 0
    finally:
        program.kill()


def test_a_worker_says_when_its_address_is_taken(settings: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = run("work", settings={**settings, "REGISTRATURA_WORKER_METRICS_ADDRESS": address}, folder=tmp_path)

    assert refused.returncode == 1
    assert "worker.metrics_address" in refused.stderr
    assert "Traceback" not in refused.stderr
