"""POST /api/v1/bookings without a database, to Starlette's echo of a booking request of 548 bytes.

Both stand under uvicorn with uvloop and httptools, one process each, and get the same load of wrk in turn: what
routing, the token, parsing, every rule and the answer cost together.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from urllib.request import Request, urlopen

import attrs

from benchmarks.pipeline_apps import PATIENT, SLOT, TOKEN

ROOT = Path(__file__).parents[1]
GOAL = 0.60
CONNECTIONS = 32
PATIENCE = 20.0
"""Seconds in which a server has to answer for the first time."""

ASKED = {
    "patient_id": PATIENT,
    "slot_id": SLOT,
    "kind": "ONLINE_CONSULTING",
    "channel": "portal",
    "author_id": PATIENT,
    "purpose_id": "first",
    "consent_version": "1",
}
ECHOED: dict[str, object] = {
    "slot_id": SLOT,
    "patient_id": PATIENT,
    "booking_type": "APPOINTMENT",
    "case_number": None,
    "preliminary_reservation": False,
    "referral_id": None,
    "cards_id": None,
    "email": None,
    "mobile_phone": None,
    "service_id": None,
    "dictionary_nsi_code": None,
    "patient_data_rrp": {
        "id": PATIENT,
        "united_guids": [],
        "firstname": "A",
        "lastname": "B",
        "middlename": "C",
        "snils": "11147535028",
        "oms_number": "11080835497",
        "birthdate": "1999-10-10T00:00:00",
        "gender": "2",
        "phone": None,
        "email": None,
    },
}
"""What the FER gateway sends; 548 bytes without spaces."""

SCRIPT = """wrk.method = "POST"
wrk.body = [[{body}]]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
"""


@attrs.frozen
class Measured:
    """What a server did under load: requests a second, and microseconds of its own processor time for each."""

    rate: float
    cpu: float


def compare(rounds: int = 5, seconds: int = 3) -> float:
    """Floor and ours in turn, *seconds* each; prints every round and gives the median ratio of the rates.

    Where others use the machine too, the ratio of processor times is the one to believe.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("The HTTP benchmarks need wrk: apt-get install wrk")
    print(f"\nPOST pipeline without the database, {CONNECTIONS} connections (goal: {GOAL:.2f} of Starlette's echo)")
    rates, times = [], []
    with TemporaryDirectory() as folder, _serving("echo") as floor, _serving("ours") as product:
        echoed, asked = _script(Path(folder), "echo", ECHOED), _script(Path(folder), "ours", ASKED)
        for server, script in ((floor, echoed), (product, asked)):
            _load(server, script, 1)
        for number in range(1, rounds + 1):
            echo, ours = _load(floor, echoed, seconds), _load(product, asked, seconds)
            rates.append(ours.rate / echo.rate)
            times.append(echo.cpu / ours.cpu)
            print(
                f"  {number}: echo {echo.rate:7.0f}/s {echo.cpu:4.0f} us   ours {ours.rate:7.0f}/s {ours.cpu:4.0f} us"
                f"   ratio {rates[-1]:.2f}, of processor time {times[-1]:.2f}"
            )
    print(f"  median ratio {median(rates):.2f} ({min(rates):.2f} .. {max(rates):.2f}), of processor time", end=" ")
    print(f"{median(times):.2f} ({min(times):.2f} .. {max(times):.2f})")
    return median(rates)


@attrs.frozen
class _Server:
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time it has used so far, its own and the kernel's for it (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(name: str) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = f"from benchmarks.pipeline_apps import serve_{name} as serve; serve({port})"
    server = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/api/v1/bookings"
    try:
        _wait_for(url)
        yield _Server(url, server.pid)
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    asked = Request(url, json.dumps(ASKED).encode(), {"Authorization": f"Bearer {TOKEN}"})  # noqa: S310  # our own
    give_up = monotonic() + PATIENCE
    while True:
        try:
            with urlopen(asked, timeout=PATIENCE):  # noqa: S310  # our own
                return
        except OSError as refused:
            if monotonic() > give_up:
                raise SystemExit(f"{url}: {refused}") from refused
            sleep(0.1)


def _script(folder: Path, name: str, body: object) -> Path:
    path = folder / f"{name}.lua"
    path.write_text(SCRIPT.format(body=json.dumps(body, separators=(",", ":")), token=TOKEN))
    return path


def _load(server: _Server, script: Path, seconds: int) -> Measured:
    """Load it for *seconds*; every answer must be a good one."""
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--script", str(script), server.url]
    before = server.cpu_seconds()
    told = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    spent = server.cpu_seconds() - before
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    answered, rate = re.search(r"(\d+) requests in", told), re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert answered, told
    assert rate, told
    return Measured(rate=float(rate[1]), cpu=spent / int(answered[1]) * 1_000_000)


if __name__ == "__main__":
    compare()
