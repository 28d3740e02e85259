"""Messages and callback answers as the bot's methods handle them, as plain functions of a transaction."""

from http import HTTPStatus

from registratura.emulators.max import attachments, chats, objects
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.errors import (
    ApiError,
    NotReady,
    SoftRefusal,
    access_denied,
    chat_not_found,
    malformed,
    not_allowed,
    not_found,
    suspended,
)
from registratura.emulators.max.formatting import formatted
from registratura.emulators.max.store import Json, Row, Tx, load
from registratura.emulators.max.validation import NewMessage

DAY_MS = 24 * 60 * 60 * 1000
EDIT_WINDOW_MS = 7 * DAY_MS
ANSWER_WINDOW_MS = 15 * 60 * 1000


def chat_for_sending(tx: Tx, config: MaxEmulatorConfig, user_id: int | None, chat_id: int | None) -> Row:
    """The chat a bot wants to write to, if it may."""
    if user_id is not None:
        chat = chats.dialog_of(tx, user_id)
        if chat is None:
            known = tx.one("SELECT 1 FROM users WHERE user_id = ?", user_id)
            raise suspended() if known else ApiError(HTTPStatus.FORBIDDEN, "chat.denied", "error.dialog.notfound")
    elif chat_id is not None:
        chat = chats.chat_row(tx, chat_id)
        if chat is None:
            raise chat_not_found(chat_id)
    else:
        raise malformed("user_id or chat_id expected")
    must_be_open(tx, config, chat)
    return chat


def must_be_open(tx: Tx, config: MaxEmulatorConfig, chat: Row) -> None:
    """A stopped dialog is closed to the bot; so is a group it does not belong to."""
    if chat["type"] == "dialog":
        if not chat["started"]:
            raise suspended()
        return
    sql = "SELECT 1 FROM members WHERE chat_id = ? AND user_id = ?"
    if tx.one(sql, chat["chat_id"], config.bot.user_id) is None:
        message = "chat.send.msg.no.permission.because.not.admin"
        raise ApiError(HTTPStatus.FORBIDDEN, "chat.denied", message)


def send(
    tx: Tx, config: MaxEmulatorConfig, chat: Row, new: NewMessage, *, no_preview: bool = False, not_ready_ms: int = 0
) -> Json:
    """Post a new message of the bot; gives the ``Message``."""
    if new.empty:
        raise malformed("text or attachments expected")
    text, markup = formatted(new.text or "", new.format)
    content = chats.Content(
        text=text,
        markup=markup,
        attachments=attachments.received(tx, config, new.attachments or [], not_ready_ms),
        link=_linked(tx, config, new.link),
        preview_url=chats.preview_of(text, disabled=no_preview),
    )
    return objects.message(tx, config, chats.post(tx, config, chat, config.bot.user_id, content))


def edit(tx: Tx, config: MaxEmulatorConfig, mid: str, new: NewMessage, not_ready_ms: int = 0) -> None:
    """Change a message of the bot; what is null stays as it is."""
    row, chat = own_message(tx, config, mid)
    must_be_open(tx, config, chat)
    kept: list[Json] = load(row["attachments"]) or []
    keyboard = any(item["type"] == "inline_keyboard" for item in kept)
    if chat["type"] == "dialog" and not keyboard and tx.now - row["timestamp"] > EDIT_WINDOW_MS:
        raise SoftRefusal("error.edit.message.too.old")
    text, markup = row["text"], load(row["markup"]) or []
    if new.text is not None:
        text, markup = formatted(new.text, new.format)
    try:
        shown = kept if new.attachments is None else attachments.received(tx, config, new.attachments, not_ready_ms)
    except NotReady as refusal:
        raise SoftRefusal(refusal.message) from refusal
    link = _linked(tx, config, new.link) or load(row["link"])
    if not text and not shown and link is None:
        raise malformed("text or attachments expected")
    preview = row["preview_url"] if new.text is None else chats.preview_of(text, disabled=False)
    content = chats.Content(text=text, markup=markup, attachments=shown, link=link, preview_url=preview)
    chats.rewrite(tx, config, chat, row, content)


def own_message(tx: Tx, config: MaxEmulatorConfig, mid: str) -> tuple[Row, Row]:
    """A message the bot wrote, and its chat."""
    row = chats.message_row(tx, mid)
    chat = chats.chat_row(tx, row["chat_id"]) if row else None
    if row is None or chat is None:
        raise not_found(f"Message {mid} not found")
    if row["sender_id"] != config.bot.user_id:
        raise access_denied("errors.message.not.own")
    return row, chat


def delete(tx: Tx, config: MaxEmulatorConfig, mid: str) -> None:
    """Remove a message of the bot."""
    row, chat = own_message(tx, config, mid)
    chats.remove(tx, config, chat, row, config.bot.user_id)


def answer(
    tx: Tx, config: MaxEmulatorConfig, callback_id: str, new: NewMessage | None, notification: str | None
) -> None:
    """Answer a pressed button: rewrite its message, show a toast, or both."""
    callback = tx.one("SELECT * FROM callbacks WHERE callback_id = ?", callback_id)
    if callback is None:
        raise not_found("Callback not found")
    if tx.now - callback["pressed"] > ANSWER_WINDOW_MS:
        raise not_allowed("Callback expired")
    if new is not None:
        if chats.message_row(tx, callback["mid"]) is None:
            raise SoftRefusal("error.message.not.found")
        edit(tx, config, callback["mid"], new)
    sql = "UPDATE callbacks SET answered = ?, notification = coalesce(?, notification) WHERE callback_id = ?"
    tx.do(sql, tx.now, notification, callback_id)
    event: Json = {"type": "answered", "callback_id": callback_id, "mid": callback["mid"]}
    tx.tell(callback["user_id"], event | ({"notification": notification} if notification else {}))


def history(
    tx: Tx, config: MaxEmulatorConfig, chat_id: int, newest: int | None, oldest: int | None, count: int
) -> Json:
    """Messages of a chat, newest first.

    ``from`` is the newest time wanted and ``to`` the oldest one: the list runs backwards (schema, GET /messages).
    """
    chat = chats.chat_row(tx, chat_id)
    if chat is None:
        raise chat_not_found(chat_id)
    must_be_open(tx, config, chat)
    rows = tx.all(
        "SELECT * FROM messages WHERE chat_id = ? AND removed = 0"
        " AND timestamp <= coalesce(?, timestamp) AND timestamp >= coalesce(?, timestamp) ORDER BY seq DESC LIMIT ?",
        *(chat_id, newest, oldest, count),
    )
    return {"messages": [objects.message(tx, config, row) for row in rows]}


def chosen(tx: Tx, config: MaxEmulatorConfig, mids: list[str]) -> Json:
    """The messages of a list of ids that are still there."""
    rows = [row for row in (chats.message_row(tx, mid) for mid in mids) if row is not None]
    return {"messages": [objects.message(tx, config, row) for row in rows]}


def one(tx: Tx, config: MaxEmulatorConfig, mid: str) -> Json:
    """One message by its id."""
    row = chats.message_row(tx, mid)
    if row is None:
        raise not_found(f"Message {mid} not found")
    return objects.message(tx, config, row)


def _linked(tx: Tx, config: MaxEmulatorConfig, link: Json | None) -> Json | None:
    if link is None:
        return None
    row = chats.message_row(tx, link["mid"])
    if row is None:
        raise not_found(f"Message {link['mid']} not found")
    return objects.linked_message(tx, config, link["type"], row)
