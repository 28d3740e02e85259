"""What can happen in a chat, whoever does it: messages come, change and go, and everybody entitled learns of it."""

import re

import attrs

from registratura.emulators.max import ids, objects
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.store import Json, Row, Tx, dump, load

WEB_LINK = re.compile(r"https?://[^\s<>\"]+")
READ_ALL = "read_all_messages"


@attrs.frozen(kw_only=True)
class Content:
    """What a message shows."""

    text: str | None
    attachments: list[Json] = attrs.field(factory=list)
    markup: list[Json] = attrs.field(factory=list)
    link: Json | None = None
    preview_url: str | None = None


def preview_of(text: str | None, *, disabled: bool) -> str | None:
    """The address MAX would fetch for a preview, unless previews are disabled."""
    found = None if disabled else WEB_LINK.search(text or "")
    return found[0] if found else None


def chat_row(tx: Tx, chat_id: int) -> Row | None:
    """A chat by its id."""
    return tx.one("SELECT * FROM chats WHERE chat_id = ?", chat_id)


def dialog_of(tx: Tx, person_id: int) -> Row | None:
    """The dialog of the bot with a person, if they ever met."""
    return tx.one("SELECT * FROM chats WHERE person_id = ?", person_id)


def watchers(tx: Tx, chat: Row) -> list[int]:
    """The people whose screens show the chat."""
    if chat["type"] == "dialog":
        return [chat["person_id"]]
    return [row["user_id"] for row in tx.all("SELECT user_id FROM members WHERE chat_id = ?", chat["chat_id"])]


def bot_hears(tx: Tx, config: MaxEmulatorConfig, chat: Row) -> bool:
    """In a dialog always; in a group only an administrator with the right to read everything."""
    if chat["type"] == "dialog":
        return True
    sql = "SELECT permissions FROM members WHERE chat_id = ? AND user_id = ?"
    row = tx.one(sql, chat["chat_id"], config.bot.user_id)
    return row is not None and READ_ALL in (load(row["permissions"]) or ())


def announce(tx: Tx, update_type: str, chat_id: int, fields: Json) -> None:
    """Queue an update for every webhook that wants it, or for polling while there is no webhook."""
    body = {"update_type": update_type, "timestamp": tx.now, **fields}
    subscriptions = tx.all("SELECT * FROM subscriptions")
    update_id = tx.do(
        "INSERT INTO updates (type, chat_id, created, body, polled) VALUES (?, ?, ?, ?, ?)",
        *(update_type, chat_id, tx.now, dump(body), not subscriptions),
    ).lastrowid
    for subscription in subscriptions:
        wanted = load(subscription["update_types"])
        if not wanted or update_type in wanted:
            sql = "INSERT INTO deliveries (update_id, url, chat_id, due) VALUES (?, ?, ?, ?)"
            tx.do(sql, update_id, subscription["url"], chat_id, tx.now)
    tx.updates += 1


def post(tx: Tx, config: MaxEmulatorConfig, chat: Row, sender_id: int, content: Content) -> Row:
    """Put a message into a chat and show it; a person's message is announced to the bot."""
    timestamp = max(tx.now, chat["last_event"])
    seq = ids.next_seq(timestamp, chat["last_seq"])
    mid = ids.mid(chat["chat_id"], seq)
    tx.do(
        "INSERT INTO messages (mid, chat_id, seq, timestamp, sender_id, text, attachments, markup, link, preview_url)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(mid, chat["chat_id"], seq, timestamp, sender_id, content.text),
        *(dump(content.attachments), dump(content.markup), dump(content.link) if content.link else None),
        content.preview_url,
    )
    tx.do("UPDATE chats SET last_seq = ?, last_event = ? WHERE chat_id = ?", seq, timestamp, chat["chat_id"])
    row = message_row(tx, mid)
    assert row is not None  # noqa: S101 - just inserted
    show(tx, config, chat, row, "message")
    if sender_id != config.bot.user_id and bot_hears(tx, config, chat):
        fields: Json = {"message": objects.message(tx, config, row)}
        if chat["type"] == "dialog":
            fields["user_locale"] = objects.LOCALE
        announce(tx, "message_created", chat["chat_id"], fields)
    return row


def message_row(tx: Tx, mid: str) -> Row | None:
    """A message that was not removed."""
    return tx.one("SELECT * FROM messages WHERE mid = ? AND removed = 0", mid)


def rewrite(tx: Tx, config: MaxEmulatorConfig, chat: Row, row: Row, content: Content) -> None:
    """Change a message in place; a person's edit is announced to the bot."""
    sql = "UPDATE messages SET text=?, attachments=?, markup=?, link=?, preview_url=?, edited=? WHERE mid=?"
    link = dump(content.link) if content.link else None
    parts = (content.text, dump(content.attachments), dump(content.markup), link, content.preview_url)
    tx.do(sql, *parts, tx.now, row["mid"])
    tx.do("UPDATE chats SET last_event = max(last_event, ?) WHERE chat_id = ?", tx.now, chat["chat_id"])
    changed = message_row(tx, row["mid"])
    assert changed is not None  # noqa: S101 - just updated
    show(tx, config, chat, changed, "edited")
    if row["sender_id"] != config.bot.user_id and bot_hears(tx, config, chat):
        announce(tx, "message_edited", chat["chat_id"], {"message": objects.message(tx, config, changed)})


def remove(tx: Tx, config: MaxEmulatorConfig, chat: Row, row: Row, by: int) -> None:
    """Take a message away; a removal by a person is announced to the bot."""
    tx.do("UPDATE messages SET removed = 1 WHERE mid = ?", row["mid"])
    tx.do("UPDATE chats SET pinned_mid = NULL WHERE pinned_mid = ?", row["mid"])
    for person_id in watchers(tx, chat):
        tx.tell(person_id, {"type": "removed", "chat_id": chat["chat_id"], "mid": row["mid"]})
    if by != config.bot.user_id and bot_hears(tx, config, chat):
        fields = {"message_id": row["mid"], "chat_id": chat["chat_id"], "user_id": by}
        announce(tx, "message_removed", chat["chat_id"], fields)


def show(tx: Tx, config: MaxEmulatorConfig, chat: Row, row: Row, event: str) -> None:
    """Bring a message, new or changed, to the screens of the people in the chat."""
    for person_id in watchers(tx, chat):
        tx.tell(person_id, {"type": event, "chat_id": chat["chat_id"], "message": on_screen(tx, config, row)})


def on_screen(tx: Tx, config: MaxEmulatorConfig, row: Row) -> Json:
    """A message as a person's screen shows it: the API object, the time of the last edit, the link preview."""
    extra = {"edited": row["edited"], "preview_url": row["preview_url"]}
    return objects.message(tx, config, row) | {name: value for name, value in extra.items() if value is not None}
