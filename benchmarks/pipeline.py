"""POST /api/v1/bookings without a database, to Starlette's echo of a booking request of 548 bytes.

Both stand under uvicorn with uvloop and httptools, one process each, and get the same load of wrk in turn: what
routing, the token, parsing, every rule and the answer cost together.
"""

import json
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


def compare(rounds: int = 5, seconds: int = 3) -> float:
    """Floor and ours in turn, *seconds* each; prints every round and gives the median ratio."""
    if shutil.which("wrk") is None:
        raise SystemExit("The HTTP benchmarks need wrk: apt-get install wrk")
    print(f"\nPOST pipeline without the database, {CONNECTIONS} connections (goal: {GOAL:.2f} of Starlette's echo)")
    ratios = []
    with TemporaryDirectory() as folder, _serving("echo") as floor, _serving("ours") as product:
        echoed, asked = _script(Path(folder), "echo", ECHOED), _script(Path(folder), "ours", ASKED)
        for url, script in ((floor, echoed), (product, asked)):
            _rate(url, script, 1)
        for number in range(1, rounds + 1):
            echo, ours = _rate(floor, echoed, seconds), _rate(product, asked, seconds)
            ratios.append(ours / echo)
            print(f"  {number}: echo {echo:7.0f}/s   ours {ours:7.0f}/s   ratio {ours / echo:.2f}")
    print(f"  median ratio {median(ratios):.2f} ({min(ratios):.2f} .. {max(ratios):.2f})")
    return median(ratios)


@contextmanager
def _serving(name: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = f"from benchmarks.pipeline_apps import serve_{name} as serve; serve({port})"
    server = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/api/v1/bookings"
    try:
        _wait_for(url)
        yield url
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


def _rate(url: str, script: Path, seconds: int) -> float:
    """Requests answered a second; every answer must be a good one."""
    load = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    told = subprocess.run([*load, "--script", str(script), url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    return float(found[1])


if __name__ == "__main__":
    compare()
