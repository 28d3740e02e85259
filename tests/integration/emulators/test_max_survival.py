"""What the emulator remembers when its process is killed, and how it lives below a prefix."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from registratura.emulators.max import MaxEmulatorConfig, create_app
from tests.integration.emulators.conftest import ANNA, PEOPLE, Hook, Max, button, client, keyboard, until

SERVER = """
import sys
from pathlib import Path
import uvicorn
from registratura.emulators.max import MaxEmulatorConfig, Person, create_app
people = [Person(user_id=1001, first_name="Анна", phone="79170000001")]
config = MaxEmulatorConfig(
    database=Path(sys.argv[1]), public_url="http://127.0.0.1", people=people, limits=False, allow_http_webhooks=True,
    retry_scale=0.02, processing_seconds=0.0,
)
uvicorn.run(create_app(config), port=0, log_level="info")
"""


@contextlib.contextmanager
def killed_in_the_end(database: Path) -> Iterator[Max]:
    """An emulator in a process of its own that never gets to tidy up."""
    command = [sys.executable, "-c", SERVER, str(database)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "running on" in line)
        url = line.split("running on ")[1].split()[0]
        with (
            client(url, Authorization="sandbox") as bot,
            client(url) as world,
        ):
            yield Max(url, bot, world)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def test_a_killed_emulator_forgets_nothing(tmp_path: Path, hook: Hook) -> None:
    with killed_in_the_end(tmp_path / "max.db") as before:
        before.hand("start")
        url = before.bot.post("/uploads", params={"type": "file"}).json()["url"].replace("http://127.0.0.1", before.url)
        token = before.world.post(url, files={"data": ("план.txt", b"123")}).json()["token"]
        shown = before.say("Выберите", attachments=[keyboard([button("09:15")])])
        pressed = before.hand("press", text="09:15")["callback_id"]
        before.updates(marker=before.updates()["marker"])
        before.world.post("/_people", json={"first_name": "Новый"})
        before.subscribe(hook.url, secret="very-secret")
        hook.statuses.put(500)
        before.hand("messages", text="не дошло")
        hook.next()
        until(lambda: before.world.get("/_deliveries").json()["pending"][0]["attempts"] == 1)
    with killed_in_the_end(tmp_path / "max.db") as after:
        assert [message["body"]["text"] for message in after.screen()] == ["Выберите", "не дошло"]
        assert len(after.world.get("/_people").json()["people"]) == 2
        assert after.bot.get("/subscriptions").json()["subscriptions"][0]["url"] == hook.url
        got = hook.next()
        assert (got.secret, got.update["message"]["body"]["text"]) == ("very-secret", "не дошло")
        body = {"notification": "Записали"}
        assert after.bot.post("/answers", params={"callback_id": pressed}, json=body).json() == {"success": True}
        after.say("файл", attachments=[{"type": "file", "payload": {"token": token}}])
        assert after.bot.get(f"/messages/{shown['body']['mid']}").json()["body"]["text"] == "Выберите"


@pytest.mark.anyio
async def test_it_can_be_mounted_below_a_prefix(tmp_path: Path) -> None:
    public_url = "http://host/sandbox/max"
    app = create_app(MaxEmulatorConfig(database=tmp_path / "max.db", public_url=public_url, people=PEOPLE))
    host = Starlette(routes=[Mount("/sandbox/max", app=app)])
    transport = httpx.ASGITransport(host)
    async with app.state.emulator.running(), httpx.AsyncClient(transport=transport, base_url=public_url + "/") as world:
        page = await world.get("")
        assert page.status_code == 200
        assert "unsafe" not in page.headers["content-security-policy"]
        assert 'href="/' not in page.text
        assert 'src="/' not in page.text
        assert (await world.get("_static/chat.js")).status_code == 200
        headers = {"Authorization": "sandbox"}
        assert (await world.get("me", headers=headers)).json()["is_bot"] is True
        upload = (await world.post("uploads", params={"type": "file"}, headers=headers)).json()["url"]
        assert upload.startswith(public_url + "/_upload/")
        assert (await world.post(upload, content=b"1")).status_code == 200
        requests = (await world.get("_requests")).json()["requests"]
        assert [request["path"] for request in requests] == ["/me", "/uploads"]


@pytest.mark.anyio
async def test_release_ends_the_waiting_of_everybody(tmp_path: Path) -> None:
    app = create_app(MaxEmulatorConfig(database=tmp_path / "max.db", public_url="http://host", people=PEOPLE))
    emulator = app.state.emulator
    transport = httpx.ASGITransport(app)
    async with emulator.running(), httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: client.get("/updates", headers={"Authorization": "sandbox"}, timeout=40))
                while not emulator.requests:  # noqa: ASYNC110 - nothing rings when a request comes
                    await anyio.sleep(0.01)
                emulator.release()
            assert (await client.get(f"/_people/{ANNA}/events", timeout=40)).text.count("data:") == 1
