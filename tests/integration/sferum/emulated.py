"""A running emulator of Sferum on a real socket, and what tests do to it past its methods."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import httpx

from registratura.emulators.sferum import SferumEmulatorConfig, create_app
from tests.integration.max.emulated import served

TOKEN = "sandbox"
CREATE = "educationSchool.createChat"
ADD = "educationSchool.addChatUsers"


@attrs.frozen
class Emulated:
    """The other side: `world` is a client to its pages and its paths for tests."""

    url: str
    world: httpx.Client

    def faults(self, **faults: Any) -> None:
        """Switch troubles on; those not named go off."""
        answer = self.world.put("/_emu/faults", json=faults)
        assert answer.status_code == 200, answer.text

    def chats(self) -> list[dict[str, Any]]:
        """Every chat with its people, oldest first."""
        return list(self.world.get("/_emu/chats").json()["chats"])

    def calls(self, name: str | None = None) -> list[dict[str, Any]]:
        """What was asked, oldest first."""
        calls = self.world.get("/_emu/calls").json()["calls"]
        return [call for call in calls if name in {None, call["name"]}]

    def call(self, name: str, fields: Mapping[str, str], prefix: str = "/method/") -> dict[str, Any]:
        """Call a method with the right token, unless *fields* has another; gives the JSON of the answer."""
        answer = self.world.post(prefix + name, data={"access_token": TOKEN, **fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@contextlib.contextmanager
def emulator(**settings: Any) -> Iterator[Emulated]:
    """A running emulator in memory, without its limit unless *settings* say otherwise."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        config = SferumEmulatorConfig(public_url=url, **{"limits": False, **settings})
        with (
            served(create_app(config), sock),
            httpx.Client(base_url=url, trust_env=False, verify=False) as world,  # noqa: S501 - plain HTTP
        ):
            yield Emulated(url, world)
