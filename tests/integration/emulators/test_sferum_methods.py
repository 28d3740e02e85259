"""What the methods of the Sferum emulator demand, do and answer, over real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from registratura.emulators.sferum import SferumEmulatorConfig, create_app
from tests.integration.sferum.emulated import ADD, CREATE, Emulated, emulator

DOCTOR = {"phone": "79170000001", "chat_role": "teacher", "member_role": "admin"}
PATIENT = {"phone": "79170000002", "chat_role": "student", "member_role": "member"}
STRANGER, LATECOMER = "79170000003", "79170000004"
TITLED = {"type": "telemedicine", "chat_title": "ТМК 03.03.2027 09:15"}


@pytest.fixture(scope="module")
def running() -> Iterator[Emulated]:
    with emulator(not_in_max=frozenset({STRANGER}), pending=frozenset({LATECOMER})) as there:
        yield there


@pytest.fixture
def sferum(running: Emulated) -> Emulated:
    running.faults()
    return running


def created(sferum: Emulated) -> dict[str, Any]:
    return dict(sferum.call(CREATE, TITLED)["response"])


def added(sferum: Emulated, chat_id: int, *users: dict[str, str]) -> dict[str, Any]:
    return dict(sferum.call(ADD, {"chat_id": str(chat_id), "users": json.dumps(users)})["response"])


def error(answer: dict[str, Any]) -> int:
    assert answer.keys() == {"error"}
    return int(answer["error"]["error_code"])


@pytest.mark.parametrize("prefix", ["/", "/method/"])
def test_both_forms_of_the_address_make_a_chat(sferum: Emulated, prefix: str) -> None:
    chat = sferum.call(CREATE, TITLED, prefix)["response"]
    assert chat.keys() == {"chat_id", "invite_link", "all_can_post"}
    assert type(chat["chat_id"]) is int
    assert chat["invite_link"].startswith(f"{sferum.url}/join/")
    assert chat["all_can_post"] is True
    shown = sferum.chats()[-1]
    assert (shown["chat_id"], shown["title"], shown["members"]) == (chat["chat_id"], "ТМК 03.03.2027 09:15", [])


def test_every_call_makes_another_chat(sferum: Emulated) -> None:
    one, two = created(sferum), created(sferum)
    assert one["chat_id"] != two["chat_id"]
    assert one["invite_link"] != two["invite_link"]


def test_people_come_in_with_their_roles_and_a_second_time_changes_nothing(sferum: Emulated) -> None:
    chat_id = created(sferum)["chat_id"]
    for _ in range(2):
        assert added(sferum, chat_id, DOCTOR, PATIENT) == {"failed_users": [], "queued_users": []}
    assert sferum.chats()[-1]["members"] == [{**user, "state": "member"} for user in (DOCTOR, PATIENT)]


def test_who_is_not_in_max_fails_and_who_is_pending_is_queued_while_the_rest_come_in(sferum: Emulated) -> None:
    chat_id = created(sferum)["chat_id"]
    stranger, latecomer = ({**PATIENT, "phone": phone} for phone in (STRANGER, LATECOMER))
    answer = added(sferum, chat_id, stranger, DOCTOR, latecomer)
    assert [user["phone"] for user in answer["failed_users"]] == [STRANGER]
    assert answer["queued_users"] == [LATECOMER]
    assert [(member["phone"], member["state"]) for member in sferum.chats()[-1]["members"]] == [
        (DOCTOR["phone"], "member"),
        (LATECOMER, "queued"),
    ]


@pytest.mark.parametrize(
    ("shape", "listed"),
    [("text", STRANGER), ("number", int(STRANGER)), ("object", {"phone": STRANGER, "error": "user_not_found"})],
)
def test_who_failed_is_listed_in_the_shape_one_asks_for(sferum: Emulated, shape: str, listed: object) -> None:
    sferum.faults(failed_as=shape)
    assert added(sferum, created(sferum)["chat_id"], {**PATIENT, "phone": STRANGER})["failed_users"] == [listed]


@pytest.mark.parametrize("token", ["", "wrong", "ключ"])
@pytest.mark.parametrize("name", [CREATE, ADD])
def test_a_wrong_token_is_refused_and_never_repeated(sferum: Emulated, name: str, token: str) -> None:
    before = len(sferum.chats())
    answer = sferum.call(name, {**TITLED, "access_token": token})
    assert error(answer) == 5
    given = {param["key"]: param["value"] for param in answer["error"]["request_params"]}
    assert given == {"method": name, **TITLED}
    assert len(sferum.chats()) == before


def test_only_the_form_carries_the_token(sferum: Emulated) -> None:
    answers = [
        sferum.world.post(f"/{CREATE}", params={"access_token": "sandbox"}, data=TITLED),
        sferum.world.post(f"/{CREATE}", json={"access_token": "sandbox", **TITLED}),
        sferum.world.post(f"/{CREATE}", headers={"Authorization": "Bearer sandbox"}, data=TITLED),
    ]
    assert [error(answer.json()) for answer in answers] == [5, 5, 5]
    assert sferum.world.get(f"/method/{CREATE}").status_code == 405


@pytest.mark.parametrize("name", ["educationSchool.callStart", "messages.send", "createChat"])
def test_a_method_nobody_was_seen_to_use_is_unknown(sferum: Emulated, name: str) -> None:
    assert error(sferum.call(name, TITLED)) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"type": "telemedicine"},
        {"chat_title": "ТМК"},
        {"type": "lesson", "chat_title": "ТМК"},
        {"type": "telemedicine", "chat_title": " "},
        {"type": "telemedicine", "chat_title": "x" * 129},
    ],
    ids=range(6),
)
def test_a_chat_with_a_wrong_parameter_is_not_made(sferum: Emulated, fields: dict[str, str]) -> None:
    before = len(sferum.chats())
    assert error(sferum.call(CREATE, fields)) == 100
    assert len(sferum.chats()) == before


BAD_USERS: list[str] = [
    "",
    "[",
    "{}",
    "[]",
    "79170000001",
    '["79170000001"]',
    json.dumps([{**DOCTOR, "phone": "+79170000001"}]),
    json.dumps([{**DOCTOR, "phone": 79170000001}]),
    json.dumps([{**DOCTOR, "phone": "7917000000"}]),
    json.dumps([{**DOCTOR, "chat_role": "doctor"}]),
    json.dumps([{"phone": "79170000001", "chat_role": "teacher"}]),
    json.dumps([DOCTOR, {}]),
]


@pytest.mark.parametrize("users", BAD_USERS, ids=range(len(BAD_USERS)))
def test_one_wrong_person_refuses_the_whole_call(sferum: Emulated, users: str) -> None:
    chat_id = created(sferum)["chat_id"]
    assert error(sferum.call(ADD, {"chat_id": str(chat_id), "users": users})) == 100
    assert sferum.chats()[-1]["members"] == []


@pytest.mark.parametrize("chat_id", ["", "1", "-5", "abc", "9" * 30])
def test_a_chat_nobody_made_cannot_be_joined(sferum: Emulated, chat_id: str) -> None:
    assert error(sferum.call(ADD, {"chat_id": chat_id, "users": json.dumps([DOCTOR])})) == 100


def test_a_fourth_call_within_a_second_is_one_too_many() -> None:
    now = [1000.0]
    with emulator(limits=True, clock=lambda: now[0]) as sferum:
        answers = [sferum.call(CREATE, TITLED) for _ in range(5)]
        assert ["response" in answer for answer in answers] == [True, True, True, False, False]
        assert error(answers[4]) == 6
        now[0] += 1.0
        assert "response" in sferum.call(CREATE, TITLED)
        assert len(sferum.chats()) == 4


def test_every_call_is_on_record_with_its_fields_and_its_answer(sferum: Emulated) -> None:
    chat = created(sferum)
    kept = sferum.calls()[-1]
    assert attrs.asdict(Kept(**kept)) == {
        "at": kept["at"],
        "name": CREATE,
        "path": f"/method/{CREATE}",
        "content_type": "application/x-www-form-urlencoded",
        "fields": {"access_token": "sandbox", **TITLED},
        "answer": {"response": chat},
    }


@attrs.frozen
class Kept:
    """A recorded call, and nothing else in it."""

    at: float
    name: str
    path: str
    content_type: str
    fields: dict[str, str]
    answer: dict[str, Any] | None


@pytest.mark.anyio
async def test_it_lives_below_a_prefix_and_remembers_after_a_restart(tmp_path: Path) -> None:
    public_url = "http://host/sandbox/sferum"
    config = SferumEmulatorConfig(database=tmp_path / "sferum.db", public_url=public_url)
    for life in (1, 2):
        app = create_app(config)
        transport = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox/sferum", app=app)]))
        async with (
            app.state.emulator.running(),
            httpx.AsyncClient(transport=transport, base_url=public_url + "/") as world,
        ):
            form = {"access_token": "sandbox", **TITLED}
            answer = (await world.post(f"method/{CREATE}", data=form)).json()["response"]
            assert (await world.get(answer["invite_link"])).status_code == 200
            assert (await world.get("_static/page.css")).status_code == 200
            assert [call["path"] for call in (await world.get("_emu/calls")).json()["calls"]] == [f"/method/{CREATE}"]
            chats = (await world.get("_emu/chats")).json()["chats"]
            assert [chat["title"] for chat in chats] == [TITLED["chat_title"]] * life


def test_the_link_may_lead_to_the_real_messenger() -> None:
    with emulator(link_base="https://max.ru/join") as sferum:
        link = created(sferum)["invite_link"]
        assert link.startswith("https://max.ru/join/")
        assert sferum.world.get("/join/" + link.rpartition("/")[2]).status_code == 200
