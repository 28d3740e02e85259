"""The pages of ESIA's emulator: what people see, with a browser and without."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount

from registratura.emulators.esia import EsiaEmulatorConfig, FakeVerifier, Person, create_app
from tests.integration.emulators.esia import (
    EVERYBODY,
    HASH,
    MNEMONIC,
    NO_PATRONYMIC,
    NO_SNILS,
    PARENT,
    SECRET,
    TEENAGER,
    UNCONFIRMED,
    YO,
    Esia,
    served_esia,
)

expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong

EVIL = Person(
    oid=1,
    last_name="<script>alert(1)</script>",
    first_name='"Имя',
    born=date(1990, 1, 1),
    gender="M",
    note="<b>не жирно</b>",
)


def test_the_invented_people_are_who_they_are_said_to_be() -> None:
    assert [child.snils is None for child in PARENT.kids] == [False, True]
    assert NO_PATRONYMIC.middle_name is None
    assert [person for person in EVERYBODY if not person.trusted] == [UNCONFIRMED]
    assert [person for person in EVERYBODY if person.snils is None] == [NO_SNILS]
    assert datetime.now(UTC).year - TEENAGER.born.year == 16
    assert YO.last_name.startswith("Ё")
    assert len({person.oid for person in EVERYBODY} | {child.oid for child in PARENT.kids}) == 9


def test_the_invented_insurance_numbers_have_right_control_sums() -> None:
    numbers = {person.snils for person in EVERYBODY} | {child.snils for child in PARENT.kids}
    assert len(numbers - {None}) == 7
    for number in filter(None, numbers):
        total = sum(weight * int(digit) for weight, digit in zip(range(9, 0, -1), number[:9], strict=True))
        assert number[9:] == f"{total % 101 % 100:02d}"


def test_the_page_says_what_it_is_and_who_is_here(esia: Esia) -> None:
    page = esia.web.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "эмулятор входа через Госуслуги" in page.text
    for person in EVERYBODY:
        assert person.full_name in page.text
        assert person.note in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert esia.web.get("/_static/page.css").status_code == 200


def test_nothing_a_person_is_called_becomes_markup() -> None:
    with served_esia(persons=[EVIL]) as esia:
        for page in (esia.web.get("/"), esia.authorize(esia.asked())):
            assert "<script" not in page.text
            assert "<b>не" not in page.text
            assert "&lt;script&gt;" in page.text


def test_nothing_of_a_request_becomes_markup(esia: Esia) -> None:
    page = esia.authorize(esia.asked(redirect_uri="https://evil.example/<script>"))
    assert "<script" not in page.text
    assert "form-action 'self';" in page.headers["content-security-policy"] + ";"


def test_the_switches_work_without_scripts(esia: Esia) -> None:
    form = {"status": "503", "route": "GET /oidc/jwks", "times": "1", "delay_ms": "", "expired": "on", "token": "id"}
    answer = esia.web.post("/", data={**form, "missing_scope": "snils", "do": "apply"})
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    told = esia.web.get("/_emu/faults").json()
    assert {name: value for name, value in told.items() if value} == {
        "status": 503,
        "routes": ["GET /oidc/jwks"],
        "times": 1,
        "expired": True,
        "token": "id",
        "missing_scope": "snils",
    }
    page = esia.web.get("/").text
    assert "Включены неисправности: 3" in page
    assert '<option value="503" selected>' in page
    assert '<option value="GET /oidc/jwks" selected>' in page
    assert 'name="expired" checked' in page
    esia.web.post("/", data={"do": "off"})
    assert not any(esia.web.get("/_emu/faults").json()[name] for name in ("status", "expired", "missing_scope"))


@pytest.mark.parametrize("form", [{"status": "404"}, {"status": "x"}, {"route": "GET /nowhere"}, {"other": "1"}])
def test_a_switch_that_is_not_there_is_told(esia: Esia, form: dict[str, str]) -> None:
    answer = esia.web.post("/", data={**form, "do": "apply"})
    assert answer.status_code == 400
    assert "Такой неисправности нет" in answer.text


@pytest.mark.parametrize(("deed", "published"), [("keep", 2), ("drop", 1)])
def test_the_key_is_changed_on_the_page(deed: str, published: int) -> None:
    with served_esia() as esia:
        (before,) = esia.web.get("/_emu/jwks").json()["keys"]
        assert before["kid"] in esia.web.get("/").text
        esia.web.post("/", data={"do": deed})
        assert len(esia.web.get("/_emu/jwks").json()["keys"]) == published
        assert before["kid"] not in esia.web.get("/").text


@pytest.mark.anyio
async def test_it_can_be_mounted_below_a_prefix() -> None:
    public_url = "http://host/sandbox/esia"
    emulator = create_app(
        EsiaEmulatorConfig(
            public_url=public_url,
            client_id=MNEMONIC,
            certificate_hash=HASH,
            verifier=FakeVerifier(SECRET),
            redirect_hosts=["host"],
        )
    )
    host = Starlette(routes=[Mount("/sandbox/esia", app=emulator)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(host), base_url=public_url + "/") as web:
        page = await web.get("")
        assert 'href="/sandbox/esia/_static/page.css"' in page.text
        assert (await web.get("_static/page.css")).status_code == 200
        switched = await web.post("", data={"do": "apply", "status": "500"})
        assert switched.headers["location"] == "./"
        assert (await web.get("rs/prns/1")).status_code == 500
        assert (await web.get("_emu/jwks")).json()["keys"]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture(params=[(360, 640), (1280, 800)], ids=["phone", "desktop"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone and a desk without scripts; complaints of the browser fail the test."""
    width, height = request.param
    opened = browser.new_page(viewport={"width": width, "height": height}, java_script_enabled=False)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert complaints == []


@pytest.fixture
def back() -> Iterator[str]:
    """The address of a client on another port, which is another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write("<!doctype html><link rel=icon href=data:,><p>Вернулись</p>".encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/back"
    server.shutdown()
    server.server_close()
    thread.join()


def entrance(esia: Esia, back: str) -> str:
    """The address to which a client sends the person."""
    return str(httpx.URL(f"{esia.url}/aas/oauth2/v2/ac", params=esia.asked(redirect_uri=back)))


def test_a_person_signs_in_by_keyboard_and_comes_back(esia: Esia, page: Page, back: str) -> None:
    page.goto(entrance(esia, back))
    expect(page.get_by_role("heading", name="Вход в Госуслуги (эмулятор)")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Ключевая Анна Сергеевна")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Вернулись")).to_be_visible()
    code = httpx.URL(page.url).params["code"]
    assert esia.exchanged(esia.exchange(code, redirect_uri=back)).status_code == 200


def test_a_person_cancels_and_comes_back(esia: Esia, page: Page, back: str) -> None:
    page.goto(entrance(esia, back))
    page.get_by_role("button", name="Отмена").click()
    expect(page.get_by_text("Вернулись")).to_be_visible()
    assert httpx.URL(page.url).params["error"] == "access_denied"


def test_faults_are_switched_on_the_page(esia: Esia, page: Page) -> None:
    page.goto(esia.url)
    page.get_by_label("Отказ на запрос").select_option("503")
    page.get_by_label("Подпись чужим ключом").check()
    page.get_by_role("button", name="Применить").click()
    expect(page.get_by_role("status")).to_have_text("Включены неисправности: 2")
    expect(page.get_by_label("Подпись чужим ключом")).to_be_checked()
    assert esia.web.get("/oidc/jwks").status_code == 503
    page.get_by_role("button", name="Выключить всё").click()
    expect(page.get_by_role("status")).to_have_count(0)
    assert esia.web.get("/oidc/jwks").status_code == 200


@pytest.mark.parametrize("path", ["", "/aas/oauth2/v2/ac"])
def test_nothing_is_wider_than_the_screen(esia: Esia, browser: Browser, back: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 640})
    page.goto(entrance(esia, back) if path else esia.url)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.close()
    assert wide <= 0
