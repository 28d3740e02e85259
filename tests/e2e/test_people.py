"""Pages for people: signing in by a password, accounts, words to support, and what a browser is told of faults."""

import asyncio
import re

import httpx
import pytest

from registratura.adapters.passwords import Argon2Passwords
from tests.harness.pages import Browser, csrf, words
from tests.harness.product import Product

PASSWORD = "correct horse battery"
WRONG = "Логин или пароль не подходят."


def sign_in(browser: Browser, login: str, password: str = PASSWORD) -> httpx.Response:
    return browser.send("/login", login=login, password=password)


@pytest.fixture(scope="module")
def hashed() -> str:
    return asyncio.run(Argon2Passwords().hash(PASSWORD))


def account(product: Product, hashed: str, login: str, role: str = "citizen") -> str:
    """An account as the first administrator gets one."""
    product.query(
        "INSERT INTO account (id, name, role, login, email, password, is_blocked, failures, created_at)"
        " VALUES (:id, :name, :role, :login, :email, :password, false, 0, :now)",
        id=f"id-{login}",
        name=f"Имя {login}",
        role=role,
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


@pytest.mark.req("AUTH-15", "OPS-24")
def test_an_administrator_manages_accounts(product: Product, browser: Browser, hashed: str) -> None:
    sign_in(browser, account(product, hashed, "boss", "administrator"))
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

    (id_,) = re.findall(r'href="/admin/accounts\?id=([^"]+)">Новая Вера', browser.open(page).text)
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
    actors = product.query("SELECT actor FROM audit WHERE event LIKE 'account.%' AND subject = :id", id=id_)
    assert ("id-boss",) in actors


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
