"""The pages of the Sferum emulator in a real browser: chats, what an invitation opens, and switches of faults."""

import json
from collections.abc import Iterator
from datetime import UTC

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.sferum.emulated import ADD, CREATE, Emulated, emulator

DOCTOR = {"phone": "79170000001", "chat_role": "teacher", "member_role": "admin"}
PATIENT = {"phone": "79170000002", "chat_role": "student", "member_role": "member"}
LATECOMER = {"phone": "79170000004", "chat_role": "student", "member_role": "member"}
NINE_ON_THE_THIRD_OF_MARCH = 1_804_064_400.0

expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def sferum() -> Iterator[Emulated]:
    names = {DOCTOR["phone"]: "Осенний А. Б."}
    settings = {"names": names, "zone": UTC, "clock": lambda: NINE_ON_THE_THIRD_OF_MARCH}
    with emulator(pending=frozenset({LATECOMER["phone"]}), **settings) as there:
        yield there


@pytest.fixture(params=[(360, 640), (1280, 800)], ids=["phone", "desktop"])
def page(browser: Browser, sferum: Emulated, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The first page, on a phone and on a desk; complaints of the browser fail the test."""
    width, height = request.param
    opened = browser.new_page(viewport={"width": width, "height": height})
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.goto(sferum.url)
    yield opened
    wide = opened.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    opened.close()
    assert complaints == []
    assert wide <= 0


def invited(sferum: Emulated, title: str) -> str:
    """The invitation to a chat with a doctor, a patient, and somebody who has not come yet."""
    chat = sferum.call(CREATE, {"type": "telemedicine", "chat_title": title})["response"]
    sferum.call(ADD, {"chat_id": str(chat["chat_id"]), "users": json.dumps([DOCTOR, PATIENT, LATECOMER])})
    return str(chat["invite_link"])


def test_an_invitation_opens_the_chat_with_its_people_who_can_write(sferum: Emulated, page: Page) -> None:
    page.goto(invited(sferum, "ТМК 03.03.2027 09:15 <b>Осенний</b>"))
    expect(page.get_by_role("heading", level=1)).to_have_text("ТМК 03.03.2027 09:15 <b>Осенний</b>")
    expect(page.get_by_text("создан 03.03.2027 09:00")).to_be_visible()
    expect(page.get_by_role("definition")).to_have_text(
        ["Осенний А. Б., +7 917 000-00-01", "+7 917 000-00-02", "+7 917 000-00-04 приглашение ещё не принято"]
    )
    assert page.get_by_role("term").all_inner_texts() == ["Врач", "Пациент"]
    expect(page.get_by_text("Сообщений пока нет")).to_be_visible()
    expect(page.get_by_label("Кто пишет").get_by_role("option")).to_have_count(2)
    page.get_by_label("Кто пишет").select_option(label="Осенний А. Б., +7 917 000-00-01")
    page.get_by_label("Сообщение").fill("Здравствуйте <script>alert(1)</script>")
    page.get_by_role("button", name="Отправить").click()
    said = page.get_by_role("listitem").filter(has_text="Осенний А. Б.")
    expect(said).to_contain_text("Здравствуйте <script>alert(1)</script>")


def test_the_first_page_lists_chats_newest_first_and_leads_into_them(sferum: Emulated, page: Page) -> None:
    expect(page.get_by_text("Чатов пока нет")).to_be_visible()
    for title in ("ТМК утром", "ТМК вечером"):
        invited(sferum, title)
    page.reload()
    assert page.get_by_role("listitem").get_by_role("heading").all_inner_texts() == ["ТМК вечером", "ТМК утром"]
    page.get_by_role("link", name="ТМК утром").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ТМК утром")
    page.get_by_role("link", name="Все чаты").click()
    expect(page.get_by_role("heading", name="Чаты консультаций")).to_be_visible()


def test_faults_are_switched_on_the_page(sferum: Emulated, page: Page) -> None:
    page.get_by_label("Отказ на запрос").select_option("10")
    page.get_by_label("Какие запросы").select_option("educationSchool.addChatUsers")
    page.get_by_label("Сколько запросов").select_option("3")
    page.get_by_label("Обрыв после действия").check()
    page.get_by_label("Кого нельзя добавить").fill("79170000002 79170000009")
    page.get_by_role("button", name="Применить").click()
    expect(page.get_by_role("status")).to_have_text("Неисправности включены")
    expect(page.get_by_label("Отказ на запрос")).to_have_value("10")
    expect(page.get_by_label("Обрыв после действия")).to_be_checked()
    assert sferum.world.get("/_emu/faults").json() == {
        "error": 10,
        "status": None,
        "delay_ms": 0,
        "cut": True,
        "page": False,
        "methods": ["educationSchool.addChatUsers"],
        "times": 3,
        "failing": ["79170000002", "79170000009"],
        "failed_as": "object",
    }
    page.get_by_role("button", name="Выключить всё").click()
    expect(page.get_by_role("status")).to_have_count(0)
    assert sferum.world.get("/_emu/faults").json()["error"] is None


def test_a_broken_invitation_and_a_made_up_fault_are_answered_kindly(sferum: Emulated) -> None:
    gone = sferum.world.get("/join/nobody-knows-it")
    assert (gone.status_code, "Такого чата нет" in gone.text) == (404, True)
    wrong = sferum.world.post("/_emu/faults", data={"error": "много"})
    assert (wrong.status_code, "Такой неисправности нет" in wrong.text) == (400, True)


def test_who_is_not_in_the_chat_cannot_write_and_nobody_can_run_a_script(sferum: Emulated) -> None:
    link = invited(sferum, "ТМК")
    for phone in (LATECOMER["phone"], "79179999999", ""):
        assert sferum.world.post(link, data={"phone": phone, "text": "Впустите"}).status_code == 303
    shown: httpx.Response = sferum.world.get(link)
    assert "Впустите" not in shown.text
    assert "script-src" not in shown.headers["content-security-policy"]
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
