"""A MAX emulator on a real socket, and a webhook that notes what it gets."""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import attrs
import httpx
import pytest
import uvicorn

from registratura.emulators.max import MaxEmulatorConfig, Person, create_app
from tests.integration.emulators.esia import Esia, served_esia

T = TypeVar("T")

ANNA = 1001
BORIS = 1002
PEOPLE = (
    Person(user_id=ANNA, first_name="Анна", last_name="Ключевая", phone="79170000001", note="мама двоих детей"),
    Person(user_id=BORIS, first_name="Борис", note="без телефона"),
)


def until(look: Callable[[], T], patience: float = 10.0) -> T:
    """Look again and again until there is something to see."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return seen


@attrs.frozen
class Max:
    """A running emulator with the bot's client and the hands of the people."""

    url: str
    bot: httpx.Client
    world: httpx.Client

    def hand(self, path: str, person: int = ANNA, **body: Any) -> dict[str, Any]:
        """Do something as a person; it must succeed."""
        answer = self.world.post(f"/_people/{person}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def say(self, text: str = "Здравствуйте", person: int = ANNA, **body: Any) -> dict[str, Any]:
        """A message of the bot to a person; gives the Message."""
        answer = self.bot.post("/messages", params={"user_id": person}, json={"text": text, **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["message"])

    def screen(self, person: int = ANNA) -> list[dict[str, Any]]:
        """The messages a person sees."""
        return list(self.world.get(f"/_people/{person}/messages").json()["messages"])

    def updates(self, **query: Any) -> dict[str, Any]:
        """One long poll."""
        answer = self.bot.get("/updates", params={"timeout": 0, **query})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def faults(self, **faults: Any) -> None:
        """Switch faults."""
        assert self.world.put("/_faults", json=faults).status_code == 200

    def subscribe(self, url: str, **body: Any) -> None:
        """Set a webhook."""
        assert self.bot.post("/subscriptions", json={"url": url, **body}).json() == {"success": True}


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    """An attachment with buttons."""
    return {"type": "inline_keyboard", "payload": {"buttons": list(rows)}}


def button(text: str, payload: str = "p") -> dict[str, Any]:
    """A callback button."""
    return {"type": "callback", "text": text, "payload": payload}


def client(url: str, **headers: str) -> httpx.Client:
    """A client of plain HTTP; reading the certificates of the machine would cost more than a test."""
    return httpx.Client(base_url=url, headers=headers, trust_env=False, verify=False)  # noqa: S501


@contextlib.contextmanager
def served(directory: Path, port: int = 0, **settings: Any) -> Iterator[Max]:
    """An emulator in a thread of its own."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        plain: dict[str, Any] = {
            "limits": False,
            "allow_http_webhooks": True,
            "processing_seconds": 0.0,
            "people": PEOPLE,
        }
        config = MaxEmulatorConfig(database=directory / "max.db", public_url=url, **{**plain, **settings})
        app = create_app(config)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            until(lambda: server.started)
            with (
                client(url, Authorization="sandbox") as bot,
                client(url) as world,
            ):
                yield Max(url, bot, world)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def messenger(tmp_path: Path) -> Iterator[Max]:
    with served(tmp_path) as running:
        yield running


@pytest.fixture(scope="package")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Max]:
    """One emulator for all refusals, which leave no trace; Anna has started the bot."""
    with served(tmp_path_factory.mktemp("strict"), allow_http_webhooks=False) as running:
        running.hand("start")
        yield running


@pytest.fixture
def met(messenger: Max) -> Max:
    """An emulator where Anna has started the bot and the bot knows."""
    messenger.hand("start")
    messenger.updates(marker=messenger.updates()["marker"])
    return messenger


@pytest.fixture(scope="package")
def lasting_esia() -> Iterator[Esia]:
    with served_esia() as running:
        yield running


@pytest.fixture
def esia(lasting_esia: Esia) -> Esia:
    """The one emulator of ESIA, in good health; making its keys for every test would cost more than the test."""
    lasting_esia.faults()
    return lasting_esia


@attrs.frozen
class Delivery:
    """One webhook call."""

    secret: str | None
    update: dict[str, Any]


@attrs.define
class Hook:
    """A webhook that answers with the given statuses, then with 200; the refused text always gets 500."""

    url: str
    got: queue.Queue[Delivery] = attrs.field(factory=queue.Queue)
    statuses: queue.Queue[int] = attrs.field(factory=queue.Queue)
    refused: str | None = None

    def next(self) -> Delivery:
        """The next call."""
        return self.got.get(timeout=10)

    def texts(self, count: int) -> list[str]:
        """The texts of the next calls."""
        return [str(self.next().update["message"]["body"]["text"]) for _ in range(count)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            update = json.loads(body)
            webhook.got.put(Delivery(self.headers.get("X-Max-Bot-Api-Secret"), update))
            try:
                status = webhook.statuses.get_nowait()
            except queue.Empty:
                status = 200
            if webhook.refused and update.get("message", {}).get("body", {}).get("text") == webhook.refused:
                status = 500
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook = Hook(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield webhook
    server.shutdown()
    server.server_close()
    thread.join()
