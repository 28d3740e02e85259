"""JSON objects of the MAX Bot API built from what the emulator remembers.

Null fields are left out, as in real traffic.
"""

from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.store import Json, Row, Tx, load

LOCALE = "ru"


def bot_user(config: MaxEmulatorConfig, now: int) -> Json:
    """The bot as a ``User``."""
    bot = config.bot
    return {
        "user_id": bot.user_id,
        "first_name": bot.first_name,
        "username": bot.username,
        "is_bot": True,
        "last_activity_time": now,
        "name": bot.first_name,
    }


def person_user(person: Row) -> Json:
    """A person as a ``User``; the phone is never part of it."""
    names = [name for name in (person["first_name"], person["last_name"]) if name]
    user: Json = {"user_id": person["user_id"], "first_name": person["first_name"]}
    if person["last_name"]:
        user["last_name"] = person["last_name"]
    return user | {"is_bot": False, "last_activity_time": person["last_activity"], "name": " ".join(names)}


def user(tx: Tx, config: MaxEmulatorConfig, user_id: int) -> Json:
    """Anybody who can send: the bot or a person."""
    if user_id == config.bot.user_id:
        return bot_user(config, tx.now)
    row = tx.one("SELECT * FROM users WHERE user_id = ?", user_id)
    return person_user(row) if row else {"user_id": user_id, "first_name": "DELETED USER", "is_bot": False}


def message(tx: Tx, config: MaxEmulatorConfig, row: Row) -> Json:
    """A ``Message``."""
    chat = tx.one("SELECT * FROM chats WHERE chat_id = ?", row["chat_id"])
    recipient: Json = {"chat_id": row["chat_id"], "chat_type": chat["type"] if chat else "dialog"}
    if chat and chat["type"] == "dialog":
        by_bot = row["sender_id"] == config.bot.user_id
        recipient["user_id"] = chat["person_id"] if by_bot else config.bot.user_id
    out: Json = {
        "sender": user(tx, config, row["sender_id"]),
        "recipient": recipient,
        "timestamp": row["timestamp"],
        "body": message_body(row),
    }
    if row["link"]:
        out["link"] = load(row["link"])
    return out


def message_body(row: Row) -> Json:
    """A ``MessageBody``."""
    body: Json = {"mid": row["mid"], "seq": row["seq"], "text": row["text"] or ""}
    for name in ("attachments", "markup"):
        value = load(row[name])
        if value:
            body[name] = value
    return body


def linked_message(tx: Tx, config: MaxEmulatorConfig, kind: str, row: Row) -> Json:
    """A ``LinkedMessage``; buttons do not travel with a forwarded message."""
    body = message_body(row)
    kept = [item for item in body.pop("attachments", []) if item["type"] != "inline_keyboard"]
    if kept:
        body["attachments"] = kept
    out: Json = {"type": kind, "sender": user(tx, config, row["sender_id"]), "message": body}
    return out | {"chat_id": row["chat_id"]} if kind == "forward" else out


def chat(tx: Tx, config: MaxEmulatorConfig, row: Row) -> Json:
    """A ``Chat`` with its pinned message."""
    members = tx.all("SELECT user_id, joined FROM members WHERE chat_id = ?", row["chat_id"])
    out: Json = {
        "chat_id": row["chat_id"],
        "type": row["type"],
        "status": row["status"],
        "title": row["title"],
        "icon": {"url": row["icon_url"]} if row["icon_url"] else None,
        "last_event_time": row["last_event"],
        "participants_count": 2 if row["type"] == "dialog" else len(members),
        "owner_id": row["owner_id"],
        "is_public": False,
    }
    if row["type"] == "dialog":
        out["dialog_with_user"] = user(tx, config, row["person_id"])
    else:
        out["participants"] = {str(member["user_id"]): member["joined"] for member in members}
        out["messages_count"] = count_messages(tx, row["chat_id"])
    pinned = tx.one("SELECT * FROM messages WHERE mid = ? AND removed = 0", row["pinned_mid"])
    if pinned:
        out["pinned_message"] = message(tx, config, pinned)
    return {name: value for name, value in out.items() if value is not None}


def count_messages(tx: Tx, chat_id: int) -> int:
    """How many messages of a chat are still there."""
    row = tx.one("SELECT count(*) AS n FROM messages WHERE chat_id = ? AND removed = 0", chat_id)
    return int(row["n"]) if row else 0


def member(tx: Tx, config: MaxEmulatorConfig, row: Row) -> Json:
    """A ``ChatMember``."""
    permissions = load(row["permissions"])
    out = user(tx, config, row["user_id"]) | {
        "last_access_time": row["joined"],
        "is_owner": bool(row["is_owner"]),
        "is_admin": bool(row["is_owner"]) or permissions is not None,
        "join_time": row["joined"],
        "permissions": permissions,
        "alias": row["alias"],
    }
    return {name: value for name, value in out.items() if value is not None}
