"""Uploads: the two steps of the bot, and reading the media back."""

import re
from http import HTTPStatus

import attrs
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from registratura.emulators.max import ids
from registratura.emulators.max.attachments import media_url
from registratura.emulators.max.emulator import Emulator
from registratura.emulators.max.errors import malformed, not_found
from registratura.emulators.max.gate import Call, Reply
from registratura.emulators.max.store import Json, Row, Tx
from registratura.emulators.trouble import json_response

KINDS = frozenset({"image", "video", "audio", "file"})
KEPT_BYTES = 50 * 2**20
FORBIDDEN = (".exe", ".bat", ".cmd", ".msi", ".apk")
RANGE = re.compile(r"bytes (\d{1,12})-\d{1,12}/(\d{1,12})")


@attrs.frozen
class Piece:
    """What one request brings to the upload host: bytes from *start* of a file of *total* bytes."""

    content: bytes
    filename: str
    content_type: str
    start: int
    total: int


async def upload_url(call: Call) -> Reply:
    """``POST /uploads``: video and audio get their token here, images and files after the upload."""
    kind = call.query.get("type")
    if kind not in KINDS:
        raise malformed("type: one of image, video, audio, file expected")
    token = ids.upload_token()
    await call.emulator.store.run(lambda tx: tx.do("INSERT INTO uploads (token, kind) VALUES (?, ?)", token, kind))
    answer = {"url": f"{call.emulator.config.public_url}/_upload/{token}"}
    return answer | {"token": token} if kind in {"video", "audio"} else answer


async def video(call: Call) -> Reply:
    """``GET /videos/{token}``."""
    token = call.request.path_params["token"]

    def work(tx: Tx) -> Json:
        if tx.one("SELECT 1 FROM uploads WHERE token = ? AND kind = 'video' AND size > 0", token) is None:
            raise not_found("Video not found")
        urls = {"mp4_720": media_url(call.emulator.config, token)}
        return {"token": token, "urls": urls, "width": 1280, "height": 720, "duration": 1}

    return await call.emulator.store.run(work)


async def receive(request: Request) -> Response:
    """The upload host: one file for one URL, as the multipart field ``data``, as the whole body or in ranges of it."""
    emulator: Emulator = request.app.state.emulator
    token, piece = request.path_params["token"], await _piece(request)
    if piece.filename.lower().endswith(FORBIDDEN):
        return PlainTextResponse("File extension is forbidden", HTTPStatus.BAD_REQUEST)
    if piece.total > KEPT_BYTES:
        return PlainTextResponse("File is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    processed = int(emulator.config.processing_seconds * 1000)
    row = await emulator.store.run(lambda tx: _keep(tx, token, piece, processed))
    if row is None:
        return PlainTextResponse("No such upload", HTTPStatus.NOT_FOUND)
    return _received(row, token, piece.total)


def _received(row: Row, token: str, total: int) -> Response:
    if row["size"] is None:
        return PlainTextResponse(f"0-{len(row['content']) - 1}/{total}", HTTPStatus.CREATED)
    if row["kind"] == "image":
        return json_response({"photos": {token[:16]: {"token": token}}})
    if row["kind"] == "file":
        return json_response({"id": int.from_bytes(token.encode()[:6], "big"), "token": token})
    return Response("<retval>1</retval>", media_type="text/xml")


def _keep(tx: Tx, token: str, piece: Piece, processed_ms: int) -> Row | None:
    """Add a piece to an unfinished upload; nothing if there is none or the piece does not continue it."""
    sql = (
        "UPDATE uploads SET content = CAST(coalesce(content, x'') || ? AS BLOB), filename = ?, content_type = ?"
        " WHERE token = ? AND size IS NULL AND coalesce(length(content), 0) = ?"
    )
    if tx.do(sql, piece.content, piece.filename, piece.content_type, token, piece.start).rowcount == 0:
        return None
    sql = "UPDATE uploads SET size = length(content), ready_at = ? WHERE token = ? AND length(content) >= ?"
    tx.do(sql, tx.now + processed_ms, token, piece.total)
    return tx.one("SELECT * FROM uploads WHERE token = ?", token)


async def media(request: Request) -> Response:
    """The bytes of an upload."""
    emulator: Emulator = request.app.state.emulator
    token = request.path_params["token"]
    row = await emulator.store.run(lambda tx: tx.one("SELECT * FROM uploads WHERE token = ? AND size > 0", token))
    if row is None:
        return PlainTextResponse("Not found", HTTPStatus.NOT_FOUND)
    shown = row["kind"] == "image" and str(row["content_type"]).startswith("image/")
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    if not shown:
        headers["Content-Disposition"] = "attachment"
    return Response(row["content"], media_type=row["content_type"], headers=headers)


async def _piece(request: Request) -> Piece:
    content_type = request.headers.get("content-type", "application/octet-stream")
    if not content_type.startswith("multipart/form-data"):
        filename = request.headers.get("content-disposition", "").partition("filename=")[2].strip('"')
        content = await request.body()
        ranged = RANGE.fullmatch(request.headers.get("content-range", ""))
        start, total = (int(ranged[1]), int(ranged[2])) if ranged else (0, len(content))
        return Piece(content, filename, content_type, start, total)
    async with request.form() as form:
        sent = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if sent is None:
            return Piece(b"", "", content_type, 0, 0)
        content = await sent.read()
        sent_type = sent.content_type or "application/octet-stream"
        return Piece(content, sent.filename or "", sent_type, 0, len(content))
