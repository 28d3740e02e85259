"""Where the time of our own code goes: printed beside a goal that was missed.

The application runs in this process without a server or a socket of HTTP, so that the profile holds what answering
costs and nothing of the load. Profiling makes Python slower: read the parts, not the sum.
"""

import asyncio
import contextlib
import cProfile
import os
import pstats
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from starlette.types import ASGIApp, Message

from benchmarks.region import PATIENT, SLOT, Region, id_of
from benchmarks.world import HORIZON_DAYS, TOKEN, World
from benchmarks.wrk import STEP, booking_body
from registratura.entrypoints.composition import compose
from registratura.entrypoints.http.app import build
from registratura.entrypoints.settings import load_settings

REQUESTS = 2000
IN_FLIGHT = 32
SHOWN = 12
Asked = tuple[str, str, str, bytes]
"""Method, path, query and body."""


def profile_bookings(world: World, database: str) -> None:
    """Book for people that nobody booked for in *database*, and print the profile."""
    first = world.booked[database]
    world.booked[database] += REQUESTS
    _print(database, _bookings(world.region, first))


def profile_availability(world: World, database: str) -> None:
    """Ask for the availability of pairs of organisation and speciality, and print the profile."""
    _print(database, _calendars(world.region))


def _bookings(region: Region, first: int) -> Iterator[Asked]:
    for number in range(first, first + REQUESTS):
        slot, patient = id_of(SLOT, number * STEP % region.slots), id_of(PATIENT, number)
        yield "POST", "/api/v1/bookings", "", booking_body(slot, patient)


def _calendars(region: Region) -> Iterator[Asked]:
    for number in range(REQUESTS):
        organisation, speciality = region.pair(number)
        yield "GET", "/api/v1/availability", f"mo_id={organisation}&speciality_id={speciality}", b""


def _print(database: str, asked: Iterator[Asked]) -> None:
    profile = cProfile.Profile()
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        asyncio.run(_answer_all(database, asked, profile))
    spent: Counter[str] = Counter()
    for (file, _, function), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # as it is documented
        spent[_part(file, function)] += own
    total = spent.total()
    print(f"    profile of {REQUESTS} requests in one thread, share of {total / REQUESTS * 1000:.2f} ms each:")
    for part, seconds in spent.most_common(SHOWN):
        print(f"      {seconds / total:5.1%}  {part}")


def _part(file: str, function: str) -> str:
    """Which part of ours or of others a function belongs to."""
    path = Path(file)
    if "registratura" in path.parts:
        place = path.parts[len(path.parts) - 1 - path.parts[::-1].index("registratura") :]
        return ".".join(place).removesuffix(".py")
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    return function if file == "~" else f"Python: {path.stem}"


async def _answer_all(database: str, asked: Iterator[Asked], profile: cProfile.Profile) -> None:
    settings = load_settings(
        {
            "REGISTRATURA_DATABASE_URL": database,
            "REGISTRATURA_API_TOKEN": TOKEN,
            "REGISTRATURA_TMK_HORIZON_DAYS": HORIZON_DAYS,
        },
        Path.cwd(),
    )
    async with compose(settings) as product:
        await product.ready()
        app = build(product)

        async def one_after_another(some: Iterator[Asked]) -> None:
            for one in some:
                await _answer(app, one)

        await one_after_another(islice(asked, REQUESTS // 10))
        profile.enable()
        await asyncio.gather(*(one_after_another(asked) for _ in range(IN_FLIGHT)))
        profile.disable()


async def _answer(app: ASGIApp, asked: Asked) -> None:
    method, path, query, body = asked
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {TOKEN}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        assert message.get("status", 200) in {200, 201}, message

    await app(scope, receive, send)
