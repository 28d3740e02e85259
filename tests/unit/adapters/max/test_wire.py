"""What we read from an update, and what we make of a malformed one (MAX reference, section 8)."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.adapters.max.wire import MalformedUpdate, read_update
from registratura.application.ports.messenger import Pressed, Started, Stopped, Typed
from registratura.domain.identifiers import MessengerId

ANNA = MessengerId("5001")

# The two samples of the reference, and the smallest forms of the others.
WRITTEN: dict[str, Any] = json.loads("""
{"update_type":"message_created","timestamp":1767225600123,"user_locale":"ru",
 "message":{"sender":{"user_id":5001,"first_name":"Anna","last_name":"K","is_bot":false,
   "last_activity_time":1767225590000,"name":"Anna K"},
  "recipient":{"chat_id":90001,"chat_type":"dialog","user_id":7001},
  "timestamp":1767225600100,"body":{"mid":"mid.0000000000015f91019b76daa8641234","seq":115816896928158260,
   "text":"hello"}}}
""")
PRESSED: dict[str, Any] = json.loads("""
{"update_type":"message_callback","timestamp":1767225700456,"user_locale":"ru",
 "callback":{"timestamp":1767225700400,"callback_id":"cb-opaque","payload":"v1:slot:81",
  "user":{"user_id":5001,"first_name":"Anna","is_bot":false}},
 "message":{"sender":{"user_id":7001,"first_name":"Clinic","username":"clinic_bot","is_bot":true},
  "recipient":{"chat_id":90001,"chat_type":"dialog","user_id":5001},"timestamp":1767225650000,
  "body":{"mid":"mid.0000000000015f91019b76db6b501234","seq":115816900198404660,"text":"Choose a time",
   "attachments":[{"type":"inline_keyboard","callback_id":"cb-opaque","payload":{"buttons":[[
    {"type":"callback","text":"09:15","payload":"v1:slot:81","intent":"default"}]]}}]}}}
""")
STARTED: dict[str, Any] = {
    "update_type": "bot_started",
    "timestamp": 1767225600123,
    "chat_id": 90001,
    "user": {"user_id": 5001, "first_name": "Anna", "is_bot": False},
    "payload": "k7Q-_x",
    "user_locale": "ru",
}
STOPPED: dict[str, Any] = {
    "update_type": "bot_stopped",
    "timestamp": 1767225600123,
    "chat_id": 90001,
    "user": {"user_id": 5001, "first_name": "Anna"},
}
REMOVED = STOPPED | {"update_type": "dialog_removed"}


def changed(update: dict[str, Any], path: str, value: Any = None) -> dict[str, Any]:
    """The update with *value* at *path*; None takes the field away."""
    out = copy.deepcopy(update)
    *way, last = path.split(".")
    place = out
    for name in way:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return out


def test_a_person_starts_the_bot() -> None:
    update = read_update(json.dumps(STARTED).encode())
    assert update.incoming == Started(user=ANNA, chat="90001", payload="k7Q-_x")
    assert update.line == "max:5001"


def test_a_person_presses_a_button() -> None:
    update = read_update(json.dumps(PRESSED).encode())
    assert update.incoming == Pressed(
        user=ANNA,
        chat="90001",
        callback="cb-opaque",
        payload="v1:slot:81",
        mid="mid.0000000000015f91019b76db6b501234",
    )
    assert update.line == "max:5001"


def test_a_person_writes_and_the_words_are_not_kept() -> None:
    update = read_update(json.dumps(WRITTEN).encode())
    assert update.incoming == Typed(user=ANNA, chat="90001")
    assert update.line == "max:5001"
    assert "hello" not in repr(update)


@pytest.mark.parametrize("raw", [STOPPED, REMOVED])
def test_a_person_stops_the_bot_or_removes_the_dialogue(raw: dict[str, Any]) -> None:
    assert read_update(raw).incoming == Stopped(user=ANNA)


def test_a_decoded_update_reads_like_its_bytes() -> None:
    for raw in (WRITTEN, PRESSED, STARTED, STOPPED):
        assert read_update(raw) == read_update(json.dumps(raw).encode())


def test_nulls_that_are_left_out_are_missed_by_nobody() -> None:
    for without in ("chat_id", "payload", "user_locale", "user.first_name"):
        assert isinstance(read_update(changed(STARTED, without)).incoming, Started)
    press = read_update(changed(PRESSED, "message")).incoming
    assert press == Pressed(user=ANNA, chat=None, callback="cb-opaque", payload="v1:slot:81", mid=None)
    null = json.dumps(PRESSED | {"message": None}).encode()
    assert read_update(null).incoming == press
    no_payload = read_update(changed(PRESSED, "callback.payload")).incoming
    assert isinstance(no_payload, Pressed)
    assert no_payload.payload is None


@pytest.mark.parametrize(
    "raw",
    [
        changed(WRITTEN, "message.recipient.chat_type", "chat"),
        changed(WRITTEN, "message.recipient.chat_type", "channel"),
        changed(WRITTEN, "message.sender.is_bot", value=True),
        changed(WRITTEN, "message.sender"),
        changed(PRESSED, "message.recipient.chat_type", "chat"),
        WRITTEN | {"update_type": "message_edited"},
        STARTED | {"update_type": "dialog_cleared"},
        {"update_type": "dialog_muted", "timestamp": 1, "chat_id": 2, "user": {}, "muted_until": 3},
        {"update_type": "comment_created", "whatever": [1, 2]},
        {"update_type": "Неведомое"},
    ],
)
def test_what_needs_no_work_is_accepted_and_ignored(raw: dict[str, Any]) -> None:
    assert read_update(raw).incoming is None


@pytest.mark.parametrize("payload", ["\x00", "a\x00b", "line\nbreak", "\ud83d", "x" * 1025, ""])
def test_a_payload_that_cannot_be_ours_is_dropped(payload: str) -> None:
    started = read_update(STARTED | {"payload": payload}).incoming
    assert started == Started(user=ANNA, chat="90001", payload=None)


MALFORMED: list[tuple[Any, str]] = [
    (b"", "$: JSON in UTF-8"),
    (b"{", "$: JSON in UTF-8"),
    (b"\xff\xfe{}", "$: JSON in UTF-8"),
    (b"[" * 100_000, "$: JSON in UTF-8"),
    (b'{"timestamp": ' + b"1" * 5000 + b"}", "$: JSON in UTF-8"),
    (b"[]", "$: object"),
    (b"null", "$: object"),
    ({}, "$.update_type: printable text"),
    ({"update_type": 7}, "$.update_type: printable text"),
    (changed(STARTED, "timestamp"), "$.timestamp: int64"),
    (changed(STARTED, "timestamp", "1767225600123"), "$.timestamp: int64"),
    (changed(STARTED, "timestamp", 2**63), "$.timestamp: int64"),
    (changed(STARTED, "chat_id", "90001"), "$.chat_id: int64"),
    (changed(STARTED, "payload", ["x"]), "$.payload: text"),
    (changed(STARTED, "user"), "$.user: object"),
    (changed(STARTED, "user", "Anna"), "$.user: object"),
    (changed(STARTED, "user.user_id"), "$.user.user_id: int64"),
    (changed(STARTED, "user.user_id", value=True), "$.user.user_id: int64"),
    (changed(STOPPED, "user.user_id", 5001.0), "$.user.user_id: int64"),
    (changed(PRESSED, "callback"), "$.callback: object"),
    (changed(PRESSED, "callback.callback_id"), "$.callback.callback_id: printable text"),
    (changed(PRESSED, "callback.callback_id", " "), "$.callback.callback_id: printable text"),
    (changed(PRESSED, "callback.callback_id", "a\x00"), "$.callback.callback_id: printable text"),
    (changed(PRESSED, "callback.payload", 81), "$.callback.payload: text"),
    (changed(PRESSED, "callback.user.user_id", "5001"), "$.callback.user.user_id: int64"),
    (changed(PRESSED, "message", "x"), "$.message: object"),
    (changed(PRESSED, "message.body.mid"), "$.message.body.mid: printable text"),
    (changed(PRESSED, "message.recipient.chat_id"), "$.message.recipient.chat_id: int64"),
    (changed(WRITTEN, "message"), "$.message: object"),
    (changed(WRITTEN, "message.body"), "$.message.body: object"),
    (changed(WRITTEN, "message.recipient"), "$.message.recipient: object"),
    (changed(WRITTEN, "message.recipient.chat_type"), "$.message.recipient.chat_type: printable text"),
    (changed(WRITTEN, "message.sender.user_id"), "$.message.sender.user_id: int64"),
]


@pytest.mark.parametrize(("raw", "told"), MALFORMED)
def test_a_malformed_update_is_told_by_its_path(raw: Any, told: str) -> None:
    with pytest.raises(MalformedUpdate) as fault:
        read_update(raw)
    assert str(fault.value) == f"{told} expected"


CUT = '{"text": "Осенняя"'.encode()[:-3]


def test_what_could_not_be_read_is_shown_with_no_error() -> None:
    with pytest.raises(MalformedUpdate) as fault:
        read_update(CUT)
    # The decoder's own error carries the whole body for whoever prints the chain.
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__


def test_a_repeat_has_the_same_key_and_everything_else_another() -> None:
    updates = [
        *(WRITTEN, PRESSED, STARTED, STOPPED, REMOVED),
        changed(WRITTEN, "timestamp", 1),
        changed(WRITTEN, "message.body.mid", "mid.other"),
        changed(PRESSED, "callback.callback_id", "cb-other"),
        changed(PRESSED, "callback.payload", "v1:slot:82"),
        changed(PRESSED, "callback.payload"),
        changed(STARTED, "timestamp", 1),
        changed(STARTED, "chat_id", 1),
        changed(STARTED, "user.user_id", 1),
        {"update_type": "bot_added", "chat_id": 1, "timestamp": 2},
        {"update_type": "bot_added", "chat_id": 12, "timestamp": 3},
    ]
    keys = [read_update(update).key for update in updates]
    assert len(set(keys)) == len(keys)
    assert keys == [read_update(json.dumps(update, indent=1).encode()).key for update in updates]


def test_a_press_repeated_at_another_time_is_the_same_press() -> None:
    # MAX may stamp a repeat anew; the callback itself is one.
    assert read_update(changed(PRESSED, "timestamp", 1)).key == read_update(PRESSED).key


def test_keys_and_lines_fit_any_column() -> None:
    long = read_update({"update_type": "x" * 10_000, "chat_id": "y" * 10_000})
    assert len(long.key) < 120


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    (update, path)
    for update, paths in (
        (WRITTEN, ("timestamp", "message", "message.sender", "message.recipient", "message.body", "message.body.mid")),
        (PRESSED, ("callback", "callback.user", "callback.payload", "message", "message.recipient.chat_id")),
        (STARTED, ("update_type", "user", "user.user_id", "chat_id", "payload")),
    )
    for path in paths
]


@given(place=st.sampled_from(PATHS), value=json_values)
def test_nothing_else_than_the_typed_error_ever_comes_out(place: tuple[dict[str, Any], str], value: Any) -> None:
    update, path = place
    try:
        read_update(changed(update, path, value))
    except MalformedUpdate as fault:
        assert fault.path.startswith("$")  # noqa: PT017 - an update that is read is fine as well


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read_update(raw)
    except MalformedUpdate as fault:
        assert fault.path.startswith("$")  # noqa: PT017 - an update that is read is fine as well
