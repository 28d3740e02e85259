"""What everybody gets, whatever answers: headers, an answer in time, a problem instead of a trace, a line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.http.bodies import bounded_body
from registratura.entrypoints.http.deadlines import Deadlines
from registratura.entrypoints.http.draining import Draining
from registratura.entrypoints.http.guards import Guard
from registratura.entrypoints.http.routing import Routes, route
from registratura.entrypoints.http.telling import Teller
from registratura.entrypoints.logs import request_lines
from registratura.testing.time import FixedClock, SequentialIds

pytestmark = pytest.mark.anyio

Answer = Callable[[Request], Awaitable[Response]]
SOON = 0.05
SECRET = "Канарейкина"


@attrs.frozen
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


async def ask(
    answer: Answer,
    *parts: bytes,
    path: str = "/known/7",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    draining: bool = False,
    has_deadline: bool = True,
) -> Answered:
    """One request whose body comes in *parts* and, unless the last one is empty, never ends."""
    guard = Guard(
        Routes([route("/known/{id}", {"POST": answer}, has_deadline=has_deadline)]),
        new_id=SequentialIds().new,
        tell=Teller(FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC)), request_lines()),
        draining=Draining(draining),
        deadlines=Deadlines(within=SOON),
    )
    waiting = list(parts)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": part != b""}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": given}
    await guard(scope, receive, send)
    begun, *rest = sent
    told = {name.decode(): value.decode() for name, value in begun["headers"]}
    return Answered(begun["status"], told, b"".join(part["body"] for part in rest))


async def well(_: Request) -> Response:
    return PlainTextResponse("well")


async def reading(request: Request) -> Response:
    return PlainTextResponse(await bounded_body(request, 8))


async def never(_: Request) -> Response:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def gone(_: Request) -> Response:
    raise Unavailable(f"the server said {SECRET}")


async def broken(_: Request) -> Response:
    raise RuntimeError(f"nobody may read {SECRET}")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


async def test_every_answer_forbids_guessing_framing_and_keeping() -> None:
    answer = await ask(well)

    assert (answer.status, answer.body) == (200, b"well")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "connection" not in answer.headers


async def test_what_an_answer_says_itself_is_kept() -> None:
    async def cached(_: Request) -> Response:
        return PlainTextResponse("", headers={"Cache-Control": "max-age=60"})

    answer = await ask(cached)

    assert answer.headers["cache-control"] == "max-age=60"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("d07c5530-07ea-4ac2-b0ee-29fb7f199f5a", True),
        ("D07C5530-07EA-4AC2-B0EE-29FB7F199F5A", True),
        ("Канарейкина", False),
        ("d07c5530-07ea-4ac2-b0ee-29fb7f199f5a\n", False),
        ("", False),
    ],
)
async def test_only_a_uuid_is_taken_over_as_the_id_of_a_request(given: str, kept: bool) -> None:
    answer = await ask(well, headers={"x-request-id": given})

    assert (answer.headers["x-request-id"] == given) is kept


async def test_a_storage_that_takes_too_long_gets_the_caller_an_answer_with_advice() -> None:
    answer = await ask(never)

    assert (answer.status, answer.problem["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "Idempotency-Key" in answer.problem["detail"]


async def test_what_has_no_deadline_may_take_as_long_as_it_takes() -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.7)
        return PlainTextResponse("done")

    assert (await ask(slow, has_deadline=False)).body == b"done"
    assert (await ask(slow)).status == 503


async def test_an_answer_that_has_begun_is_not_cut() -> None:
    class Slow(Response):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(0.7)
            await send({"type": "http.response.body", "body": b"all of it"})

    async def begun(_: Request) -> Response:
        return Slow()

    assert (await ask(begun)).body == b"all of it"


async def test_a_body_that_never_ends_is_cut_and_its_connection_closed() -> None:
    answer = await ask(reading, b"half")

    assert (answer.status, answer.problem["code"]) == (408, "body.too_slow")
    assert answer.headers["connection"] == "close"


async def test_a_body_comes_in_parts() -> None:
    assert (await ask(reading, b"half", b"half", b"")).body == b"halfhalf"


@pytest.mark.parametrize("headers", [{}, {"content-length": "9"}])
async def test_a_body_larger_than_allowed_is_refused_and_its_connection_closed(headers: dict[str, str]) -> None:
    answer = await ask(reading, b"12345", b"6789", b"", headers=headers)

    assert (answer.status, answer.problem["code"]) == (413, "body.too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("answer", "status"), [(gone, 503), (broken, 500)])
async def test_a_fault_is_answered_and_told_without_its_words(
    answer: Answer, status: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    told = await ask(answer)

    assert told.status == status
    assert told.headers["content-type"] == "application/problem+json"
    assert SECRET not in told.body.decode()
    assert [line["status"] for line in lines(capsys)] == [status]
    assert [record.message for record in caplog.records] == ["http.fault"]


@pytest.mark.parametrize(("path", "method", "status"), [("/nowhere", "GET", 404), ("/known/7", "PUT", 405)])
async def test_a_wrong_address_or_method_is_a_problem_too(path: str, method: str, status: int) -> None:
    answer = await ask(well, path=path, method=method)

    assert (answer.status, answer.problem["code"]) == (status, f"http.{status}")
    assert (answer.headers.get("allow") == "POST") is (status == 405)


async def test_while_it_drains_it_answers_and_wants_no_more_on_the_connection() -> None:
    answer = await ask(well, draining=True)

    assert (answer.status, answer.headers["connection"]) == (200, "close")


async def test_the_line_about_a_request_holds_the_template_and_nothing_that_was_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = await ask(well, path=f"/known/{SECRET}")
    await ask(well, path=f"/{SECRET}")

    known, unknown = lines(capsys)
    assert known == {
        "event": "http.request",
        "level": "info",
        "request_id": answer.headers["x-request-id"],
        "method": "POST",
        "route": "/known/{id}",
        "status": 200,
        "ms": known["ms"],
        "outcome": "",
        "timestamp": "2026-03-02T09:00:00Z",
    }
    assert (unknown["route"], unknown["status"]) == ("other", 404)
