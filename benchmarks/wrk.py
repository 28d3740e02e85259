"""HTTP load by wrk: scripts of ours, one thread, so that every request has a number of its own."""

import json
import shutil
import subprocess
from pathlib import Path

import attrs

from benchmarks.region import ORGANISATION, PATIENT, SCRAMBLE, SLOT, SPECIALITIES, Region
from benchmarks.world import TOKEN
from tests.services import programs

STEP = 7_368_787
"""Slots are taken in steps of so many: each lies on another page than the one before."""

_HEAD = """
local function id(kind, n)
  return string.format("%08x-000%d-4000-8000-%012x", n * {scramble} % 4294967296, kind, n)
end
local headers = {{["Authorization"] = "Bearer {token}", ["Content-Type"] = "application/json"}}
"""
FOOT = """
-- Tells the figures as JSON; closes every script.
done = function(summary, latency, requests)
  local wrong = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
"""
_BOOK = """
local n = {first}
request = function()
  local slot, patient = id({slot}, n * {step} % {slots}), id({patient}, n)
  n = n + 1
  {key}
  return wrk.format("POST", "/api/v1/bookings", headers, '{{"patient_id":"' .. patient .. '","slot_id":"' .. slot ..
    '","kind":"ONLINE_CONSULTING","author_id":"' .. patient .. '","purpose_id":"first","consent_version":"1"}}')
end
"""
_KEY = 'headers["Idempotency-Key"] = slot'
_CALENDAR = """
math.randomseed({seed})
request = function()
  local mo = math.random(0, {organisations} - 1)
  local speciality = (mo + math.random(0, 4) * 8) % {specialities}
  return wrk.format("GET", "/api/v1/availability?mo_id=" .. id({organisation}, mo) .. "&speciality_id=" .. speciality,
    headers)
end
"""


@attrs.frozen(kw_only=True)
class Load:
    """What wrk saw; milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def booking_body(slot: str, patient: str) -> bytes:
    """What the scripts ask for when they book."""
    return json.dumps(
        {
            "patient_id": patient,
            "slot_id": slot,
            "kind": "ONLINE_CONSULTING",
            "author_id": patient,
            "purpose_id": "first",
            "consent_version": "1",
        }
    ).encode()


def booking_script(region: Region, first: int, *, key: bool) -> str:
    """Books one slot after the other, each for another patient, from the number *first* on."""
    return _script(
        _BOOK, first=first, slot=SLOT, patient=PATIENT, step=STEP, slots=region.slots, key=_KEY if key else ""
    )


def calendar_script(region: Region, seed: int) -> str:
    """Asks for the availability of one pair of organisation and speciality after the other, by chance."""
    return _script(
        _CALENDAR,
        seed=seed,
        organisation=ORGANISATION,
        organisations=region.organisations,
        specialities=SPECIALITIES,
    )


def _script(body: str, **values: object) -> str:
    return (_HEAD + body).format(scramble=SCRAMBLE, token=TOKEN, **values) + FOOT


def wrk(url: str, script: str, file: Path, *, connections: int, seconds: int) -> Load:
    """Load *url*; raises AssertionError when any answer was a refusal or did not come."""
    provide()
    file.write_text(script)
    load = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s"]
    done = subprocess.run([*load, "--script", str(file), url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["refused"] == told["broken"] == 0, f"{told}: not every request was answered well"
    return Load(requests=told["requests"], seconds=told["seconds"], p50=told["p50"], p99=told["p99"])


def provide() -> None:
    """Install wrk when it is missing and this is root's machine; raises ServiceFailedError otherwise."""
    if shutil.which("wrk") is None:
        programs.provide([programs.WRK])
