"""The chat page as a person uses it, in a real browser, on a phone and on a desk."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import attrs
import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.harness.chat import Chat
from tests.harness.programs import run
from tests.harness.sandbox import SmallSandbox, small_sandbox
from tests.harness.waiting import PATIENCE

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PASSWORD = "correct horse battery"
CONFIRM = "Даю согласие, записать"
SCREENSHOTS = "REGISTRATURA_TEST_SCREENSHOTS"
MARINA, DESK_PERSON, LISTENER, SURVIVOR = 1001, 1012, 1018, 1011


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSandbox]:
    started = small_sandbox(tmp_path_factory.mktemp("sandbox"))
    started.start()
    try:
        started.await_ready()
        yield started
    finally:
        started.kill()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


@attrs.define
class Screen:
    """One person's chat in a browser window."""

    page: Page
    address: str
    name: str
    complaints: list[str] = attrs.field(factory=list)
    foreign: list[str] = attrs.field(factory=list)
    _number: Iterator[int] = attrs.field(factory=lambda: count(1))

    def __attrs_post_init__(self) -> None:
        def console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(message.text)

        def request(sent: Request) -> None:
            if not sent.url.startswith((self.address, "data:")):
                self.foreign.append(sent.url)

        self.page.on("console", console)
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        self.page.on("request", request)
        self.page.set_default_timeout(PATIENCE * 1000)

    def open(self, user: int) -> None:
        """Open the page, choose the person, start the bot."""
        self.page.goto(f"{self.address}/sandbox/max/")
        self.photo("people")
        self.page.locator(f"#people a[href='#{user}']").click()
        self.photo("not started")
        self.page.get_by_role("button", name="Запустить бота").click()
        self.shows("что нужно сделать?")

    @property
    def last(self) -> Locator:
        """The last message."""
        return self.page.locator("#messages .message").last

    def shows(self, text: str) -> None:
        """Wait until the last message has *text* in it and can be seen whole."""
        expect(self.last).to_contain_text(text, timeout=PATIENCE * 1000)
        expect(self.last.locator(".keys button").last).to_be_in_viewport(timeout=PATIENCE * 1000)
        self.photo(text)

    def press(self, label: str, then: str) -> None:
        """Press the first button of the last message that begins so, and see what comes."""
        self.last.locator(".keys button").filter(has_text=label).first.click()
        self.shows(then)

    def labels(self) -> list[str]:
        """The buttons of the last message."""
        return self.last.locator(".keys button").all_inner_texts()

    def photo(self, what: str) -> None:
        """Keep a picture where the developer wants them."""
        folder = os.environ.get(SCREENSHOTS)
        if folder:
            words = "".join(sign if sign.isalnum() else "-" for sign in what)[:24]
            self.page.screenshot(path=Path(folder) / f"{self.name}-{next(self._number):02}-{words}.png")

    def assert_calm(self) -> None:
        """Nothing was complained about and nobody else was asked."""
        assert self.complaints == []
        assert self.foreign == []


def window(browser: Browser, sandbox: SmallSandbox, size: dict[str, int], name: str) -> Screen:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, has_touch=size is PHONE, locale="ru-RU"
    )
    return Screen(context.new_page(), sandbox.address, name)


def no_wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.req("TMK-01")
def test_a_parent_books_a_child_on_a_phone(browser: Browser, sandbox: SmallSandbox) -> None:
    screen = window(browser, sandbox, PHONE, "phone")
    screen.open(MARINA)
    screen.press("Записать другого человека", "Кого записываем?")
    screen.press("Варвара", "Зачем нужна консультация?")
    screen.press("Первичная", "К какому врачу?")
    screen.press("Педиатрия", "В какой поликлинике?")
    screen.press(screen.labels()[0], "Выберите врача.")
    screen.press(screen.labels()[0], "На какой день?")
    screen.press(screen.labels()[0], "Во сколько?")
    screen.press(screen.labels()[0], "Проверьте запись")
    expect(screen.last).to_contain_text("Варвара")
    screen.press("Условия консультации", "Как пройдёт консультация")
    screen.press("Назад", "Проверьте запись")
    screen.press(CONFIRM, "Запись оформлена ✓")
    screen.press("Мои записи", "Ваши записи:")
    screen.press("1", "Поликлиника:")
    screen.press("Отменить запись", "Отменить запись:")
    screen.press("Да, отменить", "Запись отменена.")
    assert no_wider_than_the_window(screen.page)
    screen.assert_calm()
    screen.page.context.close()


@pytest.mark.req("TMK-16", "TMK-72")
def test_back_comes_to_the_previous_step_from_every_step_on_a_desk(browser: Browser, sandbox: SmallSandbox) -> None:
    screen = window(browser, sandbox, DESK, "desk")
    screen.open(DESK_PERSON)
    steps = ["что нужно сделать?"]
    for label, then in (
        ("Записать себя", "Зачем нужна консультация?"),
        ("Первичная", "К какому врачу?"),
        ("Терапия", "В какой поликлинике?"),
        ("", "Выберите врача."),
        ("", "На какой день?"),
        ("", "Во сколько?"),
        ("", "Проверьте запись"),
    ):
        screen.press(label or screen.labels()[0], then)
        steps.append(then)
    for previous in reversed(steps[:-1]):
        screen.press("Назад", previous)
    assert no_wider_than_the_window(screen.page)
    screen.assert_calm()
    screen.page.context.close()


def test_what_happens_elsewhere_appears_without_a_reload(browser: Browser, sandbox: SmallSandbox) -> None:
    screen = window(browser, sandbox, DESK, "live")
    screen.open(LISTENER)
    loads: list[str] = []
    screen.page.on("framenavigated", lambda frame: loads.append(frame.url))

    with httpx.Client(base_url=f"{sandbox.address}/sandbox/max/", trust_env=False) as same_person:
        chat = Chat(same_person, LISTENER)
        chat.press("Записать себя")
        screen.shows("Зачем нужна консультация?")
        chat.say("здравствуйте")

    screen.shows("Я понимаю только кнопки.")
    assert loads == []
    screen.assert_calm()
    screen.page.context.close()


def test_no_page_is_wider_than_a_phone(browser: Browser, sandbox: SmallSandbox) -> None:
    settings = {"REGISTRATURA_DATABASE_URL": f"sqlite:///{sandbox.folder}/data/registratura.db"}
    boss = ("administrator", "zavedujuschaja.registraturoj@poliklinika.example")
    assert run(*boss, settings=settings, folder=sandbox.folder, data=f"{PASSWORD}\n".encode()).returncode == 0
    page = window(browser, sandbox, PHONE, "pages").page
    page.goto(f"{sandbox.address}/login")
    page.get_by_label("Логин или Электронная почта").fill(boss[1])
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Вход").click()
    expect(page.get_by_text("Выйти")).to_be_visible()
    for path in ("/", "/services", "/help", "/bookings", "/feedback", "/admin/accounts", "/sandbox/clock"):
        page.goto(f"{sandbox.address}{path}")
        assert no_wider_than_the_window(page), path
    page.context.close()


def test_the_page_survives_a_power_cut_of_the_server(browser: Browser, sandbox: SmallSandbox) -> None:
    screen = window(browser, sandbox, PHONE, "cut")
    screen.open(SURVIVOR)
    screen.press("Записать себя", "Зачем нужна консультация?")

    sandbox.kill()
    banner = screen.page.get_by_text("Нет связи с песочницей. Восстанавливаем…")
    expect(banner).to_be_visible(timeout=PATIENCE * 1000)
    screen.photo("no connection")
    screen.last.locator(".keys button").first.click()
    expect(screen.page.locator("#toasts")).to_contain_text("Не получилось. Попробуйте ещё раз")
    screen.photo("a press without connection")
    sandbox.start()
    sandbox.await_ready()

    expect(banner).to_be_hidden(timeout=PATIENCE * 1000)
    screen.press("Первичная", "К какому врачу?")
    assert screen.foreign == []
    screen.page.context.close()
