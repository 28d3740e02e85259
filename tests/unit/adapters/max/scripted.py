"""A MAX that answers as the test says, and a throttle that remembers what was asked."""

from collections.abc import Callable
from typing import Any

import attrs
import httpx

from registratura.adapters.max.client import MaxMessenger, MaxSettings


@attrs.define
class Places:
    """Gives every caller the same wait."""

    wait: float = 0.0
    asked: list[dict[str, float]] = attrs.field(factory=list)

    async def reserve(self, lines: dict[str, float]) -> float:
        self.asked.append(lines)
        return self.wait


@attrs.define
class Scripted:
    """Answers requests one after the other, or by a function; keeps what was asked."""

    answers: list[httpx.Response] | Callable[[httpx.Request], httpx.Response]
    requests: list[httpx.Request] = attrs.field(factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0) if isinstance(self.answers, list) else self.answers(request)

    @property
    def asked(self) -> list[tuple[str, str, dict[str, str]]]:
        return [(asked.method, asked.url.path, dict(asked.url.params)) for asked in self.requests]


def answer(status: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    return httpx.Response(status, json=fields, headers=headers)


def messenger(
    answers: list[httpx.Response] | Callable[[httpx.Request], httpx.Response], throttle: Places | None = None
) -> tuple[MaxMessenger, Scripted]:
    """A messenger whose counterpart is a script."""
    script = Scripted(answers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(script))
    settings = MaxSettings(url="https://max.example/prefix/", token="invented-token")
    return MaxMessenger(http=http, settings=settings, throttle=throttle or Places()), script
