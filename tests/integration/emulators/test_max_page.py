"""The chat page in a real browser: what a person sees and does."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.emulators.conftest import ANNA, Max, button, keyboard, served, until

expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture(params=[(360, 640), (1280, 800)], ids=["phone", "desktop"])
def page(browser: Browser, messenger: Max, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with Anna chosen, on a phone and on a desk; complaints of the browser fail the test."""
    width, height = request.param
    opened = browser.new_page(viewport={"width": width, "height": height})
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.goto(messenger.url)
    opened.get_by_role("link", name="Анна Ключевая").click()
    yield opened
    wide = opened.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    opened.close()
    assert complaints == []
    assert wide <= 0


def start(page: Page) -> None:
    page.get_by_role("button", name="Запустить бота").click()
    expect(page.get_by_role("textbox", name="Сообщение")).to_be_visible()


def test_a_talk_with_the_bot(messenger: Max, page: Page) -> None:
    start(page)
    expect(page.get_by_role("textbox", name="Сообщение")).to_be_focused()
    text = "Выберите <b>время</b> & <i>место</i>"
    mid = messenger.say(text, attachments=[keyboard([button("09:15", "a"), button("09:30", "b")])])["body"]["mid"]
    expect(page.get_by_text(text)).to_be_visible()
    pressed = page.get_by_role("button", name="09:30")
    pressed.click()
    expect(pressed).to_have_attribute("aria-busy", "true")
    update = until(lambda: [item for item in messenger.updates()["updates"] if "callback" in item])[0]
    assert update["callback"]["payload"] == "b"
    body = {"notification": "Вы записаны", "message": {"text": "**Готово**", "format": "markdown", "attachments": []}}
    messenger.bot.post("/answers", params={"callback_id": update["callback"]["callback_id"]}, json=body)
    expect(page.get_by_role("status").filter(has_text="Вы записаны")).to_be_visible()
    expect(page.locator(f'[data-mid="{mid}"] strong')).to_have_text("Готово")
    expect(page.get_by_role("button", name="09:30")).to_have_count(0)
    page.get_by_role("textbox", name="Сообщение").fill("Спасибо!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("Спасибо!")).to_be_visible()
    assert messenger.screen()[-1]["sender"]["user_id"] == ANNA
    page.reload()
    expect(page.get_by_role("log").get_by_text("Спасибо!")).to_be_visible()
    assert page.url == f"{messenger.url}/#{ANNA}"


def test_a_contact_goes_only_with_consent(messenger: Max, page: Page) -> None:
    start(page)
    messenger.say("Телефон?", attachments=[keyboard([{"type": "request_contact", "text": "Поделиться номером"}])])
    page.get_by_role("button", name="Поделиться номером").click()
    page.get_by_role("dialog").get_by_role("button", name="Отмена").click()
    assert len(messenger.screen()) == 1
    page.get_by_role("button", name="Поделиться номером").click()
    expect(page.get_by_role("dialog")).to_contain_text("+7 917 000-00-01")
    page.get_by_role("dialog").get_by_role("button", name="Поделиться").click()
    expect(page.get_by_role("log").get_by_text("номер подтверждён")).to_be_visible()


def test_a_button_nobody_answers_can_be_pressed_again(messenger: Max, page: Page) -> None:
    start(page)
    messenger.say("Вопрос", attachments=[keyboard([button("Да")])])
    page.clock.install()
    pressed = page.get_by_role("button", name="Да", exact=True)
    pressed.click()
    expect(pressed).to_have_attribute("aria-busy", "true")
    until(lambda: [item for item in messenger.updates()["updates"] if "callback" in item])
    page.clock.run_for(9_000)
    expect(page.get_by_text("Бот не ответил")).to_be_visible()
    expect(pressed).not_to_have_attribute("aria-busy", "true")


def test_links_open_elsewhere_and_scripts_never_run(messenger: Max, page: Page) -> None:
    start(page)
    rows = [[{"type": "link", "text": "Сайт", "url": "https://example.org/"}]]
    messenger.say("[зло](javascript:alert(1)) <img src=x onerror=alert(1)>", attachments=[keyboard(*rows)])
    link = page.get_by_role("link", name="Сайт")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(page.get_by_role("log").get_by_role("img")).to_have_count(0)
    messenger.say("[зло](javascript:alert)", format="markdown")
    expect(page.get_by_role("log").get_by_text("зло", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="зло")).to_have_count(0)


def test_the_bot_can_be_stopped_and_started_again(messenger: Max, page: Page) -> None:
    start(page)
    page.get_by_role("button", name="Остановить бота").click()
    page.get_by_role("dialog").get_by_role("button", name="Остановить бота").click()
    expect(page.get_by_role("button", name="Запустить бота")).to_be_visible()
    assert [update["update_type"] for update in messenger.updates()["updates"]] == ["bot_started", "bot_stopped"]


def test_faults_are_switched_on_the_page(messenger: Max, page: Page) -> None:
    page.goto(messenger.url + "/#")
    page.get_by_role("button", name="Неисправности").click()
    page.get_by_label("Отказ на запрос").select_option("429")
    page.get_by_label("События приходят вперемешку").check()
    page.get_by_role("button", name="Применить").click()
    expect(page.get_by_role("button", name="Неисправности")).to_contain_text("2")
    assert messenger.bot.get("/me").status_code == 429
    page.get_by_role("button", name="Неисправности").click()
    page.get_by_role("button", name="Выключить всё").click()
    expect(page.get_by_role("button", name="Неисправности")).not_to_contain_text("2")
    assert messenger.bot.get("/me").status_code == 200


def test_a_banner_tells_that_the_server_is_away_and_goes_when_it_is_back(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    with served(tmp_path) as before:
        before.hand("start")
        before.say("до")
        page.goto(f"{before.url}/#{ANNA}")
        expect(page.get_by_text("до", exact=True)).to_be_visible()
        port = httpx.URL(before.url).port or 0
    expect(page.get_by_role("alert")).to_have_text("Нет связи с песочницей. Восстанавливаем…")
    with served(tmp_path, port) as after:
        after.say("после")
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.get_by_text("после", exact=True)).to_be_visible()
        expect(page.get_by_text("до", exact=True)).to_be_visible()
    page.close()
