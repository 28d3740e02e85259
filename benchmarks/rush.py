"""Thirty-two people want the same slot at the same moment, a hundred times: one gets it, the others hear it soon."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from urllib.parse import urlsplit

import attrs

from benchmarks.booking import count
from benchmarks.floors import percentile
from benchmarks.region import PATIENT, SLOT, Region, id_of
from benchmarks.report import Row, at_most, told
from benchmarks.world import TOKEN, World
from benchmarks.wrk import STEP, booking_body

CLIENTS = 32
SLOTS = 100
WARM_UP = 5
"""Slots before those that count: statements are prepared, connections opened."""
BOOKED, REFUSED = 201, 409


@attrs.frozen
class Answer:
    """What one client heard, and after how many milliseconds."""

    status: int
    after: float


def on_both(world: World) -> list[Row]:
    """PostgreSQL with two workers, then SQLite with one."""
    rows = []
    for name, database, workers in (("PostgreSQL", world.postgres, 2), ("SQLite", world.sqlite(), 1)):
        wrong, losers = [], []
        with world.serving(database, workers) as address:
            for number in world.numbers():
                before = count(database)
                rushes = asyncio.run(_rush(address, world.region, world.booked[database]))
                world.booked[database] += (SLOTS + WARM_UP) * CLIENTS
                # `count` looks for a slot booked twice in the tables, the answers tell what was promised.
                winners = [sum(answer.status == BOOKED for answer in rush) for rush in rushes]
                wrong.append(sum(one != 1 for one in winners))
                lost = sorted(answer.after for rush in rushes for answer in rush if answer.status == REFUSED)
                assert len(lost) == len(rushes) * (CLIENTS - 1), "somebody was neither booked nor refused"
                assert count(database) - before == len(rushes) + WARM_UP
                losers.append(percentile(lost, 0.99))
                print(f"    {number}: {name}, losers' p50 {percentile(lost, 0.5):.1f}, p99 {losers[-1]:.1f} ms")
        rows.append(told(Row(f"rush of {CLIENTS}, {name}: of {SLOTS} slots not booked just once", wrong, at_most(0))))
        rows.append(told(Row(f"  losers' p99, {name}", losers, at_most(25, " ms"))))
    return rows


async def _rush(address: str, region: Region, first: int) -> list[list[Answer]]:
    """All clients ask for one slot at once, then for the next; those of the warm-up are left out."""
    parts = urlsplit(address)
    opened = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(CLIENTS)]
    rushes = []
    for slot in range(first, first + WARM_UP + SLOTS):
        patients = range(first + (slot - first) * CLIENTS, first + (slot - first + 1) * CLIENTS)
        asked = [_request(id_of(SLOT, slot * STEP % region.slots), id_of(PATIENT, patient)) for patient in patients]
        rushes.append(await _at_once(opened, asked))
    for _, writer in opened:
        writer.close()
    return rushes[WARM_UP:]


async def _at_once(
    opened: Sequence[tuple[asyncio.StreamReader, asyncio.StreamWriter]], asked: Sequence[bytes]
) -> list[Answer]:
    began = perf_counter()
    for (_, writer), request in zip(opened, asked, strict=True):
        writer.write(request)
    return await asyncio.gather(*(_answer(reader, began) for reader, _ in opened))


async def _answer(reader: asyncio.StreamReader, began: float) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    after = (perf_counter() - began) * 1000
    lines = head.decode("latin-1").split("\r\n")
    lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    await reader.readexactly(int(lengths[0]))
    return Answer(int(lines[0].split()[1]), after)


def _request(slot: str, patient: str) -> bytes:
    body = booking_body(slot, patient)
    head = (
        "POST /api/v1/bookings HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {TOKEN}\r\nIdempotency-Key: {patient}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
