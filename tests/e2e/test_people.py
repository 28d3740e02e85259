"""Pages for people: signing in by a password, accounts, words to support, and what a browser is told of faults."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import unescape
from uuid import UUID

import httpx
import pytest

from registratura.adapters.passwords import Argon2Passwords
from registratura.adapters.sql import open_storage
from registratura.domain.accounts import Account, AccountId
from tests.harness.pages import Browser, csrf, words
from tests.harness.product import Product
from tests.harness.programs import run

PASSWORD = "correct horse battery"
WRONG = "Логин или пароль не подходят."


def sign_in(browser: Browser, login: str, password: str = PASSWORD) -> httpx.Response:
    return browser.send("/login", login=login, password=password)


@pytest.fixture(scope="module")
def hashed() -> str:
    return asyncio.run(Argon2Passwords().hash(PASSWORD))


def appoint(product: Product, login: str, password: str = PASSWORD) -> int:
    """What whoever installed the product does first; the exit code."""
    command = ("administrator", login)
    done = run(*command, settings=product.settings, folder=product.folder, data=f"{password}\n".encode())
    assert password not in done.stdout + done.stderr
    return done.returncode


def account(product: Product, hashed: str, login: str) -> str:
    """An account with a password, quickly."""
    product.query(
        "INSERT INTO account (id, name, role, login, email, password, is_blocked, failures, created_at)"
        " VALUES (:id, :name, 'citizen', :login, :email, :password, false, 0, :now)",
        id=f"id-{login}",
        name=f"Имя {login}",
        login=login,
        email=f"{login}@example.com",
        password=hashed,
        now="2026-01-01T00:00:00.000000Z",
    )
    return login


@pytest.fixture
def browser(product: Product) -> Browser:
    return Browser(product.addresses[0])


def services(browser: Browser) -> set[str]:
    """The pages to which the list of services leads."""
    listed = browser.open("/services")
    assert listed.status_code == 200
    return set(re.findall(r'href="(/[^"]*)"', listed.text.partition("<main>")[2]))


@pytest.mark.req("AUTH-01", "AUTH-03", "AUTH-04", "AUTH-14")
def test_a_visitor_finds_the_way_in(browser: Browser) -> None:
    home = browser.open("/")
    assert '<a href="/login">Вход</a>' in home.text
    assert "/bookings" not in home.text
    form = browser.open("/login").text
    assert 'type="password"' in form
    for label in ("Логин или Электронная почта", "Пароль", ">Вход</button>"):
        assert label in form
    asked = browser.http.get(f"{browser.address}/bookings")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/bookings")


@pytest.mark.req("AUTH-05", "AUTH-06", "AUTH-14", "AUTH-29")
@pytest.mark.parametrize("by", ["login", "e-mail"])
def test_the_right_password_lets_in(product: Product, browser: Browser, hashed: str, by: str) -> None:
    login = account(product, hashed, f"anna-{by[0]}")
    open_to_all = services(browser)
    page = sign_in(browser, login if by == "login" else f"ANNA-{by[0]}@Example.com")
    assert page.status_code == 200
    assert f"Здравствуйте, Имя {login}!" in words(page)
    assert 'href="/bookings"' in page.text
    for path in ("/services", "/bookings", "/help", "/feedback", "/"):
        opened = browser.open(path)
        assert opened.status_code == 200
        assert "data-kind" not in opened.text
    assert services(browser) == {*open_to_all, "/bookings"} > open_to_all
    thief = browser.copy()
    assert "Здравствуйте" in words(thief.open("/"))
    browser.send("/logout", "/")
    assert not browser.has_session
    assert "Здравствуйте" not in words(browser.open("/"))
    assert "Здравствуйте" not in words(thief.open("/")), "the session is over, not just its cookie"


@pytest.mark.req("AUTH-07")
def test_nobody_is_told_what_was_wrong_and_the_fifth_time_locks(
    product: Product, browser: Browser, hashed: str
) -> None:
    login = account(product, hashed, "guessed")
    unknown = sign_in(browser, "nobody-has-this-login", "x" * 12)
    assert WRONG in words(unknown)
    assert "Неудачных попыток подряд может быть 5: после них вход закрыт на 15 мин." in words(unknown)
    same = (401, words(unknown).replace("nobody-has-this-login", login))
    for _ in range(5):
        wrong = sign_in(browser, login, "not the password")
        assert (wrong.status_code, words(wrong)) == same
    locked = sign_in(browser, login)
    assert (locked.status_code, words(locked)) == same, "the right password, and the same words"
    assert not browser.has_session


def test_an_administrator_who_forgot_the_password_is_let_in_again(product: Product, browser: Browser) -> None:
    assert appoint(product, "forgetful") == 0
    known = Browser(product.addresses[0])
    sign_in(known, "forgetful")
    product.query("UPDATE account SET is_blocked = true WHERE login = 'forgetful'")

    assert appoint(product, "forgetful", "another horse battery") == 0

    assert WRONG in sign_in(browser, "forgetful").text
    sign_in(browser, "forgetful", "another horse battery")
    assert browser.open("/admin/accounts").status_code == 200
    assert known.http.get(f"{known.address}/admin/accounts").status_code == 303, "the old session is over"


def test_no_administrator_without_a_password_worth_the_name(product: Product, browser: Browser) -> None:
    assert appoint(product, "careless", "short") == 2
    assert WRONG in sign_in(browser, "careless", "short").text


@pytest.mark.req("AUTH-15", "OPS-24")
def test_an_administrator_manages_accounts(product: Product, browser: Browser, hashed: str) -> None:
    assert appoint(product, "boss") == 0
    sign_in(browser, "boss")
    page = "/admin/accounts"
    fields = {"name": "Новая Вера", "login": "vera", "email": "Vera@example.com", "role": "citizen"}
    short = browser.send(page, **fields, password="short")
    assert (short.status_code, "Не короче 12 знаков." in words(short)) == (422, True)
    assert "Учётная запись «Новая Вера» сохранена." in words(browser.send(page, **fields, password=PASSWORD))
    taken = browser.send(page, **(fields | {"name": "Другая"}), password=PASSWORD)
    assert "Этот логин или адрес почты уже занят." in words(taken)
    confusing = browser.send(page, **(fields | {"login": "VERA@example.com", "email": ""}), password=PASSWORD)
    assert "Этот логин или адрес почты уже занят." in words(confusing), "a login that is somebody's address"
    assert browser.open(f"{page}?id=%00").status_code == 200
    assert browser.send(page, id="\0", deed="block").status_code == 404

    vera = Browser(browser.address)
    assert "Здравствуйте, Новая Вера!" in words(sign_in(vera, "vera@example.com"))
    denied = vera.open(page)
    assert (denied.status_code, "только для администратора" in words(denied)) == (403, True)
    assert vera.send(page, "/", name="x", login="y", role="administrator", password=PASSWORD).status_code == 403

    (id_,) = listed(browser.send(page, deed="find", who="новая вера")).values()
    assert "заблокирована" in words(browser.send(page, id=id_, deed="block"))
    assert "Вход" in words(vera.open("/"))
    assert WRONG in words(sign_in(vera, "vera"))
    assert "разблокирована" in words(browser.send(page, id=id_, deed="unblock"))
    assert "Вход" in words(vera.open("/")), "what was before the block does not come back"
    assert "Здравствуйте" in words(sign_in(vera, "vera"))
    changed = browser.send(page, **(fields | {"name": "Вера Новая"}), id=id_, password="")
    assert "«Вера Новая» сохранена" in words(changed)
    assert "Здравствуйте, Вера Новая!" in words(vera.open("/")), "another name signs nobody out"
    assert "сохранена" in words(browser.send(page, **fields, id=id_, password=PASSWORD[::-1]))
    assert "Здравствуйте" not in words(vera.open("/")), "another password does"
    assert "Здравствуйте, Новая Вера!" in words(sign_in(vera, "vera", PASSWORD[::-1]))
    (boss,) = product.query("SELECT id FROM account WHERE login = 'boss'")
    assert boss in product.query("SELECT actor FROM audit WHERE event LIKE 'account.%' AND subject = :id", id=id_)


def listed(page: httpx.Response) -> dict[str, str]:
    """The accounts on *page*: names with ids, in order."""
    found = re.findall(r'href="/admin/accounts\?id=([^"]+)">([^<]+)<', page.text)
    return {unescape(name): id_ for id_, name in found}


@pytest.mark.req("AUTH-15", "OPS-23")
def test_nobody_is_too_many_to_be_found(product: Product, browser: Browser) -> None:
    assert appoint(product, "finder") == 0
    sign_in(browser, "finder")
    names = [f"Яровой {number:03}" for number in range(501)]
    asyncio.run(keep(product, names))
    page = "/admin/accounts"

    last = names[-1]
    assert last not in listed(browser.open(page))
    found = browser.send(page, deed="find", who=" яРОВОЙ  500 ")
    assert list(listed(found)) == [last]
    assert 'value="яРОВОЙ  500"' in found.text, "what was looked for can be corrected"
    assert "Новая учётная запись" not in words(found), "whom one found is seen at once"
    for who in ("YAROVOY-500", "500@example.com"):
        assert list(listed(browser.send(page, deed="find", who=who))) == [last]
    assert "Никто не нашёлся." in words(browser.send(page, deed="find", who="ровой"))
    assert f"«{last}» заблокирована" in words(browser.answer(page, found, deed="block", id=listed(found)[last]))

    shown, pages = browser.send(page, deed="find", who="яровой"), 1
    walked = [*listed(shown)]
    while after := re.search(r'name="after" value="([^"]+)"', shown.text):
        shown, pages = browser.answer(page, shown, deed="find", who="яровой", after=after[1]), pages + 1
        walked += listed(shown)
    assert (walked, pages) == (names, 6)
    assert "(заблокирована)" in words(shown)
    journal = "".join(program.words() for program in product.programs).casefold()
    assert [word for word in ("яровой", "yarovoy", "500@") if word in journal] == []


async def keep(product: Product, names: Sequence[str]) -> None:
    """An account for each of *names*, as by Gosuslugi; the number at its end is in its login and address, too."""
    known = [
        Account(
            id=AccountId(str(UUID(int=number))),
            name=name,
            login=f"yarovoy-{name[-3:]}",
            email=f"{name[-3:]}@example.com",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for number, name in enumerate(names, 1)
    ]
    async with open_storage(product.settings["REGISTRATURA_DATABASE_URL"]) as storage:
        await storage.transact(lambda tx: [tx.accounts.save(one) for one in known])


@pytest.mark.req("OPS-16", "OPS-21")
def test_words_to_support_are_kept_under_a_number(product: Product, browser: Browser) -> None:
    form = browser.open("/feedback?code=1a2b3c4d&page=/login")
    assert 'value="1a2b3c4d"' in form.text
    empty = browser.send("/feedback", subject="", description="Не пускает", contact="", page="", code="")
    assert (empty.status_code, "Заполните поле." in words(empty)) == (422, True)
    assert "Не пускает" in empty.text, "nothing that was written is lost"
    sent = browser.send(
        "/feedback", subject="Вход", description="<script>Не пускает</script>", contact="+7", page="/login", code="1a"
    )
    found = re.search(r"Обращение № (\d+) принято", words(sent))
    assert found is not None
    assert 'data-kind="success"' in sent.text
    asked = "SELECT subject, description, code FROM feedback WHERE CAST(number AS TEXT) = :number"
    rows = product.query(asked, number=found[1])
    assert rows == [("Вход", "<script>Не пускает</script>", "1a")]


@pytest.mark.req("OPS-16", "OPS-18", "OPS-23")
def test_a_browser_is_told_in_words_and_a_program_in_fields(browser: Browser) -> None:
    page = browser.open("/nothing-here")
    assert page.status_code == 404
    assert 'data-kind="error"' in page.text
    assert "Такой страницы нет" in words(page)
    api = browser.open("/api/v1/nothing")
    assert api.headers["content-type"] == "application/problem+json"


def test_forms_of_other_sites_are_not_taken(product: Product, browser: Browser, hashed: str) -> None:
    login = account(product, hashed, "robbed")
    assert browser.post("/login", login=login, password=PASSWORD).status_code == 403
    assert browser.post("/login", login=login, password=PASSWORD, csrf="0" * 64).status_code == 403
    other = Browser(browser.address)
    assert browser.post("/login", login=login, password=PASSWORD, csrf=csrf(other.open("/login"))).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    own = csrf(browser.open("/login"))
    sent = browser.http.post(
        f"{browser.address}/login", data={"login": login, "password": PASSWORD, "csrf": own}, headers=foreign
    )
    assert sent.status_code == 403
    assert not browser.has_session


def test_every_page_keeps_its_headers_and_cookies(browser: Browser) -> None:
    for path in ("/", "/login", "/services", "/help", "/feedback", "/bookings", "/nothing", "/consultations/x"):
        answer = Browser(browser.address).http.get(f"{browser.address}{path}")
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        for cookie in answer.headers.get_list("set-cookie"):
            assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(
    "next_page", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "http://["]
)
def test_nobody_is_sent_away_by_a_forged_link(product: Product, browser: Browser, hashed: str, next_page: str) -> None:
    login = account(product, hashed, f"sent-{abs(hash(next_page))}")
    page = browser.http.get(f"{browser.address}/login", params={"next": next_page})
    form = {"login": login, "password": PASSWORD, "csrf": csrf(page), "next": next_page}
    sent = browser.http.post(f"{browser.address}/login", data=form)
    assert (sent.status_code, sent.headers["location"]) == (303, "/")
