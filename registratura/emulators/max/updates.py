"""Subscriptions and the queue of long polling, as plain functions of a transaction."""

import re
from urllib.parse import urlsplit

import orjson

from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.errors import malformed, not_allowed
from registratura.emulators.max.store import Json, Tx, dump, load
from registratura.emulators.max.validation import URL_LIMIT, fields_of, text_in

SECRET = re.compile(r"[a-zA-Z0-9_-]{5,256}")
KEPT_MS = 24 * 60 * 60 * 1000
MARKER = "confirmed_before"


def subscribe(tx: Tx, config: MaxEmulatorConfig, body: object) -> None:
    """Add a webhook or change the one with the same URL."""
    fields = fields_of(body)
    url = text_in(fields, "url", URL_LIMIT, 1)
    _check_url(url, http_too=config.allow_http_webhooks)
    secret = fields.get("secret")
    if secret is not None and not (isinstance(secret, str) and SECRET.fullmatch(secret)):
        raise malformed("secret: must match ^[a-zA-Z0-9_-]{5,256}$")
    types = fields.get("update_types")
    if types is not None and not (isinstance(types, list) and all(isinstance(item, str) for item in types)):
        raise malformed("update_types: array of strings expected")
    tx.do(
        "INSERT INTO subscriptions (url, secret, update_types, created) VALUES (?, ?, ?, ?) ON CONFLICT (url) DO UPDATE"
        " SET secret = excluded.secret, update_types = excluded.update_types, failing_since = NULL",
        *(url, secret, dump(types or []), tx.now),
    )


def _check_url(url: str, *, http_too: bool) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        raise malformed("url: not a URL") from fault
    if http_too and parts.scheme in {"http", "https"} and parts.hostname:
        return
    if parts.scheme != "https" or not parts.hostname or port is not None:
        raise malformed("url: must begin with https:// and have no port")


def subscriptions(tx: Tx) -> Json:
    """The answer of ``GET /subscriptions``."""
    rows = tx.all("SELECT * FROM subscriptions ORDER BY created")
    listed = [
        {"url": row["url"], "time": row["created"], "update_types": load(row["update_types"]) or []} for row in rows
    ]
    return {"subscriptions": listed}


def polled(tx: Tx, marker: int | None, limit: int, types: list[str]) -> tuple[list[Json], int]:
    """Unconfirmed updates from *marker* on and the marker after them; everything before *marker* is confirmed.

    Without a marker the reading goes on from what was confirmed last. Updates older than 24 h are gone, and so
    are those that the filter of *types* passes over.
    """
    if tx.one("SELECT 1 FROM subscriptions"):
        raise not_allowed("Long polling is off while a webhook is set")
    confirmed = int(tx.fact(MARKER) or 0)
    if marker is not None and marker > confirmed:
        confirmed = marker
        tx.remember(MARKER, confirmed)
    wanted = dump(types)
    rows = tx.all(
        "SELECT id, body FROM updates WHERE polled = 1 AND id >= ? AND created >= ?"
        " AND (? = '[]' OR type IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?",
        *(confirmed, tx.now - KEPT_MS, wanted, wanted, limit),
    )
    if rows:
        return [orjson.loads(row["body"]) for row in rows], rows[-1]["id"] + 1
    last = tx.one("SELECT max(id) AS id FROM updates")
    return [], max(confirmed, (last["id"] or 0) + 1 if last else 0)
