"""The bot's methods: itself, messages, answers."""

from registratura.emulators.max import bot_messages, objects
from registratura.emulators.max.errors import SoftRefusal, malformed, too_many
from registratura.emulators.max.gate import Call, Reply
from registratura.emulators.max.store import Json, Tx
from registratura.emulators.max.validation import NewMessage, fields_of, new_message, optional_text, text_in

COMMANDS = "commands"
COMMANDS_LIMIT = 32
COMMAND_NAME_LIMIT = 64
COMMAND_TEXT_LIMIT = 128
DONE: Reply = {"success": True}


async def me(call: Call) -> Reply:
    """``GET /me``."""
    config = call.emulator.config

    def work(tx: Tx) -> Json:
        user = objects.bot_user(config, tx.now) | {"description": config.bot.description}
        return user | {"commands": tx.fact(COMMANDS) or []}

    return await call.emulator.store.run(work)


async def set_commands(call: Call) -> Reply:
    """``PATCH /me/commands``."""
    commands = fields_of(await call.json()).get("commands")
    if not isinstance(commands, list) or len(commands) > COMMANDS_LIMIT:
        raise malformed(f"commands: array of at most {COMMANDS_LIMIT} expected")
    kept = [_command(fields_of(item, "command")) for item in commands]
    await call.emulator.store.run(lambda tx: tx.remember(COMMANDS, kept))
    return await me(call)


def _command(command: Json) -> Json:
    name = text_in(command, "name", COMMAND_NAME_LIMIT, 1)
    description = optional_text(command, "description", COMMAND_TEXT_LIMIT, 1)
    return {"name": name} if description is None else {"name": name, "description": description}


async def send(call: Call) -> Reply:
    """``POST /messages``."""
    emulator = call.emulator
    new = new_message(await call.json())
    user_id, chat_id = call.number("user_id"), call.number("chat_id")
    no_preview = call.query.get("disable_link_preview", "false").lower() == "true"
    delay = emulator.faults.current.not_ready_ms

    chat = await emulator.store.run(lambda tx: bot_messages.chat_for_sending(tx, emulator.config, user_id, chat_id))
    if emulator.config.limits and not emulator.chats.admits(chat["chat_id"]):
        raise too_many()

    def work(tx: Tx) -> Json:
        still = bot_messages.chat_for_sending(tx, emulator.config, None, chat["chat_id"])
        sent = bot_messages.send(tx, emulator.config, still, new, no_preview=no_preview, not_ready_ms=delay)
        return {"message": sent}

    return await emulator.store.run(work)


async def edit(call: Call) -> Reply:
    """``PUT /messages``."""
    emulator, mid = call.emulator, call.text("message_id")
    new = new_message(await call.json())
    faults = emulator.faults.current
    if faults.edit_refused:
        raise SoftRefusal("error.edit.message")
    await emulator.store.run(lambda tx: bot_messages.edit(tx, emulator.config, mid, new, faults.not_ready_ms))
    return DONE


async def delete(call: Call) -> Reply:
    """``DELETE /messages``."""
    emulator, mid = call.emulator, call.text("message_id")
    await emulator.store.run(lambda tx: bot_messages.delete(tx, emulator.config, mid))
    return DONE


async def read(call: Call) -> Reply:
    """``GET /messages``."""
    config, store = call.emulator.config, call.emulator.store
    mids = call.words("message_ids")
    if mids:
        return await store.run(lambda tx: bot_messages.chosen(tx, config, mids))
    chat_id, count = call.number("chat_id"), call.number("count", 1, 100)
    newest, oldest = call.number("from"), call.number("to")
    if chat_id is None:
        raise malformed("chat_id or message_ids expected")
    return await store.run(lambda tx: bot_messages.history(tx, config, chat_id, newest, oldest, count or 50))


async def read_one(call: Call) -> Reply:
    """``GET /messages/{mid}``."""
    config, mid = call.emulator.config, call.request.path_params["mid"]
    return await call.emulator.store.run(lambda tx: bot_messages.one(tx, config, mid))


async def answer(call: Call) -> Reply:
    """``POST /answers``."""
    config, callback_id = call.emulator.config, call.text("callback_id")
    fields = fields_of(await call.json())
    notification = optional_text(fields, "notification", 4000)
    message = fields.get("message")
    new: NewMessage | None = None if message is None else new_message(message)
    if new is None and not notification:
        raise malformed("message or notification expected")
    await call.emulator.store.run(lambda tx: bot_messages.answer(tx, config, callback_id, new, notification))
    return DONE
