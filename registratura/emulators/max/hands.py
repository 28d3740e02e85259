"""The person's side: what somebody with the MAX app can do, as plain functions of a transaction."""

from http import HTTPStatus

import attrs

from registratura.emulators.max import bot_chats, chats, ids, objects
from registratura.emulators.max.config import MaxEmulatorConfig, Person
from registratura.emulators.max.store import Json, Row, Tx, dump, load

START_PAYLOAD_LIMIT = 128
FIRST_ADDED_PERSON = 5001
PRESSABLE = frozenset({"callback", "message", "request_contact", "request_geo_location"})
SOMEWHERE = (54.7388, 55.9721)


@attrs.frozen
class CannotDo(Exception):
    """A person cannot do this now: HTTP status and a reason for the tester."""

    status: int
    reason: str


def add(tx: Tx, person: Person) -> None:
    """Add a person or bring their card up to date."""
    tx.do(
        "INSERT INTO users (user_id, first_name, last_name, phone, note, last_activity) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,"
        " phone = excluded.phone, note = excluded.note",
        *(person.user_id, person.first_name, person.last_name, person.phone, person.note, tx.now),
    )


def free_id(tx: Tx) -> int:
    """An id nobody has."""
    row = tx.one("SELECT max(user_id) AS top FROM users")
    return max(FIRST_ADDED_PERSON, (row["top"] or 0) + 1 if row else 0)


def everybody(tx: Tx) -> list[Json]:
    """All people, with the state of their dialogs."""
    return [card(tx, row) for row in tx.all("SELECT * FROM users ORDER BY user_id")]


def card(tx: Tx, person: Row) -> Json:
    """What the page knows about a person."""
    dialog = chats.dialog_of(tx, person["user_id"])
    names = ("user_id", "first_name", "last_name", "phone", "note")
    return {name: person[name] for name in names} | {
        "chat_id": dialog["chat_id"] if dialog else None,
        "started": bool(dialog and dialog["started"]),
    }


def person_row(tx: Tx, person_id: int) -> Row:
    """A known person."""
    row = tx.one("SELECT * FROM users WHERE user_id = ?", person_id)
    if row is None:
        raise CannotDo(HTTPStatus.NOT_FOUND, "unknown person")
    return row


def start(tx: Tx, person_id: int, payload: str | None) -> Json:
    """Start or resume the bot; a deep link opened in a running dialog is told to the bot as well."""
    person = person_row(tx, person_id)
    dialog = chats.dialog_of(tx, person_id)
    if dialog is None:
        sql = "INSERT INTO chats (chat_id, type, person_id, last_event) VALUES (?, 'dialog', ?, ?)"
        tx.do(sql, ids.dialog_id(), person_id, tx.now)
        dialog = chats.dialog_of(tx, person_id)
    assert dialog is not None  # noqa: S101 - just inserted
    if dialog["started"] and payload is None:
        return card(tx, person)
    tx.do("UPDATE chats SET started = 1 WHERE chat_id = ?", dialog["chat_id"])
    fields = {"user_id": person_id, **_event(person, dialog)}
    if payload and len(payload) <= START_PAYLOAD_LIMIT:
        fields["payload"] = payload
    chats.announce(tx, "bot_started", dialog["chat_id"], fields)
    return _told(tx, person)


def stop(tx: Tx, person_id: int) -> Json:
    """Stop the bot: it can write no more."""
    person, dialog = open_dialog(tx, person_id)
    tx.do("UPDATE chats SET started = 0 WHERE chat_id = ?", dialog["chat_id"])
    chats.announce(tx, "bot_stopped", dialog["chat_id"], _event(person, dialog))
    return _told(tx, person)


def clear(tx: Tx, person_id: int) -> Json:
    """Clear the history on the person's side."""
    person, dialog = open_dialog(tx, person_id)
    _hide(tx, dialog)
    chats.announce(tx, "dialog_cleared", dialog["chat_id"], _event(person, dialog))
    return _told(tx, person)


def delete_dialog(tx: Tx, person_id: int) -> Json:
    """Delete the dialog, which stops the bot as well."""
    person, dialog = open_dialog(tx, person_id)
    _hide(tx, dialog)
    tx.do("UPDATE chats SET started = 0 WHERE chat_id = ?", dialog["chat_id"])
    chats.announce(tx, "bot_stopped", dialog["chat_id"], _event(person, dialog))
    chats.announce(tx, "dialog_removed", dialog["chat_id"], _event(person, dialog))
    return _told(tx, person)


def mute(tx: Tx, person_id: int, until: int | None) -> Json:
    """Switch notifications off until a time (ms), or on again."""
    person, dialog = open_dialog(tx, person_id)
    muted = {} if until is None else {"muted_until": until}
    kind = "dialog_unmuted" if until is None else "dialog_muted"
    chats.announce(tx, kind, dialog["chat_id"], _event(person, dialog) | muted)
    return card(tx, person)


def open_dialog(tx: Tx, person_id: int) -> tuple[Row, Row]:
    """A person and their running dialog."""
    person = person_row(tx, person_id)
    dialog = chats.dialog_of(tx, person_id)
    if dialog is None or not dialog["started"]:
        raise CannotDo(HTTPStatus.CONFLICT, "the bot is not started")
    tx.do("UPDATE users SET last_activity = ? WHERE user_id = ?", tx.now, person_id)
    return person, dialog


def write(tx: Tx, config: MaxEmulatorConfig, person_id: int, content: chats.Content) -> Json:
    """Send a message to the bot."""
    _, dialog = open_dialog(tx, person_id)
    return chats.on_screen(tx, config, chats.post(tx, config, dialog, person_id, content))


def share_contact(tx: Tx, config: MaxEmulatorConfig, person_id: int) -> Json:
    """Share the own contact, with the hash that proves the number."""
    person, _ = open_dialog(tx, person_id)
    if not person["phone"]:
        raise CannotDo(HTTPStatus.CONFLICT, "the person has no phone")
    user = objects.person_user(person)
    vcf_info = ids.vcard(user["name"], person["phone"])
    proof = ids.contact_hash(config.token, vcf_info)
    payload = {"vcf_info": vcf_info, "hash": proof, "max_info": user}
    return write(tx, config, person_id, _attached({"type": "contact", "payload": payload}))


def share_foreign_contact(tx: Tx, config: MaxEmulatorConfig, person_id: int, name: str, phone: str) -> Json:
    """Share somebody else's card: a number without any proof."""
    payload = {"vcf_info": ids.vcard(name, phone)}
    return write(tx, config, person_id, _attached({"type": "contact", "payload": payload}))


def share_location(tx: Tx, config: MaxEmulatorConfig, person_id: int, latitude: float, longitude: float) -> Json:
    """Share a place on the map."""
    return write(tx, config, person_id, _attached({"type": "location", "latitude": latitude, "longitude": longitude}))


def press(tx: Tx, config: MaxEmulatorConfig, person_id: int, mid: str | None, wanted: Json) -> Json:
    """Press a button named by ``payload`` or ``text`` in message *mid*, by default in the newest one with buttons.

    Gives what the app would do: ``callback_id`` to wait for, ``url`` to open, ``clipboard`` to copy, the message sent,
    or the mini-app to open.
    """
    person, dialog = open_dialog(tx, person_id)
    row = _with_buttons(tx, dialog, mid)
    button = _button(row, wanted)
    match button["type"]:
        case "callback":
            done: Json = {"callback_id": _call_back(tx, config, person, dialog, row, button)}
        case "link":
            done = {"url": button["url"]}
        case "clipboard":
            done = {"clipboard": button["payload"]}
        case "message":
            done = {"message": write(tx, config, person_id, chats.Content(text=button["text"]))}
        case "request_contact":
            done = {"message": share_contact(tx, config, person_id)}
        case "request_geo_location":
            done = {"message": share_location(tx, config, person_id, *SOMEWHERE)}
        case _:
            launch = init_data(tx, config, person_id, button.get("payload"))
            done = {"web_app": button["web_app"], "init_data": launch}
    return done


def callback(tx: Tx, person_id: int, callback_id: str) -> Json:
    """What became of a press: whether it was answered, and the toast."""
    row = tx.one("SELECT * FROM callbacks WHERE callback_id = ? AND user_id = ?", callback_id, person_id)
    if row is None:
        raise CannotDo(HTTPStatus.NOT_FOUND, "unknown callback")
    return {"callback_id": callback_id, "answered": row["answered"] is not None, "notification": row["notification"]}


def own_message(tx: Tx, person_id: int, mid: str) -> tuple[Row, Row]:
    """A message the person wrote, and the dialog."""
    _, dialog = open_dialog(tx, person_id)
    row = chats.message_row(tx, mid)
    if row is None or row["sender_id"] != person_id:
        raise CannotDo(HTTPStatus.NOT_FOUND, "unknown message")
    return row, dialog


def edit(tx: Tx, config: MaxEmulatorConfig, person_id: int, mid: str, text: str) -> Json:
    """Change an own message."""
    row, dialog = own_message(tx, person_id, mid)
    chats.rewrite(tx, config, dialog, row, chats.Content(text=text))
    return {"mid": mid}


def remove(tx: Tx, config: MaxEmulatorConfig, person_id: int, mid: str) -> Json:
    """Remove an own message for everybody."""
    row, dialog = own_message(tx, person_id, mid)
    chats.remove(tx, config, dialog, row, person_id)
    return {"mid": mid}


def history(tx: Tx, config: MaxEmulatorConfig, person_id: int, count: int) -> Json:
    """The newest messages of the dialog as the person sees them, oldest first."""
    person = person_row(tx, person_id)
    dialog = chats.dialog_of(tx, person_id)
    sql = "SELECT * FROM messages WHERE chat_id = ? AND removed = 0 AND hidden = 0 ORDER BY seq DESC LIMIT ?"
    rows = tx.all(sql, dialog["chat_id"], count) if dialog else []
    return {"person": card(tx, person), "messages": [chats.on_screen(tx, config, row) for row in reversed(rows)]}


def init_data(tx: Tx, config: MaxEmulatorConfig, person_id: int, start_param: str | None) -> str:
    """Signed launch data of a mini-app (max-api reference, section 10)."""
    person, dialog = open_dialog(tx, person_id)
    names = {"first_name": person["first_name"], "last_name": person["last_name"] or ""}
    fields = {
        "auth_date": str(tx.now // 1000),
        "chat": dump({"id": dialog["chat_id"], "type": "DIALOG"}),
        "query_id": ids.upload_token(),
        "user": dump({"id": person_id, **names, "username": None, "language_code": objects.LOCALE, "photo_url": None}),
    }
    if start_param:
        fields["start_param"] = start_param
    return ids.init_data(config.token, fields)


def make_group(tx: Tx, config: MaxEmulatorConfig, title: str, members: list[int], rights: list[str] | None) -> Json:
    """A person makes a group with others and adds the bot; with *rights* the bot is an administrator."""
    owner, chat_id = person_row(tx, members[0]), ids.group_id()
    sql = "INSERT INTO chats (chat_id, type, title, owner_id, last_event) VALUES (?, 'chat', ?, ?, ?)"
    tx.do(sql, chat_id, title, owner["user_id"], tx.now)
    for user_id in members:
        bot_chats.join(tx, chat_id, user_id, owner=user_id == owner["user_id"])
    bot_chats.join(tx, chat_id, config.bot.user_id, rights)
    fields = {"chat_id": chat_id, "user": objects.person_user(owner), "is_channel": False}
    chats.announce(tx, "bot_added", chat_id, fields)
    return {"chat_id": chat_id}


def _attached(attachment: Json) -> chats.Content:
    return chats.Content(text=None, attachments=[attachment])


def _event(person: Row, dialog: Row) -> Json:
    return {"chat_id": dialog["chat_id"], "user": objects.person_user(person), "user_locale": objects.LOCALE}


def _told(tx: Tx, person: Row) -> Json:
    out = card(tx, person)
    tx.tell(person["user_id"], {"type": "dialog", "person": out})
    return out


def _hide(tx: Tx, dialog: Row) -> None:
    tx.do("UPDATE messages SET hidden = 1 WHERE chat_id = ?", dialog["chat_id"])
    tx.tell(dialog["person_id"], {"type": "cleared"})


def _keyboard(row: Row) -> Json | None:
    return next((item for item in load(row["attachments"]) or [] if item["type"] == "inline_keyboard"), None)


def _with_buttons(tx: Tx, dialog: Row, mid: str | None) -> Row:
    sql = (
        "SELECT * FROM messages WHERE chat_id = ? AND removed = 0 AND hidden = 0 AND mid = coalesce(?, mid)"
        " ORDER BY seq DESC"
    )
    for row in tx.all(sql, dialog["chat_id"], mid):
        if _keyboard(row):
            return row
    raise CannotDo(HTTPStatus.NOT_FOUND, "no message with buttons")


def _button(row: Row, wanted: Json) -> Json:
    keyboard = _keyboard(row) or {"payload": {"buttons": []}}
    buttons: list[Json] = [button for line in keyboard["payload"]["buttons"] for button in line]
    for button in buttons:
        if all(button.get(name) == wanted[name] for name in ("payload", "text") if wanted.get(name) is not None):
            return button
    raise CannotDo(HTTPStatus.NOT_FOUND, "no such button")


def _call_back(tx: Tx, config: MaxEmulatorConfig, person: Row, dialog: Row, row: Row, button: Json) -> str:
    callback_id = ids.callback_id()
    sql = "INSERT INTO callbacks (callback_id, mid, user_id, payload, pressed) VALUES (?, ?, ?, ?, ?)"
    tx.do(sql, callback_id, row["mid"], person["user_id"], button["payload"], tx.now)
    message = objects.message(tx, config, row)
    for item in message["body"]["attachments"]:
        if item["type"] == "inline_keyboard":
            item["callback_id"] = callback_id
    pressed = {
        "timestamp": tx.now,
        "callback_id": callback_id,
        "payload": button["payload"],
        "user": objects.person_user(person),
    }
    fields = {"callback": pressed, "message": message, "user_locale": objects.LOCALE}
    chats.announce(tx, "message_callback", dialog["chat_id"], fields)
    return callback_id
