"""The person's side over HTTP, for the chat page and for tests; see the package docstring for the paths."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from registratura.emulators.max import bot_chats, chats, hands
from registratura.emulators.max.config import Person
from registratura.emulators.max.emulator import Emulator
from registratura.emulators.max.errors import ApiError
from registratura.emulators.max.faults import Faults
from registratura.emulators.max.store import Json, Tx
from registratura.emulators.max.validation import TEXT_LIMIT, fields_of, optional_text, text_in, whole_number
from registratura.emulators.trouble import json_response

HEARTBEAT = 15.0
HISTORY = 200
NAME_LIMIT = 64
Answer = dict[str, object]


def endpoint(handler: Callable[[Emulator, Request, Json], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
    """Reads the JSON body and words the refusals."""

    async def read(request: Request) -> Response:
        body = await request.body()
        try:
            fields = fields_of(orjson.loads(body)) if body else {}
            return json_response(await handler(request.app.state.emulator, request, fields))
        except hands.CannotDo as refusal:
            return json_response({"error": refusal.reason}, refusal.status)
        except ApiError as refusal:
            return json_response({"error": refusal.message}, refusal.status)
        except orjson.JSONDecodeError:
            return json_response({"error": "malformed JSON"}, HTTPStatus.BAD_REQUEST)

    return read


def of_person(work: Callable[[Tx, Emulator, int, Json], Json]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is one transaction about the person of the path."""

    async def handler(emulator: Emulator, request: Request, body: Json) -> Json:
        person_id = request.path_params["person_id"]
        return await emulator.store.run(lambda tx: work(tx, emulator, person_id, {**request.path_params, **body}))

    return endpoint(handler)


def _write(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    text = text_in(body, "text", TEXT_LIMIT, 1)
    preview = chats.preview_of(text, disabled=False)
    return {"message": hands.write(tx, emulator.config, person_id, chats.Content(text=text, preview_url=preview))}


def _contact(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    if body.get("phone") is None:
        return {"message": hands.share_contact(tx, emulator.config, person_id)}
    phone, name = text_in(body, "phone", NAME_LIMIT, 1), optional_text(body, "name", NAME_LIMIT) or "Знакомый"
    return {"message": hands.share_foreign_contact(tx, emulator.config, person_id, name, phone)}


def _location(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    place = (float(body.get("latitude", hands.SOMEWHERE[0])), float(body.get("longitude", hands.SOMEWHERE[1])))
    return {"message": hands.share_location(tx, emulator.config, person_id, *place)}


def _press(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    return hands.press(tx, emulator.config, person_id, body.get("message_id"), body)


def _mute(tx: Tx, _: Emulator, person_id: int, body: Json) -> Json:
    until = body.get("until")
    return hands.mute(tx, person_id, None if until is None else whole_number(until, "until"))


def _edit(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    return hands.edit(tx, emulator.config, person_id, body["mid"], text_in(body, "text", TEXT_LIMIT, 1))


def _init_data(tx: Tx, emulator: Emulator, person_id: int, body: Json) -> Json:
    start_param = optional_text(body, "start_param", TEXT_LIMIT)
    return {"init_data": hands.init_data(tx, emulator.config, person_id, start_param)}


one = of_person(lambda tx, _, person_id, __: hands.card(tx, hands.person_row(tx, person_id)))
start = of_person(lambda tx, _, person_id, body: hands.start(tx, person_id, optional_text(body, "payload", TEXT_LIMIT)))
stop = of_person(lambda tx, _, person_id, __: hands.stop(tx, person_id))
clear = of_person(lambda tx, _, person_id, __: hands.clear(tx, person_id))
delete_dialog = of_person(lambda tx, _, person_id, __: hands.delete_dialog(tx, person_id))
history = of_person(lambda tx, emulator, person_id, _: hands.history(tx, emulator.config, person_id, HISTORY))
write = of_person(_write)
edit = of_person(_edit)
remove = of_person(lambda tx, emulator, person_id, body: hands.remove(tx, emulator.config, person_id, body["mid"]))
contact = of_person(_contact)
location = of_person(_location)
press = of_person(_press)
mute = of_person(_mute)
init_data = of_person(_init_data)
callback = of_person(lambda tx, _, person_id, body: hands.callback(tx, person_id, body["callback_id"]))


@endpoint
async def everybody(emulator: Emulator, _: Request, __: Json) -> Json:
    """``GET _people``."""
    return {"people": await emulator.store.run(hands.everybody), "bot": {"name": emulator.config.bot.first_name}}


@endpoint
async def add(emulator: Emulator, _: Request, body: Json) -> Json:
    """``POST _people``."""

    def work(tx: Tx) -> Json:
        given = body.get("user_id")
        person = Person(
            user_id=hands.free_id(tx) if given is None else whole_number(given, "user_id"),
            first_name=text_in(body, "first_name", NAME_LIMIT, 1),
            last_name=optional_text(body, "last_name", NAME_LIMIT),
            phone=optional_text(body, "phone", NAME_LIMIT),
            note=optional_text(body, "note", TEXT_LIMIT) or "",
        )
        hands.add(tx, person)
        return hands.card(tx, hands.person_row(tx, person.user_id))

    return await emulator.store.run(work)


@endpoint
async def make_group(emulator: Emulator, _: Request, body: Json) -> Json:
    """``POST _groups``: a person makes a group and adds the bot, as an administrator or not."""
    owner, others = body.get("owner"), body.get("members", [])
    title, rights = text_in(body, "title", bot_chats.TITLE_LIMIT, 1), body.get("bot_permissions")
    members = [whole_number(owner, "owner"), *(whole_number(item, "member") for item in others)]
    return await emulator.store.run(lambda tx: hands.make_group(tx, emulator.config, title, members, rights))


async def events(request: Request) -> Response:
    """``GET _people/{id}/events``: what happens on the person's screen, as server-sent events."""
    emulator: Emulator = request.app.state.emulator
    person_id = request.path_params["person_id"]
    return StreamingResponse(
        _events(emulator, person_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(emulator: Emulator, person_id: int) -> AsyncIterator[bytes]:
    with emulator.screen(person_id) as queue:
        yield b'retry: 1000\ndata: {"type":"hello"}\n\n'
        while not emulator.released.is_set():
            event = await _next_event(emulator, queue)
            yield b"data: " + orjson.dumps(event) + b"\n\n" if event else b'data: {"type":"ping"}\n\n'


async def _next_event(emulator: Emulator, queue: asyncio.Queue[Json]) -> Json | None:
    getting, released = asyncio.ensure_future(queue.get()), asyncio.ensure_future(emulator.released.wait())
    try:
        await asyncio.wait({getting, released}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
        return getting.result() if getting.done() else None
    finally:
        getting.cancel()
        released.cancel()


@endpoint
async def read_faults(emulator: Emulator, _: Request, __: Json) -> Json:
    """``GET _faults``."""
    return emulator.faults.current.as_json()


@endpoint
async def set_faults(emulator: Emulator, _: Request, body: Json) -> Json:
    """``PUT _faults``: what is not named is off."""
    try:
        emulator.set_faults(Faults(**body))
    except (TypeError, ValueError) as fault:
        raise hands.CannotDo(HTTPStatus.BAD_REQUEST, "unknown or wrong fault") from fault
    return emulator.faults.current.as_json()


@endpoint
async def requests(emulator: Emulator, _: Request, __: Json) -> Json:
    """``GET _requests``."""
    return {"requests": list(emulator.requests)}


@endpoint
async def deliveries(emulator: Emulator, _: Request, __: Json) -> Json:
    """``GET _deliveries``: attempts since the start of the process, and what still waits."""
    sql = "SELECT id, update_id, url, chat_id, attempts, due, state FROM deliveries WHERE state = 'pending' ORDER BY id"
    pending = await emulator.store.run(lambda tx: [dict(row) for row in tx.all(sql)])
    attempts = [entry | {"body": orjson.loads(entry["body"])} for entry in emulator.deliverer.log]
    return {"attempts": attempts, "pending": pending}
