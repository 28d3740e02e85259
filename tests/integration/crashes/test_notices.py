"""A worker killed at each of its points while a consultation comes near: one reminder, one chat, whatever died."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import sqlalchemy

from registratura.adapters.sql.tables import appointment, consultation_chat, resource
from registratura.domain.appointments import Channel, VisitKind
from registratura.domain.telemedicine import Platform
from tests.harness.lives import KILLED
from tests.harness.waiting import until
from tests.harness.worlds import ROOMS
from tests.integration.crashes.databases import Kept, engine_of
from tests.integration.crashes.stand import NO_TLS, PERSON, START, VILLAGE, Stand
from tests.integration.crashes.walk import Place, Step

MINUTE = timedelta(minutes=1)
GREETING = 1
"""Messages that have left before."""
BOOKING = "8c5d2f0e-6b7a-4c1d-9e2f-3a4b5c6d7e8f"
REMINDER = (
    "outbox.put_once, agenda.put: before commit",
    "outbox.put_once, agenda.put: committed",
    "outbox.lease: before commit",
    "outbox.lease: committed",
    "send: before sending",
    "throttle.reserve: before",
    "throttle.reserve: done",
    "send: done, not recorded",
    "outbox.settle: before commit",
    "outbox.settle: committed",
)
CHAT = (
    "chats.save, agenda.put: before commit",
    "chats.save, agenda.put: committed",
    "chats.save: before commit",
    "chats.save: committed",
    "chats.create: before",
    "chats.create: done, not recorded",
    "chats.save: before commit",
    "chats.save: committed",
    "chats.save: before commit",
    "chats.save: committed",
    "chats.add: before",
    "chats.add: done, not recorded",
    "chats.save: before commit",
    "chats.save: committed",
)

IN_DOUBT = range(CHAT.index("chats.create: before"), CHAT.index("chats.create: done, not recorded") + 3)
"""Deaths after the commit that says that a chat is being asked for, and before the one that records the answer."""


def book(database: str, ahead: timedelta) -> None:
    """A consultation of the person, so long ahead, that was booked an hour ago and is to be looked at now."""
    now = datetime.now(UTC)
    values = {
        "id": BOOKING,
        "patient_id": PERSON.id,
        "slot_id": "slot",
        "organisation_id": VILLAGE.clinic_id,
        "resource_id": VILLAGE.therapist.id,
        "starts": now + ahead,
        "ends": now + ahead + 15 * MINUTE,
        "kind": VisitKind.ONLINE_CONSULTING.value,
        "channel": Channel.MAX.value,
        "author_id": PERSON.id,
        "platform": Platform.MAX.value,
        "booked_at": now - timedelta(hours=1),
        "agenda": now - MINUTE,
    }
    with engine_of(database).begin() as connection:
        connection.execute(sqlalchemy.insert(appointment).values(**values))
        doctor = sqlalchemy.update(resource).where(resource.c.id == VILLAGE.therapist.id)
        connection.execute(doctor.values(messenger_phone="+7 900 000-00-07"))


@attrs.frozen
class Eve:
    """The stand of a person who has started the bot, and whose consultation is near."""

    here: Stand
    rooms: httpx.Client

    def calm(self) -> bool:
        """Whether nothing waits any more."""
        # In one statement: something may be put between two.
        asked = (
            "SELECT (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))"
            " + (SELECT count(*) FROM consultation_chat WHERE due IS NOT NULL AND state <> 'unknown'),"
            " (SELECT count(*) FROM outbox) + (SELECT count(*) FROM consultation_chat)"
        )
        ((waiting, begun),) = self.here.rows(asked)
        return bool(waiting == 0 and begun > GREETING)

    def reminders(self) -> list[str]:
        """What the person sees of them."""
        return [text for text in self.here.person.said() if text.startswith("Консультация через")]

    def calls(self) -> list[str]:
        """How often the reminder has left us."""
        sent = [call["body"].get("text", "") for call in self.here.calls()]
        return [text for text in sent if text.startswith("Консультация через")]

    def chats(self) -> list[dict[str, Any]]:
        """What is there."""
        return list(self.rooms.get("_emu/chats").json()["chats"])

    def free(self) -> None:
        """What the dead one had taken is free for others, as it is some seconds later."""
        self.here.let_leases_run_out()
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        with engine_of(self.here.database).begin() as connection:
            taken = sqlalchemy.update(consultation_chat).where(consultation_chat.c.due.is_not(None))
            connection.execute(taken.values(due=long_ago))


@contextlib.contextmanager
def eve(place: Place, name: str, kept: Kept, world: Path | None, ahead: timedelta, *, chats: bool) -> Iterator[Eve]:
    """An eve in a folder of its own."""
    rooms = f"{place.worlds}/{ROOMS}{place.folder.name}-{name}/"
    more = {"REGISTRATURA_SFERUM_URL": rooms.rstrip("/"), "REGISTRATURA_SFERUM_TOKEN": "sandbox"} if chats else {}
    with (
        place.stand(name, kept, world, more) as here,
        httpx.Client(base_url=rooms, verify=NO_TLS, trust_env=False, timeout=20) as client,
    ):
        book(here.database, ahead)
        yield Eve(here, client)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def walked(request: pytest.FixtureRequest) -> tuple[Place, list[Step]]:
    """A place, and a person who has started the bot there."""
    found: tuple[Place, list[Step]] = request.getfixturevalue(request.param)
    return found


def life(evening: Eve, points: tuple[str, ...], at: int) -> None:
    """A worker that dies at the point *at*, and one after it that lives."""
    evening.here.life.begin(die_at=at)
    if at:
        until(lambda: not evening.here.life.runs, f"death at {points[at - 1]}")
        assert evening.here.life.exit_code == KILLED
        assert evening.here.life.passed() == list(points[:at])
        evening.free()
        evening.here.life.begin()
    until(evening.calm, "that nothing waits", 60)


@pytest.mark.req("TMK-104", "OPS-13")
@pytest.mark.parametrize("at", range(len(REMINDER) + 1))
def test_a_reminder_is_seen_once_wherever_the_worker_died(walked: tuple[Place, list[Step]], at: int) -> None:
    place, steps = walked
    assert steps[0].press == START
    with eve(place, f"reminder-{at}", steps[1].begins, steps[1].world, 10 * MINUTE, chats=False) as evening:
        life(evening, REMINDER, at)
        assert len(evening.reminders()) == 1
        assert len(evening.calls()) <= 2
        recorded = "SELECT state FROM outbox WHERE id LIKE 'notice:%'"
        assert evening.here.rows(recorded) == [("sent",)]
        assert evening.here.rows("SELECT agenda FROM appointment") == [(None,)]


@pytest.mark.req("CONS-16", "OPS-13")
@pytest.mark.parametrize("at", range(len(CHAT) + 1))
def test_a_consultation_has_one_chat_wherever_the_worker_died(walked: tuple[Place, list[Step]], at: int) -> None:
    place, steps = walked
    with eve(place, f"chat-{at}", steps[1].begins, steps[1].world, 18 * MINUTE, chats=True) as evening:
        life(evening, CHAT, at)
        rooms, known = evening.chats(), evening.here.rows("SELECT state, chat FROM consultation_chat")
        assert len(rooms) <= 1
        ((state, chat),) = known
        if at in IN_DOUBT:
            assert (state, chat) == ("unknown", None), "nobody knows whether it is there, so nobody asks for another"
        else:
            assert (state, chat) == ("ready", str(rooms[0]["chat_id"]))
            assert [member["chat_role"] for member in rooms[0]["members"]] == ["teacher"]
