"""Our client against the emulator of MAX on a real socket, and the hands of its people."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx
import uvicorn

from registratura.application.ports.messenger import Button, LinkButton, Message, Row
from registratura.domain.identifiers import MessengerId
from registratura.emulators.max import MaxEmulatorConfig, Person, create_app
from registratura.testing.messenger import Shown

ANNA = MessengerId("1001")
STRANGER = MessengerId("1002")
TOKEN = "sandbox"
PATIENCE = 20.0


@contextlib.contextmanager
def served(app: Any, sock: socket.socket) -> Iterator[None]:
    """An ASGI application on *sock*, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        end = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive(), "the emulator did not start"
            assert time.monotonic() < end, "the emulator did not start in time"
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def emulator(directory: Path, people: Sequence[int] = (int(ANNA),), **settings: Any) -> Iterator[str]:
    """A running emulator with invented people who have started the bot, and somebody who has not; gives its URL."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        persons = [Person(user_id=user, first_name=f"Житель {user}") for user in {*people, int(STRANGER)}]
        plain: dict[str, Any] = {"limits": False, "allow_http_webhooks": True, "people": persons}
        config = MaxEmulatorConfig(database=directory / "max.db", public_url=url, **{**plain, **settings})
        with served(create_app(config), sock):
            with httpx.Client(base_url=url, trust_env=False) as world:
                for user in people:
                    assert world.post(f"/_people/{user}/start", json={}).status_code == 200
            yield url


@attrs.frozen
class EmulatedPerson:
    """A person of the emulator; `world` is a client to its side for people."""

    world: httpx.AsyncClient
    user: MessengerId = ANNA
    stranger: MessengerId = STRANGER

    @classmethod
    async def arrived(cls, world: httpx.AsyncClient) -> "EmulatedPerson":
        """Somebody new, who has started the bot."""
        added = await world.post("/_people", json={"first_name": "Житель"})
        person = cls(world, MessengerId(str(added.json()["user_id"])))
        await person.hand("start")
        return person

    async def hand(self, path: str, **body: Any) -> dict[str, Any]:
        """Do something as the person."""
        answer = await self.world.post(f"/_people/{self.user}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def requests(self, method: str, path: str) -> list[dict[str, Any]]:
        """What the bot asked."""
        asked = (await self.world.get("/_requests")).json()["requests"]
        return [request for request in asked if (request["method"], request["path"]) == (method, path)]

    async def faults(self, **faults: Any) -> None:
        """Switch troubles on; those not named go off."""
        assert (await self.world.put("/_faults", json=faults)).status_code == 200

    async def chat(self) -> str:
        return str((await self.world.get(f"/_people/{self.user}/")).json()["chat_id"])

    async def screen(self) -> Sequence[Shown]:
        seen = (await self.world.get(f"/_people/{self.user}/messages")).json()["messages"]
        return [Shown(message["body"]["mid"], _message(message["body"])) for message in seen]

    async def now(self) -> datetime:
        return datetime.now(UTC)

    async def press(self, payload: str) -> str:
        return str((await self.hand("press", payload=payload))["callback_id"])

    async def note(self, callback: str) -> str | None:
        pressed = (await self.world.get(f"/_people/{self.user}/callbacks/{callback}")).json()
        return None if pressed["notification"] is None else str(pressed["notification"])

    async def expired_callback(self) -> str:
        return "nobody-knows-it"

    async def stop(self) -> None:
        await self.hand("stop")

    async def refuse_edits(self) -> None:
        await self.faults(edit_refused=True)

    async def answer_too_many(self, times: int) -> None:
        await self.faults(status=429, times=times)

    async def break_down(self, times: int) -> None:
        await self.faults(status=500, times=times)

    async def cut(self, times: int) -> None:
        await self.faults(cut=True, times=times)


def _message(body: dict[str, Any]) -> Message:
    keyboards = [item for item in body.get("attachments", []) if item["type"] == "inline_keyboard"]
    rows = [row for keyboard in keyboards for row in keyboard["payload"]["buttons"]]
    return Message(body["text"], tuple(_row(row) for row in rows))


def _row(row: list[dict[str, Any]]) -> Row:
    return tuple(
        LinkButton(button["text"], button["url"])
        if button["type"] == "link"
        else Button(button["text"], button["payload"])
        for button in row
    )


class NoLimits:
    """A throttle that remembers what was asked and lets everything pass."""

    def __init__(self) -> None:
        self.asked: list[dict[str, float]] = []

    async def reserve(self, lines: dict[str, float]) -> float:
        self.asked.append(lines)
        return 0.0
