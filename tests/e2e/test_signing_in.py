"""Signing in through Gosuslugi, as browsers, forwarded links and forged returns see it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from registratura.emulators import esia
from tests.harness.chat import Chat
from tests.harness.pages import Browser, at_gosuslugi, words
from tests.harness.product import query
from tests.harness.sandbox import SmallSandbox, small_sandbox
from tests.harness.waiting import until

MARINA, DENIS, DARYA, IRINA = 1001, 1002, 1009, 1010
UNCONFIRMED, WITHOUT_SNILS = "1000700003", "1000700004"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSandbox]:
    program = small_sandbox(tmp_path_factory.mktemp("sandbox"))
    try:
        program.start()
        program.await_ready()
        yield program
    finally:
        program.kill()


@pytest.fixture
def browser(sandbox: SmallSandbox) -> Browser:
    return Browser(sandbox.address)


@pytest.fixture
def faults(sandbox: SmallSandbox) -> Iterator[httpx.Client]:
    """Troubles of Gosuslugi, off afterwards."""
    with httpx.Client(base_url=f"{sandbox.address}/sandbox/esia/", trust_env=False, timeout=30) as client:
        yield client
        client.put("_emu/faults", json={})


def rows(sandbox: SmallSandbox, statement: str) -> list[tuple[object, ...]]:
    return query(f"sqlite:///{sandbox.folder}/data/registratura.db", statement)


def name_on(page: httpx.Response) -> str | None:
    found = re.search(r'<span class="who">([^<]+)</span>', page.text)
    return found[1] if found is not None else None


@pytest.mark.req("AUTH-02", "AUTH-08", "AUTH-09", "AUTH-10", "AUTH-11")
def test_the_same_person_opens_the_same_account(sandbox: SmallSandbox, browser: Browser) -> None:
    form = browser.open("/login")
    (link,) = re.findall(r'href="(/login/esia[^"]*)">Войти через портал Госуслуг РФ \(ЕСИА\)', form.text)
    assert re.search(r'<form method="post" action="/login">.*type="password".*>Вход</button>', form.text, re.DOTALL)
    sent = browser.http.get(f"{browser.address}{link}")
    there = httpx.URL(sent.headers["location"])
    assert there.params["client_id"] == "sandbox"
    assert {"state", "scope", "nonce", "code_challenge"} <= set(there.params)
    person = next(one for one in esia.test_persons() if one.last_name == "Ключевая")
    home = browser.follow(at_gosuslugi(there, str(person.oid)))
    assert home.url.path == "/"
    assert name_on(home) == "Ключевая Анна Сергеевна"
    again = Browser(sandbox.address).open("/login/esia?next=/bookings", person=str(person.oid))
    assert again.url.path == "/bookings"
    told = "SELECT subject, last_name, first_name, middle_name, born, snils FROM account WHERE last_name = 'Ключевая'"
    names = (person.last_name, person.first_name, person.middle_name)
    assert rows(sandbox, told) == [(str(person.oid), *names, str(person.born), person.snils)]


@pytest.mark.req("AUTH-12")
def test_an_account_that_is_not_confirmed_lets_nobody_in(browser: Browser) -> None:
    page = browser.open("/login/esia", person=UNCONFIRMED)
    assert page.status_code == 403
    assert "«Подтвержденная»" in words(page)
    assert not browser.has_session


@pytest.mark.req("AUTH-13")
def test_who_cancels_may_try_again(browser: Browser) -> None:
    page = browser.open("/login/esia")
    assert "отменён" in words(page)
    assert 'href="/login/esia"' in page.text
    assert not browser.has_session
    assert name_on(browser.open("/login/esia", person=DENIS)) is not None


def returned(browser: Browser, person: int = DENIS) -> httpx.URL:
    """The address with which Gosuslugi send the browser back, not opened yet."""
    there = httpx.URL(browser.http.get(f"{browser.address}/login/esia").headers["location"])
    return httpx.URL(browser.http.get(at_gosuslugi(there, person)).headers["location"])


def test_a_return_is_good_once_and_for_one_browser(sandbox: SmallSandbox, browser: Browser) -> None:
    back = returned(browser)
    thief = Browser(sandbox.address)
    stolen = thief.follow(back)
    assert (stolen.status_code, thief.has_session) == (400, False)
    other = Browser(sandbox.address)
    other.open("/login")
    assert (other.follow(back).status_code, other.has_session) == (400, False)
    # Whoever tried took the state with them: its owner begins again.
    assert (browser.follow(back).status_code, browser.has_session) == (400, False)

    back = returned(browser)
    assert browser.follow(back).status_code == 200
    assert browser.has_session
    replayed = Browser(sandbox.address, browser.http)
    replayed.http.cookies.delete("registratura-session")
    assert (replayed.follow(back).status_code, replayed.has_session) == (400, False)


@pytest.mark.parametrize(
    "forged",
    [
        {"state": "unknown"},
        {"state": ""},
        {"code": "unknown"},
        {"code": ""},
        {"code": "x" * 5000},
        {"state": "\0"},
        {"error": "server_error"},
        {"error": "<script>"},
    ],
    ids=str,
)
def test_a_forged_return_lets_nobody_in(browser: Browser, forged: dict[str, str]) -> None:
    back = returned(browser)
    answer = browser.http.get(back.copy_merge_params(forged))
    assert answer.status_code in {200, 400, 403, 503}
    assert "<script>" not in answer.text
    assert not browser.has_session


@pytest.mark.req("OPS-16", "OPS-20")
@pytest.mark.parametrize(
    "fault",
    [
        {"wrong_signature": True},
        {"wrong_issuer": True},
        {"wrong_audience": True},
        {"wrong_subject": True},
        {"wrong_nonce": True},
        {"expired": True},
        {"status": 500},
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_trusted_lets_nobody_in(
    browser: Browser, faults: httpx.Client, fault: dict[str, object]
) -> None:
    routes = {"routes": ["POST /oidc/token"]} if "status" in fault else {}
    assert faults.put("_emu/faults", json=fault | routes).status_code == 200
    page = browser.open("/login/esia", person=DENIS)
    assert page.status_code == (503 if "status" in fault else 403)
    kind, support = ("malfunction", True) if "status" in fault else ("error", False)
    assert f'data-kind="{kind}"' in page.text
    assert ('href="/feedback' in page.text) is support
    assert not browser.has_session
    faults.put("_emu/faults", json={})
    assert name_on(browser.open("/login/esia", person=DENIS)) is not None


def link_of(chat: Chat) -> str:
    """The newest one, on starting the bot or writing to it."""
    known = {bubble.mid for bubble in chat.bubbles()}
    if known:
        chat.hand("messages", text="Начать")
    else:
        chat.hand("start")

    def look() -> str | None:
        links = [bubble.links for bubble in chat.bubbles() if bubble.mid not in known]
        return next((url for _, url in sum(links, ())), None)

    return until(look, "the invitation", 60)


@pytest.fixture
def unknown(sandbox: SmallSandbox) -> Iterator[Chat]:
    """A MAX account of somebody whom no clinic knows."""
    with httpx.Client(base_url=f"{sandbox.address}/sandbox/max/", trust_env=False, timeout=30) as client:
        yield Chat(client, DARYA, patience=60)


@pytest.mark.req("AUTH-33", "OPS-19")
def test_a_link_is_used_up_by_what_it_is_for_and_not_by_looking(
    sandbox: SmallSandbox, browser: Browser, unknown: Chat
) -> None:
    link = link_of(unknown)
    for _ in range(3):
        assert Browser(sandbox.address).open(link).status_code == 200
    confirming = browser.open(f"{link}/go", person=DARYA)
    assert 'data-kind="warning"' in confirming.text
    assert "Если эту ссылку вам прислал другой человек, не входите" in words(confirming)
    refusing = browser.answer("/login/confirm", confirming, answer="no")
    assert "Ничего не изменилось" in words(refusing)
    confirming = browser.open(f"{link}/go", person=DARYA)
    done = browser.answer("/login/confirm", confirming, answer="yes")
    assert "не нашлась карта" in words(done)
    until(lambda: "не нашлась карта" in unknown.said()[-1], "what the bot says", 60)
    for used in (link, f"{link}/go"):
        page = Browser(sandbox.address).open(used, person=DENIS)
        assert (page.status_code, "Ссылка больше не действует" in words(page)) == (410, True)
    again = browser.answer("/login/confirm", confirming, answer="yes")
    assert again.status_code in {200, 410}
    assert Browser(sandbox.address).open("/login/max/nothing").status_code == 410


@pytest.mark.req("AUTH-33")
def test_a_link_whose_time_is_over_ties_nobody(sandbox: SmallSandbox, browser: Browser, unknown: Chat) -> None:
    owners = f"SELECT id FROM account WHERE messenger = '{unknown.user}'"  # noqa: S608  # our own words
    before = rows(sandbox, owners)
    link = link_of(unknown)
    confirming = browser.open(f"{link}/go", person=MARINA)
    said = unknown.said()
    # Nobody waits for a quarter of an hour in a test.
    rows(sandbox, "UPDATE login_link SET ends_at = '2026-01-01T00:00:00.000000Z' WHERE used_at IS NULL")
    for page in (
        Browser(sandbox.address).open(link),
        Browser(sandbox.address).open(f"{link}/go", person=MARINA),
        browser.answer("/login/confirm", confirming, answer="yes"),
    ):
        assert (page.status_code, "Ссылка больше не действует" in words(page)) == (410, True)
    assert rows(sandbox, owners) == before
    assert unknown.said() == said


@pytest.mark.req("AUTH-34")
def test_a_max_account_belongs_to_who_signed_in_last(sandbox: SmallSandbox, unknown: Chat) -> None:
    owners = f"SELECT last_name FROM account WHERE messenger = '{unknown.user}'"  # noqa: S608  # our own words
    for person, owner in ((DARYA, "Ясенева"), (IRINA, "Тополева")):
        browser = Browser(sandbox.address)
        confirming = browser.open(f"{link_of(unknown)}/go", person=person)
        browser.answer("/login/confirm", confirming, answer="yes")
        assert rows(sandbox, owners) == [(owner,)]
    until(lambda: unknown.said()[-1] == "Ирина, что нужно сделать?", "the menu of the new owner", 60)
    moved = rows(sandbox, "SELECT count(*) FROM audit WHERE event = 'account.messenger_moved'")
    assert moved == [(1,)]


def test_nobody_is_tied_without_a_link(browser: Browser) -> None:
    browser.open("/login/esia", person=MARINA)
    assert browser.open("/login/confirm").url.path == "/"
    page = browser.send("/login/confirm", "/feedback", answer="yes")
    assert page.status_code == 410
