"""A consultation from an unknown person's first word to its end, in the sandbox, its clock moved by its buttons."""

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import attrs
import httpx
import pytest

from registratura.adapters.passwords import Argon2Passwords
from tests.harness.chat import Bubble, Chat
from tests.harness.pages import Browser, words
from tests.harness.product import query
from tests.harness.sandbox import SmallSandbox, small_sandbox
from tests.harness.village import ZONE
from tests.harness.waiting import until

IRINA, DENIS = 1010, 1002
"""A mother whose MAX nobody knows yet, and a man who is no relative of hers."""
API = {"Authorization": "Bearer sandbox"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSandbox]:
    program = small_sandbox(tmp_path_factory.mktemp("sandbox"))
    try:
        program.start()
        program.await_ready()
        yield program
    finally:
        program.kill()


def move_clock(browser: Browser, step: str) -> str:
    """Press a button of the sandbox's clock; what the page says then."""
    return words(browser.send("/sandbox/clock", step=step))


def notice(chat: Chat, headline: str) -> Bubble:
    def look() -> Bubble | None:
        return next((bubble for bubble in chat.bubbles() if bubble.text.startswith(headline)), None)

    return until(look, f"«{headline}»", 60)


def starts_of(booked: str) -> datetime:
    """When the consultation begins that was booked with these words, in the clinic's time."""
    told = re.search(r"^(\d+) \w+, \w+, (\d\d:\d\d), время местное", booked, re.MULTILINE)
    assert told is not None, booked
    today = datetime.now(ZONE).date()
    (day,) = (day for day in (today + timedelta(days=ahead) for ahead in range(20)) if day.day == int(told[1]))
    return datetime.combine(day, time.fromisoformat(told[2]))


@attrs.define
class Story:
    """One story, told in acts."""

    sandbox: SmallSandbox
    chat: Chat
    irina: Browser
    rooms: httpx.Client
    starts: datetime = attrs.field(init=False)

    @property
    def database(self) -> str:
        """Of the sandbox."""
        return f"sqlite:///{self.sandbox.folder}/data/registratura.db"

    def signs_in(self) -> None:
        """Nobody knows her MAX: she signs in, and confirms that the chat is hers."""
        self.chat.hand("start")
        invitation = notice(self.chat, "Здравствуйте!")
        assert invitation.labels == ["Проверить ещё раз"]
        ((label, link),) = invitation.links
        assert label == "Войти через Госуслуги"
        assert "Если эту ссылку вам прислал другой человек" in words(self.irina.open(link))
        confirming = self.irina.open(f"{link}/go", person=IRINA)
        assert "Вы вошли как Тополева Ирина Львовна" in words(confirming)
        done = self.irina.answer("/login/confirm", confirming, answer="yes")
        assert "MAX связан с вашей картой" in words(done)
        until(lambda: self.chat.said()[-1] == "Ирина, что нужно сделать?", "the menu", 60)

    def books_her_child(self) -> None:
        """Only Gosuslugi know that he is hers."""
        self.chat.press("Записать другого человека")
        assert [choice.split(",")[0] for choice in self.chat.now().choices] == ["Егор"]
        self.chat.walk("Егор", "Первичная", "Педиатрия")
        while not self.chat.now().text.startswith("Проверьте запись"):
            self.chat.press(self.chat.now().choices[-1])
        booked = self.chat.press("Даю согласие, записать")
        assert booked.text.startswith("Запись оформлена ✓\nПациент: Егор Т.")
        self.starts = starts_of(booked.text)

    def is_reminded(self) -> str:
        """The day before, and when the chat is there; the address of the consultation."""
        self.comes_to(self.starts - timedelta(days=1))
        reminder = notice(self.chat, "Завтра консультация врача")
        assert "Пациент: Тополев Егор Ильич" in reminder.text
        assert reminder.links == ()
        self.comes_to(self.starts - timedelta(minutes=20))
        (room,) = until(self.open_rooms, "the chat of the consultation", 60)
        assert re.fullmatch(r"ТМК, \d+ [а-я]+, \d\d:\d\d, .+", room["title"])
        assert "Тополев" not in room["title"]
        self.comes_too_early(room["title"])
        self.comes_to(self.starts - timedelta(minutes=15))
        ((label, address),) = notice(self.chat, "Консультация через 15 минут").links
        assert label == "Перейти к консультации"
        return address

    def comes_to(self, moment: datetime) -> None:
        """The clock comes to what is to be done at *moment*, past what is to be done before for others."""
        following = re.compile(rf"Ближайшее дело: {moment.day} \w+, \w+, {moment:%H:%M}")

        def press() -> bool:
            is_next = following.search(words(self.irina.open("/sandbox/clock"))) is not None
            move_clock(self.irina, "next")
            return is_next

        until(press, f"what is to be done at {moment}", 60)

    def open_rooms(self) -> list[dict[str, Any]]:
        """The chats that Sferum has."""
        return list(self.rooms.get("_emu/chats").json()["chats"])

    def comes_too_early(self, title: str) -> None:
        """Twenty minutes before the beginning she is told when to come."""
        egors = "SELECT id FROM patient WHERE last_name = 'Тополев'"
        ((booking,),) = query(self.database, f"SELECT id FROM appointment WHERE patient_id IN ({egors})")  # noqa: S608  # our own words
        page = self.irina.open(f"/consultations/{booking}", person=IRINA)
        (starts,) = re.findall(r"\d\d:\d\d", title)
        opens = datetime.strptime(starts, "%H:%M") - timedelta(minutes=15)  # noqa: DTZ007  # on the clinic's clocks
        assert "Консультация ещё не началась." in words(page)
        assert f"{opens:%H:%M}, время местное" in words(page)
        assert "sferum" not in page.text

    def comes_by_a_password(self, address: str) -> None:
        """Whoever has no more than a password is sent to Gosuslugi."""
        query(
            self.database,
            "INSERT INTO account (id, name, role, login, password, is_blocked, failures, created_at)"
            " VALUES ('plain', 'Имя', 'citizen', 'plain', :password, false, 0, '2026-01-01T00:00:00.000000Z')",
            password=asyncio.run(Argon2Passwords().hash(PASSWORD)),
        )
        browser = Browser(self.sandbox.address)
        browser.send("/login", login="plain", password=PASSWORD)
        page = browser.open(address)
        assert page.status_code == 403
        assert "нужен вход через Госуслуги" in words(page)
        (way,) = re.findall(r'href="(/login/esia[^"]*)">Войти через Госуслуги', page.text)
        assert "/sandbox/sferum/join/" in str(browser.open(way, person=IRINA).url)

    def a_stranger_comes(self, address: str) -> None:
        """Somebody else with the same link is refused and told nothing."""
        page = Browser(self.sandbox.address).open(address, person=DENIS)
        assert page.status_code == 403
        assert "Данные вашего профиля не совпали с записью" in words(page)
        assert not re.search("Егор|Тополев|едиатр", words(page))
        assert "Вход через Госуслуги отменён" in words(Browser(self.sandbox.address).open(address))

    def comes_in(self, address: str) -> None:
        """The mother gets into the one chat there is, with the doctor."""
        inside = Browser(self.sandbox.address).open(address, person=IRINA)
        assert inside.status_code == 200
        assert "/sandbox/sferum/join/" in str(inside.url)

        def together() -> bool:
            (room,) = self.open_rooms()
            return sorted(member["chat_role"] for member in room["members"]) == ["student", "teacher"]

        until(together, "the doctor and the mother in the chat", 60)
        calls = [call["name"] for call in self.rooms.get("_emu/calls").json()["calls"]]
        assert calls.count("educationSchool.createChat") == 1

    def ends(self, address: str) -> None:
        """The doctor's system records the end, and the door is closed."""
        for _ in range(2):
            move_clock(self.irina, "quarter")
        path = f"/api/v1/consultations/{address.rsplit('/', 1)[1]}/end"
        ended = httpx.post(f"{self.sandbox.address}{path}", headers=API, trust_env=False, timeout=30)
        assert ended.status_code == 200, ended.text
        assert "Окончание: " in notice(self.chat, "Консультация завершена").text
        page = Browser(self.sandbox.address).open(address, person=IRINA)
        assert (page.status_code, "Консультация завершена или отменена" in words(page)) == (410, True)


@pytest.mark.req("AUTH-31", "AUTH-32", "AUTH-39", "TMK-87", "TMK-88", "TMK-95", "TMK-100", "TMK-113")
@pytest.mark.req("CONS-01", "CONS-02", "CONS-07", "CONS-09", "CONS-10", "CONS-12", "CONS-13", "CONS-14", "CONS-16")
@pytest.mark.req("CONS-17", "CONS-18", "CONS-24")
@pytest.mark.timeout(240)
def test_from_the_first_word_to_the_end(sandbox: SmallSandbox) -> None:
    with (
        httpx.Client(base_url=f"{sandbox.address}/sandbox/max/", trust_env=False, timeout=30) as max_client,
        httpx.Client(base_url=f"{sandbox.address}/sandbox/sferum/", trust_env=False, timeout=30) as rooms,
    ):
        chat = Chat(max_client, IRINA, patience=60)
        story = Story(sandbox, chat, Browser(sandbox.address), rooms)
        story.signs_in()
        story.books_her_child()
        address = story.is_reminded()
        story.a_stranger_comes(address)
        story.comes_in(address)
        story.comes_by_a_password(address)
        story.ends(address)
        heads = [text.split("\n")[0] for text in chat.said()]
        notices = [head for head in heads if "онсультация" in head]
        assert notices == ["Завтра консультация врача", "Консультация через 15 минут", "Консультация завершена"]
        journal = sandbox.log.read_text(encoding="utf-8")
        secrets = re.findall(r"/login/max/([\w-]+)", " ".join(url for one in chat.bubbles() for _, url in one.links))
        assert secrets
        for told in ("Тополев", "Ирина", "Егор", "Кедров", *secrets):
            assert told not in journal, "the journal tells of people"
        assert re.search(r"7555\d{7}", journal) is None, "the journal tells telephones"
