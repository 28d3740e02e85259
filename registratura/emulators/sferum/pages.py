"""The pages for people and the paths for tests; what they look like is in ``rendering.py``."""

from collections.abc import Callable
from http import HTTPStatus

import attrs
import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from registratura.emulators.sferum import chats, rendering, texts
from registratura.emulators.sferum.chats import Chat, State
from registratura.emulators.sferum.emulator import Emulator
from registratura.emulators.sferum.faults import Faults, faults_of_form
from registratura.emulators.sferum.gate import form_of
from registratura.emulators.sferum.store import Tx
from registratura.emulators.trouble import json_response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'self'"
    ),
    # An invitation is in the address of its page.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TEXT_LIMIT = 4000
LISTED = 1000


async def overview(request: Request) -> Response:
    """``GET /``."""
    emulator = _emulator(request)
    shown = await emulator.store.run(chats.newest)
    return _page(rendering.overview(emulator.config, shown, emulator.faults.current))


async def chat(request: Request) -> Response:
    """``GET join/{code}``."""
    emulator = _emulator(request)
    shown = await emulator.store.run(lambda tx: chats.behind(tx, request.path_params["code"]))
    return _no_such_chat() if shown is None else _page(rendering.chat(emulator.config, shown))


async def write(request: Request) -> Response:
    """``POST join/{code}``: only those who are in the chat can write, as in life."""
    emulator, code = _emulator(request), request.path_params["code"]
    fields = await form_of(request)
    phone, text = fields.get("phone", ""), fields.get("text", "").strip()[:TEXT_LIMIT]

    def work(tx: Tx) -> Chat | None:
        found = chats.behind(tx, code)
        inside = {member.phone for member in found.members if member.state is State.MEMBER} if found else set()
        if found and text and phone in inside:
            chats.write(tx, found.chat_id, phone, text)
        return found

    return _no_such_chat() if await emulator.store.run(work) is None else _back(code)


async def chats_as_json(request: Request) -> Response:
    """``GET _emu/chats``."""
    emulator = _emulator(request)
    shown = await emulator.store.run(lambda tx: chats.newest(tx, LISTED))
    return json_response({"chats": [_chat_as_json(emulator, chat) for chat in shown]})


async def calls_as_json(request: Request) -> Response:
    """``GET _emu/calls``."""
    return json_response({"calls": list(_emulator(request).calls)})


async def faults_as_json(request: Request) -> Response:
    """``GET _emu/faults``."""
    return json_response(_emulator(request).faults.current.as_json())


async def put_faults(request: Request) -> Response:
    """``PUT _emu/faults``: what is not named is off."""
    body = await request.body()
    faults = _sensible(lambda: Faults(**orjson.loads(body)))
    if faults is None:
        return json_response({"error": "unknown or wrong fault"}, HTTPStatus.BAD_REQUEST)
    _emulator(request).faults.current = faults
    return json_response(faults.as_json())


async def post_faults(request: Request) -> Response:
    """``POST _emu/faults``: the form of the page."""
    fields = await form_of(request)
    faults = _sensible(lambda: faults_of_form(fields))
    if faults is None:
        return _page(rendering.nothing_here(texts.WRONG_FAULTS, home="../"), HTTPStatus.BAD_REQUEST)
    _emulator(request).faults.current = faults
    return _back("../")


def _emulator(request: Request) -> Emulator:
    emulator: Emulator = request.app.state.emulator
    return emulator


def _page(content: str, status: int = 200) -> Response:
    return HTMLResponse(content, status, headers=HEADERS)


def _no_such_chat() -> Response:
    return _page(rendering.nothing_here(texts.NO_SUCH_CHAT, home="../"), HTTPStatus.NOT_FOUND)


def _back(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _sensible(read: Callable[[], Faults]) -> Faults | None:
    try:
        return read()
    except (TypeError, ValueError):
        return None


def _chat_as_json(emulator: Emulator, chat: Chat) -> dict[str, object]:
    members = [attrs.asdict(member) | {"state": member.state.value} for member in chat.members]
    return {
        "chat_id": chat.chat_id,
        "title": chat.title,
        "link": emulator.config.link(chat.code),
        "created": chat.created.timestamp(),
        "members": members,
    }
