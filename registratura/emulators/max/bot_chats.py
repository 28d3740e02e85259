"""Chats and their members as the bot's methods handle them, as plain functions of a transaction."""

from typing import Any

from registratura.emulators.max import attachments, chats, objects
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.errors import access_denied, chat_not_found, malformed, not_found
from registratura.emulators.max.store import Json, Row, Tx, dump, load
from registratura.emulators.max.validation import fields_of, one_of, optional_text, text_in, whole_number

TITLE_LIMIT = 200
MEMBERS_LIMIT = 100
ADMINS_LIMIT = 50
ACTIONS = frozenset({"typing_on", "sending_photo", "sending_video", "sending_audio", "sending_file"})
PERMISSIONS = frozenset(
    {
        *("read_all_messages", "add_remove_members", "add_admins", "change_chat_info", "pin_message", "write"),
        *("can_call", "edit_link", "post_edit_delete_message", "edit_message", "delete_message", "edit", "delete"),
        "view_stats",
    }
)


def found(tx: Tx, chat_id: int) -> Row:
    """A chat by its id."""
    chat = chats.chat_row(tx, chat_id)
    if chat is None:
        raise chat_not_found(chat_id)
    return chat


def administered(tx: Tx, config: MaxEmulatorConfig, chat_id: int, right: str | None = None) -> Row:
    """A group where the bot is an administrator, with a certain right if one is named."""
    chat = found(tx, chat_id)
    if chat["type"] == "dialog":
        raise access_denied("errors.chat.is.dialog")
    row = member_row(tx, chat_id, config.bot.user_id)
    rights = load(row["permissions"]) if row else None
    if rights is None or (right is not None and right not in rights):
        raise access_denied("errors.chat.no.permission")
    return chat


def member_row(tx: Tx, chat_id: int, user_id: int) -> Row | None:
    """The membership of somebody."""
    return tx.one("SELECT * FROM members WHERE chat_id = ? AND user_id = ?", chat_id, user_id)


def patch(tx: Tx, config: MaxEmulatorConfig, chat_id: int, body: Json) -> Json:
    """``PATCH /chats/{id}``."""
    administered(tx, config, chat_id, "change_chat_info")
    title = optional_text(body, "title", TITLE_LIMIT, 1)
    if title is not None:
        tx.do("UPDATE chats SET title = ? WHERE chat_id = ?", title, chat_id)
    if body.get("icon") is not None:
        icon = {"type": "image", "payload": fields_of(body["icon"], "icon")}
        shown = attachments.received(tx, config, [icon])
        tx.do("UPDATE chats SET icon_url = ? WHERE chat_id = ?", shown[0]["payload"]["url"], chat_id)
    if body.get("pin") is not None:
        _pin(tx, chat_id, text_in(body, "pin", TITLE_LIMIT, 1))
    return objects.chat(tx, config, found(tx, chat_id))


def act(tx: Tx, chat_id: int, body: Json) -> None:
    """``POST /chats/{id}/actions``: people see «печатает…»."""
    action = one_of(body, "action", ACTIONS)
    for person_id in chats.watchers(tx, found(tx, chat_id)):
        tx.tell(person_id, {"type": "action", "chat_id": chat_id, "action": action})


def pin(tx: Tx, config: MaxEmulatorConfig, chat_id: int, mid: str) -> None:
    """``PUT /chats/{id}/pin``."""
    administered(tx, config, chat_id, "pin_message")
    _pin(tx, chat_id, mid)


def _pin(tx: Tx, chat_id: int, mid: str) -> None:
    row = chats.message_row(tx, mid)
    if row is None or row["chat_id"] != chat_id:
        raise not_found(f"Message {mid} not found")
    tx.do("UPDATE chats SET pinned_mid = ? WHERE chat_id = ?", mid, chat_id)


def unpin(tx: Tx, config: MaxEmulatorConfig, chat_id: int) -> None:
    """``DELETE /chats/{id}/pin``."""
    administered(tx, config, chat_id, "pin_message")
    tx.do("UPDATE chats SET pinned_mid = NULL WHERE chat_id = ?", chat_id)


def pinned(tx: Tx, config: MaxEmulatorConfig, chat_id: int) -> Json:
    """``GET /chats/{id}/pin``."""
    row = chats.message_row(tx, found(tx, chat_id)["pinned_mid"] or "")
    return {"message": objects.message(tx, config, row) if row else None}


def membership(tx: Tx, config: MaxEmulatorConfig, chat_id: int) -> Json:
    """``GET /chats/{id}/members/me``."""
    found(tx, chat_id)
    row = member_row(tx, chat_id, config.bot.user_id)
    if row is None:
        raise not_found("Bot is not a member")
    return objects.member(tx, config, row)


def leave(tx: Tx, config: MaxEmulatorConfig, chat_id: int) -> None:
    """``DELETE /chats/{id}/members/me``."""
    membership(tx, config, chat_id)
    tx.do("DELETE FROM members WHERE chat_id = ? AND user_id = ?", chat_id, config.bot.user_id)
    tx.do("UPDATE chats SET status = 'left' WHERE chat_id = ?", chat_id)


def members(
    tx: Tx, config: MaxEmulatorConfig, chat_id: int, chosen: list[str], marker: int, count: int, *, admins: bool = False
) -> Json:
    """``GET /chats/{id}/members`` and ``…/members/admins``; the marker is the last user id of the page before."""
    administered(tx, config, chat_id)
    sql = (
        "SELECT * FROM members WHERE chat_id = ? AND (? = '[]' OR user_id IN (SELECT value FROM json_each(?)))"
        " AND user_id > ? AND (NOT ? OR is_owner OR permissions IS NOT NULL) ORDER BY user_id LIMIT ?"
    )
    try:
        wanted = dump([int(user_id) for user_id in chosen])
    except ValueError as fault:
        raise malformed("user_ids: int64 expected") from fault
    page = (0, MEMBERS_LIMIT) if chosen or admins else (marker, count)
    rows = tx.all(sql, chat_id, wanted, wanted, page[0], admins, page[1] + 1)
    shown = rows[: page[1]]
    out: Json = {"members": [objects.member(tx, config, row) for row in shown]}
    return out | {"marker": shown[-1]["user_id"]} if len(rows) > len(shown) else out


def add_members(tx: Tx, config: MaxEmulatorConfig, chat_id: int, user_ids: object) -> Json:
    """``POST /chats/{id}/members``: people MAX does not know are named in the answer."""
    administered(tx, config, chat_id, "add_remove_members")
    if not isinstance(user_ids, list) or not user_ids or len(user_ids) > MEMBERS_LIMIT:
        raise malformed(f"user_ids: 1 to {MEMBERS_LIMIT} expected")
    unknown: list[int] = []
    for user_id in [whole_number(item, "user_id") for item in user_ids]:
        person = tx.one("SELECT * FROM users WHERE user_id = ?", user_id)
        if person is None:
            unknown.append(user_id)
        elif member_row(tx, chat_id, user_id) is None:
            join(tx, chat_id, user_id)
            who = {"user": objects.person_user(person), "inviter_id": config.bot.user_id}
            chats.announce(tx, "user_added", chat_id, {"chat_id": chat_id, "is_channel": False, **who})
    if not unknown:
        return {"success": True}
    details = [{"error_code": "add.participant.not.found", "user_ids": unknown}]
    return {"success": False, "message": "Some users were not added"} | {
        "failed_user_ids": unknown,
        "failed_user_details": details,
    }


def join(tx: Tx, chat_id: int, user_id: int, permissions: list[str] | None = None, *, owner: bool = False) -> None:
    """Make somebody a member."""
    sql = "INSERT OR REPLACE INTO members (chat_id, user_id, joined, is_owner, permissions) VALUES (?, ?, ?, ?, ?)"
    tx.do(sql, chat_id, user_id, tx.now, owner, None if permissions is None else dump(permissions))


def remove_member(tx: Tx, config: MaxEmulatorConfig, chat_id: int, user_id: int) -> None:
    """``DELETE /chats/{id}/members``."""
    administered(tx, config, chat_id, "add_remove_members")
    person = tx.one("SELECT * FROM users WHERE user_id = ?", user_id)
    if person is None or member_row(tx, chat_id, user_id) is None:
        raise not_found("No such member")
    tx.do("DELETE FROM members WHERE chat_id = ? AND user_id = ?", chat_id, user_id)
    who = {"user": objects.person_user(person), "admin_id": config.bot.user_id}
    chats.announce(tx, "user_removed", chat_id, {"chat_id": chat_id, "is_channel": False, **who})


def set_admins(tx: Tx, config: MaxEmulatorConfig, chat_id: int, admins: object) -> None:
    """``POST /chats/{id}/members/admins``: rights are replaced as a whole."""
    administered(tx, config, chat_id, "add_admins")
    if not isinstance(admins, list) or not 0 < len(admins) <= ADMINS_LIMIT:
        raise malformed(f"admins: 1 to {ADMINS_LIMIT} expected")
    for admin in [fields_of(item, "admin") for item in admins]:
        user_id = whole_number(admin.get("user_id"), "user_id")
        if member_row(tx, chat_id, user_id) is None:
            raise not_found("No such member")
        sql = "UPDATE members SET permissions = ?, alias = ? WHERE chat_id = ? AND user_id = ?"
        tx.do(
            sql, dump(_rights(admin.get("permissions"))), optional_text(admin, "alias", TITLE_LIMIT), chat_id, user_id
        )


def _rights(permissions: Any) -> list[str]:  # noqa: ANN401 - from JSON
    if not isinstance(permissions, list) or not PERMISSIONS.issuperset(map(str, permissions)):
        raise malformed("permissions: unknown value")
    return permissions


def drop_admin(tx: Tx, config: MaxEmulatorConfig, chat_id: int, user_id: int) -> None:
    """``DELETE /chats/{id}/members/admins/{user}``."""
    administered(tx, config, chat_id, "add_admins")
    sql = "UPDATE members SET permissions = NULL, alias = NULL WHERE chat_id = ? AND user_id = ? AND NOT is_owner"
    if tx.do(sql, chat_id, user_id).rowcount == 0:
        raise not_found("No such administrator")
