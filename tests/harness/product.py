"""The product as processes: `serve` and `work` in any number over one database, beside the world outside."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import httpx
import sqlalchemy

from registratura.adapters.sql import migrate
from tests.harness.chat import Chat
from tests.harness.programs import COMMAND, Program, answers, free_port
from tests.harness.village import Record, Village, ndjson
from tests.harness.waiting import PATIENCE, until

API_TOKEN = "token-of-the-tests"
WEBHOOK_SECRET = "secret-of-the-tests"


@attrs.frozen(kw_only=True)
class Product:
    """Everything running; requests of the API go to one server after another."""

    folder: Path
    settings: Mapping[str, str] = attrs.field(repr=False)
    outside: Program
    serves: Sequence[Program]
    works: Sequence[Program]
    addresses: Sequence[str]
    max: httpx.Client
    _turn: Iterator[int] = attrs.field(factory=count)

    @property
    def programs(self) -> list[Program]:
        """All processes."""
        return [self.outside, *self.serves, *self.works]

    @property
    def address(self) -> str:
        """Of one of the servers, each time of the next one."""
        return self.addresses[next(self._turn) % len(self.addresses)]

    def call(self, method: str, path: str, *, token: str | None = API_TOKEN, **more: Any) -> httpx.Response:
        """One request to the API of the next server."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= more.pop("headers", {})
        with httpx.Client(trust_env=False, timeout=20) as client:
            return client.request(method, f"{self.address}{path}", headers=headers, **more)

    def load(self, records: Sequence[Record]) -> httpx.Response:
        """Load *records* through the API."""
        return self.call("POST", "/api/v1/load", content=ndjson(records))

    def settle(self, people: int = 4, **size: int) -> Village:
        """A new village, loaded, whose people have MAX."""
        village = Village.invent(people, **size)
        answer = self.load(list(village.records()))
        assert answer.status_code == httpx.codes.OK, answer.text
        for citizen in village.citizens:
            self.move_in(citizen.user, citizen.first_name)
        return village

    def move_in(self, user: int, first_name: str) -> None:
        """Give somebody the MAX app."""
        added = self.max.post("_people", json={"user_id": user, "first_name": first_name})
        assert added.status_code == httpx.codes.OK, added.text

    def chat(self, user: int, patience: float = PATIENCE) -> Chat:
        """The dialogue of a MAX user."""
        return Chat(self.max, user, patience)

    def bookings(self, patient: str) -> list[dict[str, Any]]:
        """What is ahead for a patient, by the API."""
        answer = self.call("GET", "/api/v1/bookings", params={"patient_id": patient})
        assert answer.status_code == httpx.codes.OK, answer.text
        return list(answer.json()["bookings"])

    def webhook(self, content: bytes, secret: str | None = WEBHOOK_SECRET) -> httpx.Response:
        """A call of the webhook at the next server."""
        headers = {"X-Max-Bot-Api-Secret": secret} if secret is not None else {}
        return self.call("POST", "/max/webhook", token=None, headers=headers, content=content)

    def faults(self, **faults: Any) -> None:
        """Switch troubles of MAX on; those not named go off."""
        assert self.max.put("_faults", json=faults).status_code == httpx.codes.OK

    def requests(self) -> list[dict[str, Any]]:
        """What the bot asked of MAX."""
        return list(self.max.get("_requests").json()["requests"])

    def calls(self) -> list[str]:
        """Paths and queries of the webhooks that reached us."""
        base = str(self.max.base_url).removesuffix("/max/")
        return [str(call) for call in httpx.get(f"{base}/calls", trust_env=False).json()]

    def query(self, statement: str, **values: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        return query(self.settings["REGISTRATURA_DATABASE_URL"], statement, **values)

    def quiet(self) -> None:
        """Wait until everything that came in is worked off and everything that goes out is sent."""
        waiting = (
            "SELECT (SELECT count(*) FROM inbox WHERE state = 'new')"
            " + (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))"
        )
        until(lambda: self.query(waiting) == [(0,)], "the inbox and the outbox to be empty", 90)


def query(url: str, statement: str, **values: str) -> list[tuple[Any, ...]]:
    """Rows of any database, or the effect of a statement that gives none."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        done = connection.execute(sqlalchemy.text(statement), values)
        return [tuple(row) for row in done] if done.returns_rows else []


def settings_of(database: str, world: str) -> dict[str, str]:
    """The settings of an installation whose counterparts are all in *world*."""
    return {
        "REGISTRATURA_DATABASE_URL": database,
        "REGISTRATURA_PUBLIC_URL": f"{world}/front",
        "REGISTRATURA_API_TOKEN": API_TOKEN,
        "REGISTRATURA_MAX_URL": f"{world}/max",
        "REGISTRATURA_MAX_TOKEN": "sandbox",
        "REGISTRATURA_MAX_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "REGISTRATURA_BOT_ALLOW_CANCEL": "true",
    }


@contextlib.contextmanager
def running(
    folder: Path, database: str, *, serves: int = 1, works: int = 1, more: Mapping[str, str] | None = None
) -> Iterator[Product]:
    """A migrated database with everything running over it; all of it is ended afterwards."""
    port, ports = free_port(), [free_port() for _ in range(serves)]
    world = f"http://127.0.0.1:{port}"
    addresses = [f"http://127.0.0.1:{one}" for one in ports]
    settings = {**settings_of(database, world), **(more or {})}
    migrate(database)
    outside = Program(
        "outside",
        [sys.executable, "-m", "tests.harness.outside", str(port), folder / "max.db", *addresses],
        folder,
        ready=lambda: answers(f"{world}/max/_people"),
    )
    servers = [_serve(number, one, folder, settings) for number, one in enumerate(ports)]
    workers = [
        Program(f"work-{number}", [COMMAND, "work"], folder, settings, lambda: _subscribed(world))
        for number in range(works)
    ]
    with (
        contextlib.ExitStack() as ending,
        httpx.Client(base_url=f"{world}/max/", trust_env=False, timeout=20) as client,
    ):
        for program in (outside, *servers, *workers):
            ending.callback(program.kill)
            program.start()
        for program in (outside, *servers, *workers):
            program.await_ready()
        yield Product(
            folder=folder,
            settings=settings,
            outside=outside,
            serves=servers,
            works=workers,
            addresses=addresses,
            max=client,
        )


def _serve(number: int, port: int, folder: Path, settings: Mapping[str, str]) -> Program:
    return Program(
        f"serve-{number}",
        [COMMAND, "serve", "--port", str(port)],
        folder,
        settings,
        lambda: answers(f"http://127.0.0.1:{port}/readyz"),
    )


def _subscribed(world: str) -> bool:
    """Whether MAX knows where to call: what the first worker sees to."""
    headers = {"Authorization": "sandbox"}
    listed = httpx.get(f"{world}/max/subscriptions", headers=headers, trust_env=False, timeout=5)
    return listed.status_code == httpx.codes.OK and bool(listed.json()["subscriptions"])
