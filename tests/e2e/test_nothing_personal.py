"""Canaries: what is personal stands in no journal and in no address, on good days and on the worst."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
import sqlalchemy

from tests.harness.chat import Chat
from tests.harness.pages import Browser
from tests.harness.product import Product, query, running
from tests.harness.programs import run
from tests.harness.village import FIRST_PURPOSE, Record, Village, ndjson
from tests.harness.waiting import until

CONFIRM = "Даю согласие, записать"
FIRST_NAME = "Канареелла"
DISCREET = f"{FIRST_NAME} Щ."
TYPED = "у меня чешется канарейкина пятка"
CARD = {
    "lastname": "Щеглова-Канареечная",
    "firstname": FIRST_NAME,
    "middlename": "Кенаровна",
    "birthdate": "1971-02-13",
    "snils": "91827364550",
    "oms_number": "7788990011223344",
    "phone": "+79617771234",
    "email": "canary@feathers.example",
    "max_phone": "+79627775678",
    "esia_id": "esia-canary-4711",
}
DOCTOR = {
    "last_name": "Свиристелев",
    "first_name": "Снегирь",
    "middle_name": "Чижович",
    "snils": "64738291055",
    "max_phone": "+79637779012",
}
SORRY = "У нас неполадки"
SPELLINGS = ("13.02.1971", "918-273-645", "961 777", "9617771234", "9627775678", "9637779012")
CANARIES = (*CARD.values(), *DOCTOR.values(), *SPELLINGS, TYPED, "Малышкина-Птичкина")
FULL_NAME = f"{CARD['lastname']} {CARD['firstname']} {CARD['middlename']}"
SHOWN_TO_THE_PATIENT = {DOCTOR["last_name"], DOCTOR["first_name"], DOCTOR["middle_name"], *FULL_NAME.split()}
"""What the patient is told in the chat: the doctor, and the own name once, in the summary before the consent."""


def with_canaries(village: Village) -> list[Record]:
    """The records of a village whose first citizen, child and therapist are canaries."""
    person, child, doctor = village.citizens[0].id, village.child, village.therapist.id
    changes = {person: CARD, child: {"lastname": "Малышкина-Птичкина"}, doctor: DOCTOR}
    return [{**record, **changes.get(record.get("id", ""), {})} for record in village.records()]


@contextmanager
def unreachable(server: str, product: Product) -> Iterator[None]:
    """The database turns everybody away while the block lasts."""
    name = sqlalchemy.make_url(product.settings["REGISTRATURA_DATABASE_URL"]).database
    query(server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        query(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name", name=str(name))
        yield
    finally:
        query(server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def broken(product: Product) -> Iterator[None]:
    """Nobody finds the table of patients while the block lasts."""
    product.query("ALTER TABLE patient RENAME TO patient_elsewhere")
    try:
        yield
    finally:
        product.query("ALTER TABLE patient_elsewhere RENAME TO patient")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, make_postgres_database: Callable[..., str]) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("canaries"), make_postgres_database()) as product:
        yield product


def a_good_day(product: Product, village: Village, chat: Chat) -> None:
    """A booking at the second attempt, while MAX stumbles."""
    chat.start()
    chat.say(TYPED)
    chat.walk("Записать себя", FIRST_PURPOSE, "Терапия", village.clinic, DOCTOR["last_name"])
    chat.press(chat.now().choices[0])
    assert f"Пациент: {FULL_NAME}\n" in chat.press("10:00").text
    taken = village.slot_id(village.therapist, village.days[0], "10:00")
    faster = {"patient_id": village.citizens[1].id, "slot_id": taken}
    assert product.call("POST", "/api/v1/bookings", json=faster).status_code == httpx.codes.CREATED
    assert chat.press(CONFIRM).text.startswith("Это время только что заняли.")
    product.faults(cut=True, times=2)
    chat.press("10:20")
    product.faults(status=500, times=2)
    assert chat.press(CONFIRM).text.startswith("Вы записаны ✓")
    product.faults()


def people_where_none_belong(product: Product) -> list[str]:
    """Calls with somebody's data in wrong places; gives what was answered."""
    wrong = {"patient_id": CARD["snils"], "slot_id": CARD["lastname"], "kind": CARD["email"]}
    unknown = {"patient_id": CARD["oms_number"], "slot_id": CARD["phone"]}
    answers = [product.call("POST", "/api/v1/bookings", json=body) for body in (wrong, unknown)]
    answers += [
        product.call("POST", "/api/v1/bookings", content=f'{{"x": "{CARD["email"]}"'.encode()),
        product.webhook(f'{{"update_type": "bot_started", "user": "{CARD["email"]}"}}'.encode()),
        product.load([{**CARD, "kind": "patient", "id": "bad", "gender": CARD["lastname"]}]),
    ]
    assert [answer.status_code for answer in answers] == [400, 422, 400, 400, 207]
    by_hand = ndjson([{**CARD, "kind": "patient", "id": "bad", "gender": CARD["lastname"]}])
    loaded = run("load", "-", settings=product.settings, folder=product.folder, data=by_hand)
    assert "patient bad R-310" in loaded.stderr
    return [*(answer.text for answer in answers), loaded.stdout, loaded.stderr]


def a_fault_of_ours(product: Product, chat: Chat, booking: dict[str, str], card: Record) -> list[str]:
    """Calls, loads and a press while a table is gone; gives what was answered."""
    before = chat.now()
    with broken(product):
        chat.tap("В начало", before)
        fault = product.call("POST", "/api/v1/bookings", json=booking)
        page = a_page_of_a_malfunction(product)
        load = product.load([card])
        by_hand = run("load", "-", settings=product.settings, folder=product.folder, data=ndjson([card]))
        apology = until(lambda: next((text for text in chat.said() if text.startswith(SORRY)), None), "an apology")
    assert (load.status_code, by_hand.returncode) == (500, 1)
    assert (fault.status_code, fault.json()["code"]) == (500, "fault")
    assert fault.json()["request_id"][:8] in fault.json()["detail"]
    assert apology.startswith("У нас неполадки, уже чиним. Ваши записи в силе.")
    product.quiet()
    assert [text.startswith(SORRY) for text in chat.said()].count(True) == 1, "one update, one apology"
    chat.say(TYPED)
    assert chat.press("Мои записи").labels[0] == "1"
    return [fault.text, page, load.text, by_hand.stdout, by_hand.stderr]


def a_page_of_a_malfunction(product: Product, status: int = 500) -> str:
    """What a browser is shown then: which kind it is, and the way to support with the code; gives the page."""
    browser = Browser(product.addresses[0])
    page = browser.open(f"/consultations/{uuid4()}")
    assert page.status_code == status
    assert 'data-kind="malfunction"' in page.text
    code = page.headers["x-request-id"][:8]
    (form,) = re.findall(r'href="(/feedback[^"]*)">Сообщить в поддержку', page.text)
    filled_in = browser.open(form)
    assert (filled_in.status_code, f'value="{code}"' in filled_in.text) == (200, True)
    return page.text


def no_database(product: Product, server: str, chat: Chat, booking: dict[str, str]) -> list[str]:
    """Calls and a press while nobody can reach the database; gives what was answered."""
    before, stopped = chat.now(), b'{"update_type": "bot_stopped", "timestamp": 1, "user": {"user_id": 5}}'
    with unreachable(server, product):
        answers = [product.call("POST", "/api/v1/bookings", json=booking), product.webhook(stopped)]
        assert product.call("GET", "/readyz").status_code == 503
        page = a_page_of_a_malfunction(product, 503)
        chat.tap("В начало", before)
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "2")] * 2
    until(lambda: product.call("GET", "/readyz").status_code == 200, "the server to be ready again")
    assert chat.after(before, "a press without a database").text.endswith("что нужно сделать?")
    return [page, *(answer.text for answer in answers)]


@pytest.mark.req("OPS-12", "OPS-16", "OPS-20", "OPS-23")
def test_no_canary_leaves_the_database(product: Product, postgres_server: str) -> None:
    village = Village.invent(2)
    person = village.citizens[0]
    assert product.load(with_canaries(village)).status_code == httpx.codes.OK
    for citizen in village.citizens:
        product.move_in(citizen.user, citizen.first_name)
    chat = product.chat(person.user)
    booking = {"patient_id": person.id, "slot_id": village.slot_id(village.neurologist, village.days[1], "10:00")}

    a_good_day(product, village, chat)
    answers = people_where_none_belong(product)
    answers += a_fault_of_ours(product, chat, booking, {**CARD, "kind": "patient", "id": "new", "gender": "2"})
    answers += no_database(product, postgres_server, chat, booking)
    product.quiet()

    for program in product.programs:
        assert found(program.words()) == [], f"in the journal of {program.name}"
        assert "Traceback" not in program.words()
    assert "http.fault" in product.serves[0].words(), "the fault itself was told"
    assert "inbox.fault" in product.works[0].words()
    asked = product.requests()
    assert found(*(f"{one['path']} {one['query']}" for one in asked)) == []
    assert found(*product.calls()) == []
    assert found(*answers) == []
    said = str([one["body"] for one in asked])
    assert DISCREET in said
    assert set(found(said)) <= {FIRST_NAME, *SHOWN_TO_THE_PATIENT}


def found(*texts: str) -> list[str]:
    """The canaries in *texts*, in any letter case."""
    folded = "\n".join(texts).casefold()
    return [canary for canary in CANARIES if canary.casefold() in folded]
