"""One person, one dialogue, one doctor: the smallest place in which everything that may break half way happens."""

import asyncio
import contextlib
import sqlite3
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import attrs
import httpx
import sqlalchemy

from registratura.adapters.sql.tables import outbox
from registratura.entrypoints.composition import compose
from registratura.entrypoints.settings import load_settings
from tests.harness.chat import Chat
from tests.harness.lives import Life, Orders, work
from tests.harness.product import settings_of
from tests.harness.village import Record, Village, ndjson
from tests.harness.waiting import until
from tests.integration.crashes.databases import engine_of

START = "Начать"
VILLAGE = Village.invent(1, times=2, days=1)
PERSON = VILLAGE.citizens[0]
# Reading the certificates of all authorities takes longer than anything a stand does, and it calls nobody but loopback.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
WRITES = {("POST", "/messages"), ("PUT", "/messages"), ("POST", "/answers")}


def records() -> list[Record]:
    """The village without what would only make the way to a booking longer."""
    others = {VILLAGE.paediatrician.id, VILLAGE.neurologist.id, "second"}
    return [one for one in VILLAGE.records() if not others & {one.get("id"), one.get("resource_id")}]


def load(database: str) -> None:
    """Load the village into a migrated database."""

    async def loaded() -> None:
        settings = load_settings({"REGISTRATURA_DATABASE_URL": database}, Path("/nowhere"))
        async with compose(settings) as product:
            await product.ready()
            report = await product.loading.run([ndjson(records())])
            assert report.is_complete, report

    asyncio.run(loaded())


Told = tuple[str, tuple[str, ...]]
"""A message by its words and its buttons."""


@attrs.frozen(kw_only=True)
class Picture:
    """How everything looks once it is quiet: what the person sees, what left us, what we keep."""

    screen: Sequence[Told]
    left: Sequence[tuple[str, Told]]
    kept: dict[str, list[tuple[Any, ...]]]


_KEPT = {
    "slots": "SELECT id, status FROM slot ORDER BY id",
    "bookings": "SELECT slot_id, patient_id, outcome FROM appointment ORDER BY booked_at, slot_id",
    "consents": "SELECT a.slot_id, c.patient_id FROM consent c JOIN appointment a ON a.id = c.appointment_id",
    "dialogues": "SELECT user_id, revision FROM dialogue",
    "inbox": "SELECT state, count(*) FROM inbox GROUP BY state ORDER BY state",
    "outbox": "SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state",
}


@attrs.define
class Stand:
    """A database and an emulator of MAX, with a life of `work` between them."""

    folder: Path
    database: str
    world: str
    person: Chat
    life: Life

    def press(self, label: str) -> None:
        """Press a button of the last screen, or start the bot, and wait for nothing."""
        if label == START:
            self.person.hand("start")
        else:
            self.person.tap(label)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with engine_of(self.database).connect() as connection:
            return [tuple(row) for row in connection.execute(sqlalchemy.text(statement))]

    def let_leases_run_out(self) -> None:
        """What a dead process had taken is free for others, as it is some seconds later."""
        taken = sqlalchemy.update(outbox).where(outbox.c.lease_until.is_not(None))
        with engine_of(self.database).begin() as connection:
            connection.execute(taken.values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))

    def quiet(self, updates: int) -> "Picture":
        """The picture once *updates* have come in, nothing waits for its work and nothing waits to leave."""
        open_ones = (
            "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM inbox WHERE state = 'new')"
            " + (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))"
        )
        until(lambda: self.rows(open_ones) == [(updates, 0)], f"quiet after {updates} updates")
        return self.picture()

    def picture(self) -> Picture:
        """How it looks now."""
        screen = [(bubble.text, tuple(bubble.labels)) for bubble in self.person.bubbles() if bubble.by_bot]
        return Picture(
            screen=screen,
            left=[(call["method"] + call["path"], _told(call["body"])) for call in once_each(self.calls())],
            kept={name: self.rows(statement) for name, statement in _KEPT.items()},
        )

    def calls(self) -> list[dict[str, Any]]:
        """What has left us and was accepted, in order."""
        asked = self.person.max.get("_requests").json()["requests"]
        return [call for call in asked if (call["method"], call["path"]) in WRITES and call["status"] == httpx.codes.OK]

    def repeats(self) -> list[dict[str, Any]]:
        """The calls that left us once more, word for word."""
        return [later for earlier, later in pairwise(self.calls()) if _essence(earlier) == _essence(later)]


def once_each(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls without those that only repeat the one before them."""
    return [next(same) for _, same in groupby(calls, _essence)]


def _essence(call: dict[str, Any]) -> tuple[Any, ...]:
    return call["method"], call["path"], call["query"], call["body"]


def _told(body: dict[str, Any]) -> Told:
    keyboards = [part["payload"]["buttons"] for part in body.get("attachments") or ()]
    labels = tuple(str(key["text"]) for keyboard in keyboards for row in keyboard for key in row)
    return str(body.get("text", body.get("notification"))), labels


@contextlib.contextmanager
def stand(folder: Path, database: str, world: str, more: Mapping[str, str] | None = None) -> Iterator[Stand]:
    """A stand over a prepared *database* and the emulator at *world*; no life has begun."""
    settings = settings_of(database, world) | {
        "REGISTRATURA_MAX_URL": world,
        "REGISTRATURA_MAX_MODE": "polling",
        "REGISTRATURA_BOT_SKIP_SINGLE_CHOICE": "true",
        **(more or {}),
    }
    life = Life(work, Orders(settings=settings, trail=folder / "points"))
    with httpx.Client(base_url=f"{world}/", verify=NO_TLS, trust_env=False, timeout=20) as client:
        client.post("_people", json={"user_id": PERSON.user, "first_name": PERSON.first_name}).raise_for_status()
        try:
            yield Stand(folder, database, world, Chat(client, PERSON.user), life)
        finally:
            life.kill()


def copy_file(source: Path, target: Path) -> None:
    """Copy an SQLite file with everything that was committed, whoever has it open."""
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


def count_of(states: Sequence[tuple[Any, ...]]) -> int:
    """How many there are in all states."""
    return Counter(dict(states)).total()
