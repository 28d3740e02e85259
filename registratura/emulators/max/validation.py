"""Reading of request bodies as strictly as the vendor does; unknown fields are ignored."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from registratura.emulators.max.errors import malformed
from registratura.emulators.max.store import Json

TEXT_LIMIT = 4000
ATTACHMENTS_LIMIT = 12
BUTTONS_LIMIT = 210
ROWS_LIMIT = 30
ROW_LIMIT = 7
WIDE_ROW_LIMIT = 3
BUTTON_TEXT_LIMIT = 128
PAYLOAD_LIMIT = 1024
URL_LIMIT = 2048
INT64 = 2**63
FORMATS = frozenset({"markdown", "html"})
LINKS = frozenset({"forward", "reply"})
WIDE_BUTTONS = frozenset({"link", "open_app", "request_geo_location", "request_contact"})
LONELY = frozenset({"audio", "file", "contact", "sticker"})


@attrs.frozen
class NewMessage:
    """A valid ``NewMessageBody``; ``None`` means "leave as it is" when a message is edited."""

    text: str | None
    attachments: list[Json] | None
    link: Json | None
    format: str | None

    @property
    def empty(self) -> bool:
        """Nothing to show."""
        return not self.text and not self.attachments and self.link is None


def fields_of(body: object, name: str = "body") -> Json:
    """The members of a JSON object."""
    if not isinstance(body, dict):
        raise malformed(f"{name}: object expected")
    return body


def text_in(body: Mapping[str, Any], name: str, most: int, least: int = 0) -> str:
    """A required string of a limited length."""
    value = body.get(name)
    if not isinstance(value, str):
        raise malformed(f"Field '{name}' cannot be null")
    if not least <= len(value) <= most:
        raise malformed(f"{name}: size must be between {least} and {most}")
    return value


def optional_text(body: Mapping[str, Any], name: str, most: int, least: int = 0) -> str | None:
    """A string of a limited length, or null."""
    return None if body.get(name) is None else text_in(body, name, most, least)


def whole_number(value: object, name: str) -> int:
    """A number without a fraction; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not -INT64 <= value < INT64:
        raise malformed(f"{name}: int64 expected")
    return value


def one_of(body: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str:
    """A required value of a closed list."""
    value = body.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise malformed(f"{name}: one of {', '.join(sorted(allowed))} expected")
    return value


def new_message(body: object) -> NewMessage:
    """Check a ``NewMessageBody`` (schema 0.0.32; keyboard limits from the vendor's keyboard page)."""
    fields = fields_of(body)
    if not isinstance(fields.get("notify", True), bool):
        raise malformed("notify: boolean expected")
    link = fields.get("link")
    return NewMessage(
        text=optional_text(fields, "text", TEXT_LIMIT),
        attachments=_attachments(fields.get("attachments")),
        link=None if link is None else _link(fields_of(link, "link")),
        format=None if fields.get("format") is None else one_of(fields, "format", FORMATS),
    )


def _link(link: Json) -> Json:
    return {"type": one_of(link, "type", LINKS), "mid": text_in(link, "mid", TEXT_LIMIT, 1)}


def _attachments(value: object) -> list[Json] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise malformed("attachments: array expected")
    if len(value) > ATTACHMENTS_LIMIT:
        raise malformed(f"attachments: at most {ATTACHMENTS_LIMIT} expected")
    attachments = [fields_of(item, "attachment") for item in value]
    for attachment in attachments:
        check = CHECKS.get(str(attachment.get("type")))
        if check is None:
            raise malformed(f"Unknown attachment type: {attachment.get('type')}")
        check(attachment)
    _may_stand_together([attachment["type"] for attachment in attachments])
    return attachments


def _may_stand_together(types: list[str]) -> None:
    media = [kind for kind in types if kind != "inline_keyboard"]
    if len(types) - len(media) > 1:
        raise malformed("attachments: only one inline_keyboard expected")
    if len(media) > 1 and not LONELY.isdisjoint(media):
        raise malformed("attachments: audio, file, contact and sticker must be the only attachment")


def _payload(attachment: Json) -> Json:
    payload = attachment.get("payload")
    if payload is None:
        raise malformed("Field 'payload' cannot be null")
    return fields_of(payload, "payload")


def _image(attachment: Json) -> None:
    payload = _payload(attachment)
    given = [name for name in ("url", "token", "photos") if payload.get(name) is not None]
    if len(given) != 1:
        raise malformed("image: exactly one of url, token, photos expected")
    if given != ["photos"]:
        text_in(payload, given[0], URL_LIMIT, 1)
        return
    photos = fields_of(payload["photos"], "photos")
    if not photos:
        raise malformed("photos: must not be empty")
    for photo in photos.values():
        text_in(fields_of(photo, "photo"), "token", URL_LIMIT, 1)


def _media(attachment: Json) -> None:
    text_in(_payload(attachment), "token", URL_LIMIT, 1)


def _contact(attachment: Json) -> None:
    payload = _payload(attachment)
    for name in ("name", "vcf_info", "vcf_phone"):
        optional_text(payload, name, TEXT_LIMIT)
    if payload.get("contact_id") is not None:
        whole_number(payload["contact_id"], "contact_id")


def _sticker(attachment: Json) -> None:
    text_in(_payload(attachment), "code", URL_LIMIT, 1)


def _location(attachment: Json) -> None:
    for name in ("latitude", "longitude"):
        value = attachment.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise malformed(f"Field '{name}' cannot be null")


def _share(attachment: Json) -> None:
    payload = _payload(attachment)
    if payload.get("url") is None and payload.get("token") is None:
        raise malformed("share: url or token expected")
    optional_text(payload, "url", URL_LIMIT, 1)
    optional_text(payload, "token", URL_LIMIT, 1)


def _keyboard(attachment: Json) -> None:
    rows = _payload(attachment).get("buttons")
    if not isinstance(rows, list) or not rows:
        raise malformed("Field 'buttons' cannot be null")
    if len(rows) > ROWS_LIMIT:
        raise malformed("errors.maxRows")
    for row in rows:
        _row(row)
    if sum(len(row) for row in rows) > BUTTONS_LIMIT:
        raise malformed("errors.maxButtons")


def _row(row: object) -> None:
    if not isinstance(row, list) or not row:
        raise malformed("buttons: every row must hold a button")
    types = {_button(fields_of(button, "button")) for button in row}
    most = ROW_LIMIT if WIDE_BUTTONS.isdisjoint(types) else WIDE_ROW_LIMIT
    if len(row) > most:
        raise malformed("errors.maxButtonsInRow")


def _button(button: Json) -> str:
    kind = button.get("type")
    text_in(button, "text", BUTTON_TEXT_LIMIT, 1)
    match kind:
        case "callback" | "clipboard":
            text_in(button, "payload", PAYLOAD_LIMIT)
        case "link":
            text_in(button, "url", URL_LIMIT, 1)
        case "open_app":
            _open_app(button)
        case "request_geo_location":
            if not isinstance(button.get("quick", False), bool):
                raise malformed("quick: boolean expected")
        case "request_contact" | "message":
            pass
        case _:
            raise malformed(f"Unknown button type: {kind}")
    return str(kind)


def _open_app(button: Json) -> None:
    if not isinstance(button.get("web_app"), str):
        raise malformed("Field 'webApp' cannot be null")
    optional_text(button, "payload", PAYLOAD_LIMIT)
    if button.get("contact_id") is not None:
        whole_number(button["contact_id"], "contact_id")


CHECKS: dict[str, Callable[[Json], None]] = {
    "image": _image,
    "video": _media,
    "audio": _media,
    "file": _media,
    "contact": _contact,
    "sticker": _sticker,
    "location": _location,
    "share": _share,
    "inline_keyboard": _keyboard,
}
