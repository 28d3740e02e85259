"""Whatever is asked of a large region is answered from indexes: by statements that really ran, with real statistics.

PostgreSQL counts itself how often it read a table whole, so whole processes may be watched from outside. SQLite plans
by its indexes alone, however many rows there are, so there it is enough to hear what is asked and have it explained.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Engine, event

from benchmarks.region import PATIENT, SLOT, Region, fill_postgres, id_of
from registratura.adapters.sql import SqlStorage, migrate, open_storage
from registratura.application.availability import AvailabilityQuery
from registratura.application.booking import CancelAppointment, Desk, MoveAppointment
from registratura.application.ports.deciding import Fingerprint
from registratura.application.requests import BookOnce
from registratura.application.tidying import Retention, Tidy
from registratura.domain.appointments import Application, Channel, VisitKind
from registratura.domain.identifiers import AppointmentId, SlotId
from registratura.domain.schedule import SlotStatus
from registratura.testing.memory import MemoryStorage
from registratura.testing.time import MovableClock
from tests.dialogue import clinic
from tests.dialogue.chat import TO_SUMMARY, Bot, Chat
from tests.harness.chat import Chat as Talk
from tests.harness.product import Product, running
from tests.harness.programs import run
from tests.harness.village import FIRST_PURPOSE, Village

LARGE = ("slot", "appointment", "outbox", "inbox", "patient")
ROWS = 200_000
"""Of each: from far fewer on the planner answers as it does at a million, whose filling takes minutes on two cores."""
IN_FORCE = ROWS // 10


@pytest.fixture(scope="module")
def region(make_postgres_database: Callable[..., str]) -> str:
    url = make_postgres_database()
    fill_postgres(url, Region(slots=ROWS, patients=ROWS))
    with _connected(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_BOOKINGS)
        connection.execute(_TAKEN)
        connection.execute(_SENT)
        connection.execute(_DONE)
        connection.execute("VACUUM ANALYZE")
    return url


_NUMBERS = f"generate_series(0, {ROWS - 1}) AS numbers(n)"
_BOOKINGS = f"""
INSERT INTO appointment (id, patient_id, slot_id, organisation_id, resource_id, starts, ends, kind, channel, author_id,
  booked_at, outcome, closed_at)
SELECT gen_random_uuid()::text, patient.id, slot.id, slot.organisation_id, slot.resource_id, slot.starts,
  slot.starts + interval '20 minutes', 'ONLINE_CONSULTING', 'max', patient.id, now(),
  CASE WHEN slot.number <= {IN_FORCE} THEN NULL ELSE 1 END, CASE WHEN slot.number <= {IN_FORCE} THEN NULL ELSE now() END
FROM (SELECT row_number() OVER () AS number, * FROM slot) AS slot
JOIN (SELECT row_number() OVER () AS number, id FROM patient) AS patient USING (number)
"""  # noqa: S608  # put together from numbers of its own
_TAKEN = "UPDATE slot SET status = 'RECORDED' FROM appointment WHERE slot_id = slot.id AND outcome IS NULL"
_SENT = f"""
INSERT INTO outbox (id, line, payload, state, due, attempts, in_doubt, settled_at)
SELECT gen_random_uuid()::text, 'max:' || n % 5000, '{{}}', 'sent', now(), 1, false, now() FROM {_NUMBERS}
"""  # noqa: S608  # put together from numbers of its own
_DONE = f"""
INSERT INTO inbox (key, line, payload, state, attempts, received_at, not_before)
SELECT 'update-' || n, 'max:' || n % 5000, '{{}}', 'done', 1, now(), now() FROM {_NUMBERS}
"""  # noqa: S608  # put together from numbers of its own


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    plain = sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def read_whole(url: str) -> dict[str, int]:
    """How often each large table was read from its beginning to its end."""
    with _connected(url) as connection:
        rows = connection.execute("SELECT relname, seq_scan FROM pg_stat_user_tables").fetchall()
    return {table: count for table, count in rows if table in LARGE}


@pytest.mark.timeout(300)
def test_postgres_never_reads_a_large_table_whole(region: str, tmp_path: Path) -> None:
    before = read_whole(region)

    with running(tmp_path, region) as product:
        use(product)

    # Whoever served has ended by now, and with that told all it counted.
    assert read_whole(region) == before


@pytest.mark.timeout(300)
def test_a_table_read_whole_is_seen(region: str) -> None:
    before = read_whole(region)
    with _connected(region) as connection:
        connection.execute("SELECT count(*) FROM slot WHERE minutes = 21")
    after = read_whole(region)
    # Each of those who read it in parallel counts.
    assert after.pop("slot") > before["slot"]
    assert after == {table: count for table, count in before.items() if table != "slot"}


def use(product: Product) -> None:
    """Everything that can be asked of the product from outside."""
    village = product.settle(3)
    book_in_chat(product, village)
    book_by_the_api(product, village)
    change_by_loading(product, village)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert product.call("GET", path).status_code == 200
    assert run("doctor", settings=product.settings, folder=product.folder).returncode in {0, 1}


def book_in_chat(product: Product, village: Village) -> None:
    chat = product.chat(village.citizens[0].user)
    chat.start()
    chat.walk("Записать себя", FIRST_PURPOSE)
    leaf_to(chat, "Терапия")
    chat.walk("Терапия", village.clinic, village.therapist.label)
    chat.press(chat.now().labels[0])
    chat.walk("10:00", "Условия консультации", "Назад", "Даю согласие, записать")
    chat.walk("Мои записи", "1", "Отменить запись", "Да, отменить")
    chat.walk("В начало", "Записать другого человека", "Малышка", FIRST_PURPOSE)
    leaf_to(chat, "Педиатрия")
    chat.walk("Педиатрия", village.clinic, village.paediatrician.label)
    chat.press(chat.now().labels[0])
    booked = chat.walk("10:00", "Даю согласие, записать")
    assert booked.text.startswith("Запись оформлена ✓")


def leaf_to(chat: Talk, label: str) -> None:
    """The region has many specialities."""
    while label not in chat.now().labels:
        chat.press("Дальше →")


def book_by_the_api(product: Product, village: Village) -> None:
    person, doctor = village.citizens[1], village.therapist
    asked = {"patient_id": person.id, "slot_id": village.slot_id(doctor, village.days[0], "10:20")}
    key = {"Idempotency-Key": str(uuid4())}
    booked = [product.call("POST", "/api/v1/bookings", json=asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in booked] == [201, 201]
    refused = product.call("POST", "/api/v1/bookings", json={**asked, "patient_id": village.citizens[2].id})
    assert refused.status_code == 409
    assert len(product.bookings(person.id)) == 1
    # Somebody of the large region, who has a booking, and one of its slots, which is taken.
    known = {"patient_id": id_of(PATIENT, 1), "slot_id": id_of(SLOT, 1)}
    assert product.call("POST", "/api/v1/bookings", json=known).status_code in {409, 422}
    organisation, speciality = Region(ROWS).pair(3)
    for mo, code in ((organisation, speciality), (village.clinic_id, doctor.speciality)):
        counted = product.call("GET", "/api/v1/availability", params={"mo_id": mo, "speciality_id": code})
        assert counted.json()["counts"]
    assert product.call("DELETE", f"/api/v1/bookings/{booked[0].json()['id']}").status_code == 204


def change_by_loading(product: Product, village: Village) -> None:
    records = list(village.records())
    (place,) = (one for one in records if one["kind"] == "mo")
    person = village.citizens[2].id
    (card,) = (one for one in records if one["kind"] == "patient" and one["id"] == person)
    slot = village.slot(village.neurologist, village.days[0], "10:40")
    book = {
        "kind": "book",
        "id": str(uuid4()),
        "patient_id": person,
        "slot_id": slot["id"],
        "status_code": 5000,
        "type": "APPOINTMENT",
        "tag_source": "REG",
        "create_ts": "2026-01-10T09:00:00",
    }
    changes = ([{**place, "timezone": "Asia/Omsk"}], [book], [{**slot, "status": "CANCELED"}])
    for batch in (records, *changes, [{**card, "united_guids": [str(uuid4())]}]):
        loaded = product.load(batch)
        assert loaded.status_code == 200, loaded.text


class Heard:
    """What goes to SQLite, with the parameters of the first time."""

    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}

    def note(self, statement: str, parameters: Any = ()) -> None:
        self.statements.setdefault(statement, parameters)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Everything that any engine made meanwhile tells SQLite, past SQLAlchemy too."""
    heard = Heard()

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = ()) -> Self:
            heard.note(sql, parameters)
            return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Any) -> Self:
            given = list(parameters)
            heard.note(sql, given[0])
            return super().executemany(sql, given)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Cursor:  # type: ignore[override]  # whatever is asked for
            return super().cursor(Cursor)

        def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
            heard.note(sql, parameters)
            return super().execute(sql, parameters)

    def listening(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> None:
        options["factory"] = Connection

    event.listen(Engine, "do_connect", listening)
    yield heard
    event.remove(Engine, "do_connect", listening)


@pytest.fixture
async def storage(heard: Heard, tmp_path: Path) -> AsyncIterator[SqlStorage]:
    migrate(f"sqlite:///{tmp_path}/registratura.db")
    heard.statements.clear()
    async with open_storage(f"sqlite:///{tmp_path}/registratura.db") as storage:
        yield storage


@pytest.mark.anyio
async def test_sqlite_never_reads_a_large_table_whole(heard: Heard, storage: SqlStorage, tmp_path: Path) -> None:
    clock = MovableClock(clinic.NOW)
    bot = Bot(storage=storage, memory=MemoryStorage(clock), clock=clock, allow_cancel=True)
    for _ in range(2):
        await clinic.load(storage, *clinic.PLAIN)
    await talk(bot)
    await book_and_count(storage, bot.desk)
    withdrawn = clinic.slot("s3", clinic.THERAPIST, clinic.at(25, 10), status=SlotStatus.CANCELED)
    in_omsk = clinic.organisation(zone=ZoneInfo("Asia/Omsk"))
    await clinic.load(storage, [clinic.book("book", clinic.STRANGER, "s3")], [withdrawn], [in_omsk])
    await Tidy(storage=storage, clock=clock, retention=Retention())()

    with closing(sqlite3.connect(tmp_path / "registratura.db")) as connection:
        assert not "\n\n".join(one for one in heard.statements if reads_whole(connection, one, heard))
        heard.note("SELECT count(*) FROM slot WHERE minutes = ?", [21])
        assert reads_whole(connection, "SELECT count(*) FROM slot WHERE minutes = ?", heard)


async def talk(bot: Bot) -> None:
    mother = await Chat(bot=bot, user=clinic.MOTHER_IN_MAX).start()
    await mother.press(*TO_SUMMARY, "Даю согласие")
    assert mother.text.startswith("Вы записаны ✓")
    await mother.press("Мои записи", "1", "Отменить", "Да, отменить", "В начало", "Записать другого", "Пётр")
    man = await Chat(bot=bot, user=clinic.MAN_IN_MAX).start()
    await man.press("Мои записи", "В начало", "Помощь")
    await man.stop()


async def book_and_count(storage: SqlStorage, desk: Desk) -> None:
    once, key = BookOnce(storage=storage, desk=desk), Fingerprint("test", "key", "digest")
    asked = Application(
        patient=clinic.SON, slot=SlotId("s5"), channel=Channel.REGISTRY, kind=VisitKind.ONLINE_CONSULTING
    )
    (held,) = {(await once(asked, key, lambda made: made.id)).unwrap() for _ in range(2)}
    coming = await storage.read(lambda tx: tx.appointments.coming([clinic.SON], clinic.MOTHER, clinic.NOW))
    assert [booking.id for booking in coming] == [held]
    await MoveAppointment(storage=storage, desk=desk)(AppointmentId(held), SlotId("s1"))
    await CancelAppointment(storage=storage, desk=desk)(AppointmentId(held))
    counted = AvailabilityQuery(organisation=clinic.CLINIC, speciality=clinic.THERAPY, now=clinic.NOW)
    assert await storage.availability(counted) is not None


def reads_whole(connection: sqlite3.Connection, statement: str, heard: Heard) -> bool:
    """Whether a large table, or an index of all its rows, is read from its beginning to its end."""
    if statement.split(maxsplit=1)[0] not in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}:
        return False
    steps = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", heard.statements[statement])]
    # An index of the few rows that wait may well be read to its end.
    few = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '% INDEX % WHERE %'")}
    scans = [step.split() for step in steps if step.startswith("SCAN ")]
    # «SCAN slot», «SCAN slot USING INDEX …», «SCAN slot_1»; under another name a table would not be known again.
    return any(words[1].rstrip("_0123456789") in LARGE and words[-1] not in few for words in scans)
