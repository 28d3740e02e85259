"""Uploads: the two steps of the bot, and reading the media back."""

from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from registratura.emulators.max import ids
from registratura.emulators.max.attachments import media_url
from registratura.emulators.max.emulator import Emulator
from registratura.emulators.max.errors import malformed, not_found
from registratura.emulators.max.gate import Call, Reply, json_response
from registratura.emulators.max.store import Json, Row, Tx

KINDS = frozenset({"image", "video", "audio", "file"})
KEPT_BYTES = 50 * 2**20
FORBIDDEN = (".exe", ".bat", ".cmd", ".msi", ".apk")


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
    """The upload host: one file for one URL, as the multipart field ``data`` or as the whole body."""
    emulator: Emulator = request.app.state.emulator
    token = request.path_params["token"]
    content, filename, content_type = await _file(request)
    if len(content) > KEPT_BYTES:
        return PlainTextResponse("File is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if filename.lower().endswith(FORBIDDEN):
        return PlainTextResponse("File extension is forbidden", HTTPStatus.BAD_REQUEST)
    processed = int(emulator.config.processing_seconds * 1000)

    def work(tx: Tx) -> Row | None:
        row = tx.one("SELECT * FROM uploads WHERE token = ?", token)
        sql = (
            "UPDATE uploads SET content = ?, filename = ?, content_type = ?, size = ?, ready_at = ?"
            " WHERE token = ? AND size IS NULL"
        )
        done = tx.do(sql, content, filename, content_type, len(content), tx.now + processed, token).rowcount
        return row if done else None

    row = await emulator.store.run(work)
    if row is None:
        return PlainTextResponse("No such upload", HTTPStatus.NOT_FOUND)
    if row["kind"] == "image":
        return json_response({"photos": {token[:16]: {"token": token}}})
    if row["kind"] == "file":
        return json_response({"id": int.from_bytes(token.encode()[:6], "big"), "token": token})
    return Response("<retval>1</retval>", media_type="text/xml")


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


async def _file(request: Request) -> tuple[bytes, str, str]:
    content_type = request.headers.get("content-type", "application/octet-stream")
    if not content_type.startswith("multipart/form-data"):
        disposition = request.headers.get("content-disposition", "")
        return await request.body(), disposition.partition("filename=")[2].strip('"'), content_type
    async with request.form() as form:
        sent = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if sent is None:
            return b"", "", content_type
        return await sent.read(), sent.filename or "", sent.content_type or "application/octet-stream"
