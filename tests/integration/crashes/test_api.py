"""A server killed at each of its points in turn: who repeats the request with its key gets the one effect of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from tests.harness.lives import KILLED, NEVER, Life, Orders, serve
from tests.harness.product import API_TOKEN, WEBHOOK_SECRET, query, settings_of
from tests.harness.programs import answers, free_port
from tests.harness.waiting import until
from tests.integration.crashes.stand import NO_TLS, PERSON, VILLAGE

SLOT = VILLAGE.slot_id(VILLAGE.therapist, VILLAGE.days[0], VILLAGE.times[0])
CONSULTATION = {
    "patient_id": PERSON.id,
    "slot_id": SLOT,
    "kind": "ONLINE_CONSULTING",
    "purpose_id": "first",
    "consent_version": "1",
}
STARTED = {
    "update_type": "bot_started",
    "timestamp": 1_700_000_000_000,
    "chat_id": 17,
    "user": {"user_id": PERSON.user, "first_name": PERSON.first_name, "is_bot": False, "last_activity_time": 0},
}
POINTS = (
    "book: decided",
    "book: committed",
    "cancel: decided",
    "cancel: committed",
    "inbox.put: before commit",
    "inbox.put: committed",
)


@attrs.define
class Server:
    """A life of `serve`, and a client who repeats what was not answered."""

    port: int
    life: Life
    client: httpx.Client
    deaths: int = 0

    def begin(self, *, die_at: int = NEVER) -> None:
        """Start it and wait until it serves."""
        self.life.begin(die_at=die_at)
        until(lambda: answers(f"http://127.0.0.1:{self.port}/readyz"), "the server")

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask until there is an answer; a dead server is started again."""
        while True:
            try:
                return self.client.request(method, path, **more)
            except httpx.TransportError:
                until(lambda: not self.life.runs, "the death that cost the answer")
                assert self.life.exit_code == KILLED
                self.deaths += 1
                self.begin()

    def book(self, key: str) -> httpx.Response:
        """Ask for the consultation."""
        return self.ask("POST", "/api/v1/bookings", json=CONSULTATION, headers={"Idempotency-Key": key})

    def cancel(self, booking: str, key: str) -> httpx.Response:
        """Give it back."""
        return self.ask("DELETE", f"/api/v1/bookings/{booking}", headers={"Idempotency-Key": key})

    def webhook(self) -> httpx.Response:
        """MAX tells that somebody started the bot."""
        return self.ask("POST", "/max/webhook", json=STARTED, headers={"X-Max-Bot-Api-Secret": WEBHOOK_SECRET})


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database in which nothing has happened yet."""
    place, steps = request.getfixturevalue(request.param)
    with place.shelf.lend(steps[0].begins) as url:
        yield url


@pytest.fixture
def server(database: str, tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    settings = settings_of(database, "http://127.0.0.1:9")
    life = Life(partial(serve, port=port), Orders(settings=settings, trail=tmp_path / "points"))
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=address, verify=NO_TLS, trust_env=False, timeout=20, headers=headers) as client:
        yield Server(port, life, client)
    life.kill()


@pytest.mark.req("OPS-05")
@pytest.mark.parametrize("at", range(len(POINTS) + 1), ids=("never", *POINTS))
def test_a_repeated_request_has_its_effect_once_wherever_the_server_died(
    server: Server, database: str, at: int
) -> None:
    server.begin(die_at=at)

    booked, again = server.book("first"), server.book("first")
    cancelled = server.cancel(booked.json()["id"], "second")
    told = server.webhook()

    assert [answer.status_code for answer in (booked, again, cancelled, told)] == [201, 201, 204, 200]
    assert again.text == booked.text
    assert query(database, "SELECT id, slot_id, patient_id, outcome IS NULL FROM appointment") == [
        (booked.json()["id"], SLOT, PERSON.id, False)
    ]
    assert query(database, "SELECT appointment_id FROM consent") == [(booked.json()["id"],)]
    assert query(database, "SELECT status FROM slot WHERE id = :slot", slot=SLOT) == [("AVAILABLE",)]
    assert query(database, "SELECT count(*) FROM inbox") == [(1,)]
    assert server.life.passed()[: at or None] == list(POINTS[: at or None])
    assert server.deaths == (at != NEVER)
