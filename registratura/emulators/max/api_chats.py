"""The bot's methods: chats and members."""

from collections.abc import Awaitable, Callable

from registratura.emulators.max import bot_chats, objects
from registratura.emulators.max.api_messages import DONE
from registratura.emulators.max.errors import malformed
from registratura.emulators.max.gate import Call, Reply
from registratura.emulators.max.store import Json, Tx
from registratura.emulators.max.validation import fields_of, text_in

MID_LIMIT = 256


def reading(read: Callable[[Tx, Call, int], Json]) -> Callable[[Call], Awaitable[Reply]]:
    """A method that only asks about the chat of its path."""

    async def handler(call: Call) -> Reply:
        return await call.emulator.store.run(lambda tx: read(tx, call, call.request.path_params["chat_id"]))

    return handler


def changing(change: Callable[[Tx, Call, int, Json], Json | None]) -> Callable[[Call], Awaitable[Reply]]:
    """A method that changes the chat of its path by its JSON body, if it has one."""

    async def handler(call: Call) -> Reply:
        body = fields_of(await call.json()) if await call.request.body() else {}
        chat_id = call.request.path_params["chat_id"]
        return await call.emulator.store.run(lambda tx: change(tx, call, chat_id, body)) or DONE

    return handler


def _members(tx: Tx, call: Call, chat_id: int) -> Json:
    marker, count = call.number("marker") or 0, call.number("count", 1, 100) or 20
    return bot_chats.members(tx, call.emulator.config, chat_id, call.words("user_ids"), marker, count)


def _remove_member(tx: Tx, call: Call, chat_id: int, _: Json) -> None:
    user_id = call.number("user_id")
    if user_id is None:
        raise malformed("user_id: int64 expected")
    bot_chats.remove_member(tx, call.emulator.config, chat_id, user_id)


get = reading(lambda tx, call, chat_id: objects.chat(tx, call.emulator.config, bot_chats.found(tx, chat_id)))
patch = changing(lambda tx, call, chat_id, body: bot_chats.patch(tx, call.emulator.config, chat_id, body))
act = changing(lambda tx, _, chat_id, body: bot_chats.act(tx, chat_id, body))
pinned = reading(lambda tx, call, chat_id: bot_chats.pinned(tx, call.emulator.config, chat_id))
pin = changing(
    lambda tx, call, chat_id, body: bot_chats.pin(
        tx, call.emulator.config, chat_id, text_in(body, "message_id", MID_LIMIT, 1)
    )
)
unpin = changing(lambda tx, call, chat_id, _: bot_chats.unpin(tx, call.emulator.config, chat_id))
membership = reading(lambda tx, call, chat_id: bot_chats.membership(tx, call.emulator.config, chat_id))
leave = changing(lambda tx, call, chat_id, _: bot_chats.leave(tx, call.emulator.config, chat_id))
members = reading(_members)
add_members = changing(
    lambda tx, call, chat_id, body: bot_chats.add_members(tx, call.emulator.config, chat_id, body.get("user_ids"))
)
remove_member = changing(_remove_member)
admins = reading(lambda tx, call, chat_id: bot_chats.members(tx, call.emulator.config, chat_id, [], 0, 0, admins=True))
set_admins = changing(
    lambda tx, call, chat_id, body: bot_chats.set_admins(tx, call.emulator.config, chat_id, body.get("admins"))
)
drop_admin = changing(
    lambda tx, call, chat_id, _: bot_chats.drop_admin(
        tx, call.emulator.config, chat_id, call.request.path_params["user_id"]
    )
)
