"""Bookings a second of django-appointment from PyPI, beside ours, on the same server of PostgreSQL.

It gets what a user would give it: gunicorn with two processes, mail off, sign-in done beforehand. One booking is two
forms of a signed-in person: the time, then who they are; each person has a session of their own. The peer does other
things too, so the ratio says what a user gets, not which code is better.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy

from benchmarks.booking import Client
from benchmarks.cluster import new_database
from benchmarks.floors import CLIENTS
from benchmarks.report import Row, at_least, told
from benchmarks.world import World
from benchmarks.wrk import FOOT, wrk
from tests.harness.product import query
from tests.harness.programs import Program, answers, free_port

PACKAGES = ("django-appointment==3.12.0", "django>=5.2,<5.3", "gunicorn", "psycopg[binary]")
SITE = Path(__file__).parent / "peer_site"
SESSIONS_A_SECOND = 400
"""People signed in beforehand: more than the peer can serve."""

_SCRIPT = """
local token, waiting, n = string.rep("a", 32), {}, {first}
local function headers(session)
  return {["Content-Type"] = "application/x-www-form-urlencoded",
    ["Cookie"] = "csrftoken=" .. token .. "; sessionid=" .. session}
end
request = function()
  local chosen = table.remove(waiting, 1)
  if chosen then
    return wrk.format("POST", chosen.path, headers(chosen.session), "csrfmiddlewaretoken=" .. token ..
      "&name=A+B&email=x%40example.com&phone_0=US&phone_1=2025550123&address=Street+1&additional_info=&payment_type=full")
  end
  local session = string.format("benchsession%020d", n)
  local day, hour, minute = 1 + math.floor(n / 24) % 27, 9 + math.floor(n / 3) % 8, n % 3 * 20
  n = n + 1
  return wrk.format("POST", "/appointment/request-submit/", headers(session), string.format(
    "csrfmiddlewaretoken=%s&date=2027-%02d-%02d&start_time=%02d:%02d&end_time=%02d:%02d&service=1&staff_member=%d&sid=%s",
    token, 1 + math.floor(n / 648) % 12, day, hour, minute, hour, minute + 19, 1 + n % 20, session))
end
response = function(status, head)
  local path = head["Location"] or ""
  if path:find("client%-info") then
    waiting[#waiting + 1] = {path = path, session = (head["Set-Cookie"] or ""):match("sessionid=([^;]+)") or "?"}
  end
end
"""


def django_appointment(world: World) -> list[Row]:
    """Peer and ours in turn; bookings are counted in the tables."""
    try:
        python = _installed(world)
    except subprocess.CalledProcessError as failed:
        print(f"  django-appointment: left out, pip could not install it:\n{failed.stderr[-800:]}")
        return []
    database = new_database(world.server, "peer")
    people = SESSIONS_A_SECOND * (world.seconds + 1) * (world.rounds + 1)
    with _serving(world, python, database, people) as peer, world.serving(world.postgres, workers=2) as address:
        ours = Client(world, world.postgres, address)
        ours.warm_up()
        _book(world, peer, database, 0)
        ratios = []
        for number in world.numbers():
            theirs = _book(world, peer, database, number * SESSIONS_A_SECOND * (world.seconds + 1))
            rate = ours.run(world.seconds).rate
            ratios.append(rate / theirs)
            print(f"    {number}: django-appointment {theirs:5.0f}/s   ours {rate:6.0f}/s   ratio {rate / theirs:.1f}")
    return [told(Row("bookings a second to django-appointment 3.12.0", ratios, at_least(15)))]


def _installed(world: World) -> Path:
    """The Python of an environment that holds the peer; raises CalledProcessError when pip cannot make it."""
    folder = world.folder / "peer"
    python = folder / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
    ):
        subprocess.run(command, capture_output=True, text=True, check=True)
    return python


@contextmanager
def _serving(world: World, python: Path, database: str, people: int) -> Iterator[str]:
    """The peer under gunicorn, with two processes of four threads; gives its address."""
    url = sqlalchemy.make_url(database)
    settings = {
        "DJANGO_SETTINGS_MODULE": "site_of_peer",
        "PEER_DATABASE": str(url.database),
        "PEER_USER": str(url.username),
        "PEER_HOST": str(url.host),
        "PEER_PORT": str(url.port),
        "PYTHONPATH": str(SITE),
    }
    prepared = subprocess.run(
        [python, SITE / "prepare.py", str(people)], env=settings, capture_output=True, text=True, check=False
    )
    assert prepared.returncode == 0, prepared.stderr[-2000:]
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        python.parent / "gunicorn",
        "--workers",
        "2",
        "--threads",
        "4",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    program = Program(
        "peer",
        [*command, "--log-level", "error", "paths_of_peer:application"],
        world.folder,
        settings,
        lambda: answers(f"{address}/admin/login/"),
    )
    program.start()
    try:
        program.await_ready()
        yield address
    finally:
        program.stop()
        program.kill()


def _book(world: World, address: str, database: str, first: int) -> float:
    """Bookings a second, by the table; people from the number *first* on book."""
    script = (_SCRIPT + FOOT).replace("{first}", str(first))
    before = _booked(database)
    load = wrk(address, script, world.file("peer.lua"), connections=CLIENTS, seconds=world.seconds)
    return (_booked(database) - before) / load.seconds


def _booked(database: str) -> int:
    return int(query(database, "SELECT count(*) FROM appointment_appointment")[0][0])
