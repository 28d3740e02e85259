"""The emulator as a Starlette application that can be mounted below any prefix."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from registratura.emulators.max import api_chats, api_messages, api_updates, api_uploads, people
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.emulator import Emulator
from registratura.emulators.max.errors import not_allowed, not_found
from registratura.emulators.max.gate import Handler, api
from registratura.emulators.trouble import json_response

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Int64(Convertor[int]):
    """A whole number of a path, negative ones included."""

    regex = "-?[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """From the path."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Into a path."""
        return str(value)


register_url_convertor("int64", Int64())


def create_app(config: MaxEmulatorConfig) -> Starlette:
    """The emulator with its API, its person side and its page.

    Served alone it runs by its own lifespan. A host that mounts it enters ``app.state.emulator.running()``
    instead, and calls ``app.state.emulator.release()`` when it begins to shut down.
    """
    emulator = Emulator(config)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with emulator.running():
            yield

    errors = {HTTPException: _http_error}
    app = Starlette(routes=[*_bot_routes(), *_person_routes()], lifespan=lifespan, exception_handlers=errors)
    app.state.emulator = emulator
    return app


async def _http_error(request: Request, fault: Exception) -> Response:
    """Unknown paths and wrong methods in the vendor's form."""
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    refusal = not_allowed(f"Method {request.method} is not allowed") if status == 405 else not_found("Path not found")  # noqa: PLR2004
    return json_response(refusal.body(), refusal.status)


async def page(_: Request) -> Response:
    """The chat page."""
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
    return FileResponse(STATIC / "index.html", headers=headers)


BOT_METHODS: tuple[tuple[str, str, Handler], ...] = (
    ("/me", "GET", api_messages.me),
    ("/me/commands", "PATCH", api_messages.set_commands),
    ("/messages", "POST", api_messages.send),
    ("/messages", "PUT", api_messages.edit),
    ("/messages", "DELETE", api_messages.delete),
    ("/messages", "GET", api_messages.read),
    ("/messages/{mid}", "GET", api_messages.read_one),
    ("/answers", "POST", api_messages.answer),
    ("/updates", "GET", api_updates.poll),
    ("/subscriptions", "GET", api_updates.subscriptions),
    ("/subscriptions", "POST", api_updates.subscribe),
    ("/subscriptions", "DELETE", api_updates.unsubscribe),
    ("/uploads", "POST", api_uploads.upload_url),
    ("/videos/{token}", "GET", api_uploads.video),
    ("/chats/{chat_id:int64}", "GET", api_chats.get),
    ("/chats/{chat_id:int64}", "PATCH", api_chats.patch),
    ("/chats/{chat_id:int64}/actions", "POST", api_chats.act),
    ("/chats/{chat_id:int64}/pin", "GET", api_chats.pinned),
    ("/chats/{chat_id:int64}/pin", "PUT", api_chats.pin),
    ("/chats/{chat_id:int64}/pin", "DELETE", api_chats.unpin),
    ("/chats/{chat_id:int64}/members/me", "GET", api_chats.membership),
    ("/chats/{chat_id:int64}/members/me", "DELETE", api_chats.leave),
    ("/chats/{chat_id:int64}/members/admins", "GET", api_chats.admins),
    ("/chats/{chat_id:int64}/members/admins", "POST", api_chats.set_admins),
    ("/chats/{chat_id:int64}/members/admins/{user_id:int64}", "DELETE", api_chats.drop_admin),
    ("/chats/{chat_id:int64}/members", "GET", api_chats.members),
    ("/chats/{chat_id:int64}/members", "POST", api_chats.add_members),
    ("/chats/{chat_id:int64}/members", "DELETE", api_chats.remove_member),
)


def _bot_routes() -> list[BaseRoute]:
    return [Route(path, api(handler), methods=[method]) for path, method, handler in BOT_METHODS]


def _person_routes() -> list[BaseRoute]:
    person = [
        Route("/", people.one, methods=["GET"]),
        Route("/start", people.start, methods=["POST"]),
        Route("/stop", people.stop, methods=["POST"]),
        Route("/clear", people.clear, methods=["POST"]),
        Route("/delete", people.delete_dialog, methods=["POST"]),
        Route("/mute", people.mute, methods=["POST"]),
        Route("/messages", people.history, methods=["GET"]),
        Route("/messages", people.write, methods=["POST"]),
        Route("/messages/{mid}", people.edit, methods=["PUT"]),
        Route("/messages/{mid}", people.remove, methods=["DELETE"]),
        Route("/press", people.press, methods=["POST"]),
        Route("/contact", people.contact, methods=["POST"]),
        Route("/location", people.location, methods=["POST"]),
        Route("/init_data", people.init_data, methods=["POST"]),
        Route("/callbacks/{callback_id}", people.callback, methods=["GET"]),
        Route("/events", people.events, methods=["GET"]),
    ]
    return [
        Route("/", page, methods=["GET"]),
        Route("/_people", people.everybody, methods=["GET"]),
        Route("/_people", people.add, methods=["POST"]),
        Mount("/_people/{person_id:int64}", routes=person),
        Route("/_groups", people.make_group, methods=["POST"]),
        Route("/_faults", people.read_faults, methods=["GET"]),
        Route("/_faults", people.set_faults, methods=["PUT"]),
        Route("/_requests", people.requests, methods=["GET"]),
        Route("/_deliveries", people.deliveries, methods=["GET"]),
        Route("/_upload/{token}", api_uploads.receive, methods=["POST", "PUT"]),
        Route("/_media/{token}", api_uploads.media, methods=["GET"]),
        Mount("/_static", app=StaticFiles(directory=STATIC)),
    ]
