"""From the attachments a bot sends to the attachments everybody receives."""

from registratura.emulators.max import ids, objects
from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.errors import NotReady, malformed
from registratura.emulators.max.store import Json, Tx

STICKER_SIDE = 512
DIGITS = frozenset("0123456789")


def received(tx: Tx, config: MaxEmulatorConfig, sent: list[Json], not_ready_ms: int = 0) -> list[Json]:
    """The attachments as a message shows them.

    Raises NotReady while the media of one of them is being processed; *not_ready_ms* prolongs that.
    """
    out: list[Json] = []
    for attachment in sent:
        out += _received(tx, config, attachment, not_ready_ms)
    return out


def media_url(config: MaxEmulatorConfig, token: str) -> str:
    """Where the bytes of an upload can be read."""
    return f"{config.public_url}/_media/{token}"


def _received(tx: Tx, config: MaxEmulatorConfig, attachment: Json, not_ready_ms: int) -> list[Json]:
    kind, payload = attachment["type"], attachment.get("payload") or {}
    match kind:
        case "image":
            return _images(tx, config, payload, not_ready_ms)
        case "video" | "audio" | "file":
            shown = _media(tx, config, kind, payload["token"], not_ready_ms)
        case "contact":
            shown = {"payload": _card(tx, config, payload)}
        case "sticker":
            picture = {"code": payload["code"], "url": media_url(config, "sticker")}
            shown = {"payload": picture, "width": STICKER_SIDE, "height": STICKER_SIDE}
        case "location":
            shown = {"latitude": attachment["latitude"], "longitude": attachment["longitude"]}
        case "share":
            shown = {"payload": {name: payload[name] for name in ("url", "token") if payload.get(name)}}
        case _:
            shown = {"callback_id": ids.callback_id(), "payload": {"buttons": _buttons(payload)}}
    return [{"type": kind, **shown}]


def _buttons(payload: Json) -> list[list[Json]]:
    known = ("type", "text", "payload", "url", "web_app", "contact_id", "quick")
    return [
        [
            {name: button[name] for name in known if button.get(name) is not None} | {"intent": "default"}
            for button in row
        ]
        for row in payload["buttons"]
    ]


def _images(tx: Tx, config: MaxEmulatorConfig, payload: Json, not_ready_ms: int) -> list[Json]:
    if payload.get("url"):
        token = ids.upload_token()
        return [{"type": "image", "payload": {"photo_id": _photo_id(token), "token": token, "url": payload["url"]}}]
    if payload.get("token"):
        return [_media(tx, config, "image", payload["token"], not_ready_ms)]
    return [_media(tx, config, "image", photo["token"], not_ready_ms) for photo in payload["photos"].values()]


def _media(tx: Tx, config: MaxEmulatorConfig, kind: str, token: str, not_ready_ms: int) -> Json:
    row = tx.one("SELECT kind, filename, size, ready_at FROM uploads WHERE token = ?", token)
    if row is None or row["kind"] != kind:
        raise malformed(f"{kind}: unknown token")
    if row["ready_at"] is None or tx.now < row["ready_at"] + not_ready_ms:
        raise NotReady("video" if kind == "video" else "file")
    payload: Json = {"token": token, "url": media_url(config, token)}
    if kind == "image":
        payload["photo_id"] = _photo_id(token)
    out: Json = {"type": kind, "payload": payload}
    if kind == "file":
        out |= {"filename": row["filename"] or "file", "size": row["size"]}
    return out


def _photo_id(token: str) -> int:
    return int.from_bytes(token.encode()[:6], "big")


def _card(tx: Tx, config: MaxEmulatorConfig, payload: Json) -> Json:
    """A contact card from a bot: it carries no hash, so it proves nothing about a number."""
    phone = "".join(sign for sign in payload.get("vcf_phone") or "" if sign in DIGITS)
    card: Json = {"vcf_info": payload.get("vcf_info") or ids.vcard(payload.get("name") or "", phone)}
    if payload.get("contact_id") is not None:
        card["max_info"] = objects.user(tx, config, payload["contact_id"])
    return card
