"""Files of a bot: the two steps of an upload and the time until they can be used."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.emulators.conftest import ANNA, Max, served


def place(messenger: Max, kind: str) -> dict[str, Any]:
    """Where to upload."""
    return dict(messenger.bot.post("/uploads", params={"type": kind}).json())


def sent(messenger: Max, kind: str, token: str) -> httpx.Response:
    body = {"text": "", "attachments": [{"type": kind, "payload": {"token": token}}]}
    return messenger.bot.post("/messages", params={"user_id": ANNA}, json=body)


def test_a_file_gets_its_token_after_the_upload_and_can_be_sent_twice(met: Max) -> None:
    answer = met.world.post(place(met, "file")["url"], files={"data": ("план.txt", b"123", "text/plain")})
    token = answer.json()["token"]
    first, second = (sent(met, "file", token).json()["message"]["body"]["attachments"] for _ in range(2))
    assert first == second
    shown = first[0]
    assert (shown["filename"], shown["size"], shown["payload"]["token"]) == ("план.txt", 3, token)
    assert met.world.get(shown["payload"]["url"]).content == b"123"


def test_an_image_gets_photos(met: Max) -> None:
    answer = met.world.post(place(met, "image")["url"], files={"data": ("a.png", b"png", "image/png")})
    attachment = {"type": "image", "payload": {"photos": answer.json()["photos"]}}
    shown = met.say("снимок", attachments=[attachment])["body"]["attachments"][0]
    assert shown["type"] == "image"
    assert shown["payload"]["photo_id"] > 0


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_video_and_audio_have_their_token_from_the_start(met: Max, kind: str) -> None:
    given = place(met, kind)
    assert sent(met, kind, given["token"]).json()["code"] == "attachment.not.ready"
    assert met.world.post(given["url"], content=b"abc").text == "<retval>1</retval>"
    assert sent(met, kind, given["token"]).status_code == 200


def test_a_file_can_come_in_ranges(met: Max) -> None:
    url = place(met, "file")["url"]
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="a.bin"'}
    first = met.world.post(url, content=b"123", headers={**headers, "Content-Range": "bytes 0-2/5"})
    assert (first.status_code, first.text) == (201, "0-2/5")
    assert met.world.post(url, content=b"x", headers={**headers, "Content-Range": "bytes 1-1/5"}).status_code == 404
    token = met.world.post(url, content=b"45", headers={**headers, "Content-Range": "bytes 3-4/5"}).json()["token"]
    shown = sent(met, "file", token).json()["message"]["body"]["attachments"][0]
    assert (shown["filename"], shown["size"]) == ("a.bin", 5)
    assert met.world.get(shown["payload"]["url"]).content == b"12345"


def test_a_url_takes_one_file(met: Max) -> None:
    url = place(met, "file")["url"]
    assert met.world.post(url, files={"data": ("a.txt", b"1")}).status_code == 200
    assert met.world.post(url, files={"data": ("b.txt", b"2")}).status_code == 404


def test_a_fresh_file_is_not_ready_and_an_edit_says_so_softly(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with served(tmp_path, processing_seconds=2.0, clock=lambda: now[0]) as messenger:
        messenger.hand("start")
        token = messenger.world.post(place(messenger, "file")["url"], files={"data": ("a.txt", b"1")}).json()["token"]
        answer = sent(messenger, "file", token)
        assert (answer.status_code, answer.json()["code"]) == (400, "attachment.not.ready")
        assert answer.json()["message"] == "Key: errors.process.attachment.file.not.processed"
        mid = messenger.say()["body"]["mid"]
        body = {"attachments": [{"type": "file", "payload": {"token": token}}]}
        edited = messenger.bot.put("/messages", params={"message_id": mid}, json=body)
        assert (edited.status_code, edited.json()["success"]) == (200, False)
        assert "attachment.file.not.processed" in edited.json()["message"]
        now[0] += 2.1
        assert sent(messenger, "file", token).status_code == 200


def test_photo_is_no_type_any_more(messenger: Max) -> None:
    assert messenger.bot.post("/uploads", params={"type": "photo"}).status_code == 400
