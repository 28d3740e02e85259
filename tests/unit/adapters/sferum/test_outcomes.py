"""What each answer means, from codes and statuses to lists in shapes nobody documented."""

import json
from typing import Any

import pytest

from registratura.adapters.sferum.outcomes import InDoubt, NotNow, Outcome, Reply, added_of, chat_of, outcome_of
from registratura.application.ports.chats import Added, Chat, ChatRefused, Participant, RefusalKind, Role

DOCTOR, PATIENT = "79170000001", "79170000002"
PEOPLE = [Participant(DOCTOR, Role.DOCTOR), Participant(PATIENT, Role.PATIENT)]
EVERYBODY = Added(frozenset({DOCTOR, PATIENT}))


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def alarm(reason: str) -> ChatRefused:
    return ChatRefused(RefusalKind.ALARM, reason)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        *[(code, NotNow(f"vk.{code}")) for code in (1, 6, 9, 10, 29)],
        *[(code, alarm(f"vk.{code}")) for code in (3, 5, 7, 14, 15, 917)],
        *[(code, ChatRefused(RefusalKind.BUG, f"vk.{code}")) for code in (8, 100)],
    ],
)
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_code_decides_whatever_the_status(code: int, meaning: Outcome, status: int) -> None:
    for form in (code, str(code)):
        error: dict[str, object] = {"error_code": form, "error_msg": "text with 79170000001", "request_params": []}
        assert outcome_of(status, body(error=error)) == meaning
        assert outcome_of(status, body(error=error, response={"chat_id": 1})) == meaning


@pytest.mark.parametrize("status", [200, 201, 500])
def test_a_success_is_read_whatever_the_status(status: int) -> None:
    assert outcome_of(status, body(response={"chat_id": 7})) == Reply({"chat_id": 7})


UNREADABLE = [
    b"",
    b"<!doctype html>",
    b'{"response":',
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    body(),
    body(response=1),
    body(response=[]),
    body(error="invalid_token"),
    body(error={"error_msg": "x"}),
    body(error={"error_code": True}),
    body(error={"error_code": "9" * 5000}),
    body(error={}, response={"chat_id": 1}),
]


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=range(len(UNREADABLE)))
@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, InDoubt("answer.malformed")),
        (408, InDoubt("http.408")),
        (500, InDoubt("http.500")),
        (502, InDoubt("http.502")),
        (503, InDoubt("http.503")),
        (429, NotNow("http.429")),
        (302, alarm("http.302")),
        (401, alarm("http.401")),
        (404, alarm("http.404")),
    ],
)
def test_without_a_readable_body_the_status_decides(unreadable: bytes, status: int, meaning: Outcome) -> None:
    assert outcome_of(status, unreadable) == meaning


@pytest.mark.parametrize(
    ("chat_id", "link"),
    [(7, "https://max.ru/join/k7Q"), ("7", "https://max.ru/join/k7Q"), (7, "http://127.0.0.1/k7Q")],
    ids=["a number", "digits", "a sandbox"],
)
def test_a_chat_has_a_number_and_a_link(chat_id: object, link: str) -> None:
    assert chat_of(Reply({"chat_id": chat_id, "invite_link": link, "all_can_post": True})) == Chat("7", link)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"chat_id": 7},
        {"invite_link": "https://max.ru/join/k7Q"},
        {"chat_id": None, "invite_link": "https://max.ru/join/k7Q"},
        {"chat_id": True, "invite_link": "https://max.ru/join/k7Q"},
        {"chat_id": "seven", "invite_link": "https://max.ru/join/k7Q"},
        {"chat_id": 7, "invite_link": ""},
        {"chat_id": 7, "invite_link": 5},
        {"chat_id": 7, "invite_link": "javascript:alert(1)"},
        {"chat_id": 7, "invite_link": "https://[broken"},
    ],
    ids=range(10),
)
def test_a_chat_nobody_can_find_or_enter_is_in_doubt(fields: dict[str, object]) -> None:
    assert chat_of(Reply(fields)) == InDoubt("answer.malformed")


@pytest.mark.parametrize(
    "entry",
    [
        PATIENT,
        "+7 (917) 000-00-02",
        "89170000002",
        "9170000002",
        79170000002,
        {"phone": PATIENT, "error": "not found"},
        {"phone": 79170000002},
        {"user_id": 79170000002},
        {"phone": None, "user_id": PATIENT},
    ],
    ids=repr,
)
def test_who_failed_is_understood_in_every_shape(entry: object) -> None:
    assert added_of(Reply({"failed_users": [entry], "queued_users": []}), PEOPLE) == Added(frozenset({PATIENT}))


@pytest.mark.parametrize(
    "entry",
    [
        "79179999999",
        12345,
        5.5,
        True,
        None,
        "",
        "nobody",
        [],
        {},
        {"user_id": 12345},
        {"error": "not found"},
        {"phone": {"number": PATIENT}},
    ],
    ids=repr,
)
def test_where_somebody_unknown_failed_nobody_is_certainly_in(entry: object) -> None:
    for failed in ([entry], [PATIENT, entry]):
        assert added_of(Reply({"failed_users": failed}), PEOPLE) == EVERYBODY


@pytest.mark.parametrize("failed", [[], None])
def test_where_nobody_failed_everybody_is_in(failed: object) -> None:
    assert added_of(Reply({"failed_users": failed, "queued_users": [PATIENT]}), PEOPLE) == Added()


@pytest.mark.parametrize("fields", [{}, {"failed_users": {}}, {"failed_users": "nobody"}, {"failed_users": 0}])
def test_an_answer_that_does_not_tell_who_failed_is_no_yes(fields: dict[str, object]) -> None:
    assert added_of(Reply(fields), PEOPLE) == InDoubt("answer.malformed")


def test_nothing_personal_is_in_the_representation_of_what_came_and_went() -> None:
    shown = repr([PEOPLE, EVERYBODY, Chat("7", "https://max.ru/join/k7Q"), Reply({"failed_users": [PATIENT]})])
    assert "7917" not in shown
    assert "k7Q" not in shown
