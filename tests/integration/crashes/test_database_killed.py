"""The database killed under load: what was acknowledged is there, nothing is half there, and the service goes on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from registratura.testing.history import check, read
from tests.harness.clients import Told, await_effects, crowd
from tests.harness.product import API_TOKEN, Product, running
from tests.harness.waiting import until
from tests.services.postgres import Cluster, cluster
from tests.services.programs import postgres_binaries

CLIENTS = 20
KILLS = 3
EFFECTS = 40
"""Acknowledged bookings and cancellations between one power cut and the next."""

HALF = {
    "a slot is taken and nobody has it": (
        "SELECT id FROM slot WHERE status = 'RECORDED'"
        " AND id NOT IN (SELECT slot_id FROM appointment WHERE outcome IS NULL)"
    ),
    "somebody has a slot that is free": (
        "SELECT a.id FROM appointment a JOIN slot s ON s.id = a.slot_id"
        " WHERE a.outcome IS NULL AND s.status <> 'RECORDED'"
    ),
    "a consultation without consent": "SELECT id FROM appointment WHERE id NOT IN (SELECT appointment_id FROM consent)",
    "a consent without consultation": "SELECT appointment_id FROM consent WHERE appointment_id NOT IN"
    " (SELECT id FROM appointment)",
}


@pytest.fixture
def database() -> Iterator[Cluster]:
    """A cluster of its own: this test kills it."""
    binaries = postgres_binaries()
    assert binaries is not None, "PostgreSQL is not installed on this machine"
    with cluster(binaries) as made:
        made.start()
        yield made


@pytest.fixture
def product(database: Cluster, tmp_path: Path) -> Iterator[Product]:
    with running(tmp_path, database.url) as product:
        yield product


@pytest.mark.services
@pytest.mark.timeout(240)
@pytest.mark.req("OPS-05", "OPS-12")
def test_what_was_acknowledged_survives_and_nothing_is_half_done(
    database: Cluster, product: Product, tmp_path: Path
) -> None:
    village = product.settle(CLIENTS, times=8, days=1)
    patients = [citizen.id for citizen in village.citizens]
    slots = [village.slot_id(village.therapist, village.days[0], clock) for clock in village.times]
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    with (
        httpx.Client(base_url=product.address, trust_env=False, timeout=30, headers=headers) as client,
        crowd(patients, slots, client.request, tmp_path) as told,
    ):
        for number in range(1, KILLS + 1):
            await_effects(told, EFFECTS, f"before power cut {number}")
            cut_power(database, told)
        await_effects(told, EFFECTS, "after the last power cut")

    assert all(program.runs for program in product.programs)
    assert_nothing_lost(product, told)
    assert {what: product.query(statement) for what, statement in HALF.items()} == {what: [] for what in HALF}
    impossible = check(read(tmp_path.glob("*.journal")))
    assert impossible == (), "\n".join(one.report() for one in impossible)
    assert product.chat(village.citizens[0].user).start().labels, "the worker goes on too"


def cut_power(database: Cluster, told: Told) -> None:
    """Kill the database, let somebody notice, and start it again."""
    refused = told.answers[503]
    database.kill()
    until(lambda: told.faults or told.answers[503] > refused, "somebody to be told that it is gone")
    database.start()


def assert_nothing_lost(product: Product, told: Told) -> None:
    """Every acknowledged effect is there, and every booking has the one request that asked for it."""
    rows = product.query("SELECT id, patient_id, slot_id, outcome FROM appointment")
    kept = {booking: (patient, slot) for booking, patient, slot, _ in rows}
    closed = {booking for booking, *_, outcome in rows if outcome is not None}
    answers = product.query("SELECT answer FROM request WHERE scope = 'api.bookings'")

    assert {booking: kept.get(booking) for booking in told.booked} == told.booked
    assert told.cancelled <= closed
    assert sorted(orjson.loads(answer)["id"] for (answer,) in answers) == sorted(kept)
