"""The sender of webhooks: in order within a chat, again and again on failure, until the bot is unsubscribed."""

import asyncio
import functools
import ssl
import time
from collections import deque

import attrs
import httpx

from registratura.emulators.max.config import MaxEmulatorConfig
from registratura.emulators.max.faults import Switchboard
from registratura.emulators.max.limits import PUSHES_PER_SECOND
from registratura.emulators.max.store import Json, Row, Store, Tx
from registratura.emulators.window import Window

SECRET_HEADER = "X-Max-Bot-Api-Secret"  # noqa: S105 - the name of a header
REPEATS = 10
FIRST_REPEAT_MS = 60_000
GROWTH = 2.5
GIVE_UP_MS = 8 * 60 * 60 * 1000
AT_ONCE = 32
LOOK_AGAIN = 5.0
SHUFFLE_WINDOW_MS = 300
LOG_SIZE = 500

HEADS = """
SELECT d.*, u.body, s.secret FROM deliveries d
JOIN updates u ON u.id = d.update_id JOIN subscriptions s ON s.url = d.url
WHERE d.state = 'pending' AND d.due <= ? AND NOT EXISTS (
    SELECT 1 FROM deliveries e WHERE e.state = 'pending' AND e.url = d.url AND e.chat_id = d.chat_id AND e.id < d.id)
ORDER BY d.id LIMIT ?
"""
NEWEST_FIRST = """
SELECT d.*, u.body, s.secret FROM deliveries d
JOIN updates u ON u.id = d.update_id JOIN subscriptions s ON s.url = d.url
WHERE d.state = 'pending' AND d.due <= ? ORDER BY d.id DESC LIMIT ?
"""
NEXT_MOMENTS = """
SELECT min(due) AS moment FROM deliveries WHERE state = 'pending' AND due > ?
UNION ALL SELECT min(failing_since) + ? FROM subscriptions
"""


@functools.cache
def trusted_authorities() -> ssl.SSLContext:
    """The authorities whose certificates a webhook may have; reading them takes a while, so once a process."""
    return httpx.create_ssl_context()


def repeat_after_ms(attempts: int, scale: float) -> int | None:
    """Pause after the failed attempt number *attempts*: 60 s, then ×2.5; None when there is no repeat left."""
    if attempts > REPEATS:
        return None
    return max(1, int(FIRST_REPEAT_MS * GROWTH ** (attempts - 1) * scale))


def unsubscribe(tx: Tx, url: str) -> bool:
    """End a subscription; with the last one gone, what it did not get waits for polling."""
    gone = tx.do("DELETE FROM subscriptions WHERE url = ?", url).rowcount > 0
    if tx.one("SELECT 1 FROM subscriptions") is None:
        sql = "UPDATE updates SET polled = 1 WHERE id IN (SELECT update_id FROM deliveries WHERE state = 'pending')"
        tx.do(sql)
    tx.do("UPDATE deliveries SET state = 'dropped' WHERE url = ? AND state = 'pending'", url)
    return gone


@attrs.define
class Deliverer:
    """Works through the pending deliveries of the store while it runs."""

    config: MaxEmulatorConfig
    store: Store[Tx]
    faults: Switchboard
    log: deque[Json] = attrs.field(factory=lambda: deque(maxlen=LOG_SIZE))
    _wake: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _busy: set[tuple[str, int]] = attrs.field(init=False, factory=set)
    _pace: Window = attrs.field(init=False, factory=lambda: Window(PUSHES_PER_SECOND, time.monotonic))

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        trust = await asyncio.to_thread(trusted_authorities)
        client = httpx.AsyncClient(verify=trust, timeout=self.config.delivery_timeout, trust_env=False)
        async with client, asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                pause = await self._round(client, group)
                await self._sleep(pause)

    async def _sleep(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _round(self, client: httpx.AsyncClient, group: asyncio.TaskGroup) -> float:
        """Start what is due; gives how long there is nothing to do, in seconds."""
        if self.faults.current.webhooks_silent:
            return LOOK_AGAIN
        shuffle = self.faults.current.shuffle
        rows, pause = await self.store.run(lambda tx: self._due(tx, shuffle=shuffle))
        for row in rows:
            line = (row["url"], 0 if shuffle else row["chat_id"])
            if line in self._busy:
                continue
            if not self._pace.admits():
                return 1 / PUSHES_PER_SECOND
            self._busy.add(line)
            group.create_task(self._deliver(client, row, line))
        return pause

    def _due(self, tx: Tx, *, shuffle: bool) -> tuple[list[Row], float]:
        give_up_ms = int(GIVE_UP_MS * self.config.retry_scale)
        for row in tx.all("SELECT url FROM subscriptions WHERE failing_since <= ?", tx.now - give_up_ms):
            unsubscribe(tx, row["url"])
        query, since = (NEWEST_FIRST, tx.now - SHUFFLE_WINDOW_MS) if shuffle else (HEADS, tx.now)
        rows = tx.all(query, since, AT_ONCE)
        if shuffle and tx.one("SELECT 1 FROM deliveries WHERE state = 'pending' AND due <= ?", tx.now):
            return rows, SHUFFLE_WINDOW_MS / 1000
        moments = tx.all(NEXT_MOMENTS, tx.now, give_up_ms)
        waits = [(row["moment"] - tx.now) / 1000 for row in moments if row["moment"] is not None]
        return rows, min([LOOK_AGAIN, *(max(0.001, wait) for wait in waits)])

    async def _deliver(self, client: httpx.AsyncClient, row: Row, line: tuple[str, int]) -> None:
        try:
            delivered = False
            for _ in range(self.faults.current.duplicates):
                status = await self._call(client, row)
                delivered = delivered or status == httpx.codes.OK
            await self.store.run(lambda tx: self._note(tx, row, delivered=delivered))
        finally:
            self._busy.discard(line)
            self.wake()

    async def _call(self, client: httpx.AsyncClient, row: Row) -> int | None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if row["secret"]:
            headers[SECRET_HEADER] = row["secret"]
        started, status, error = time.time(), None, None
        try:
            async with asyncio.timeout(self.config.delivery_timeout):
                answer = await client.post(row["url"], content=row["body"], headers=headers)
            status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failure:
            error = type(failure).__name__
        entry = {"update_id": row["update_id"], "url": row["url"], "attempt": row["attempts"] + 1, "at": started}
        self.log.append(entry | {"status": status, "error": error, "body": row["body"]})
        return status

    def _note(self, tx: Tx, row: Row, *, delivered: bool) -> None:
        if delivered:
            tx.do("UPDATE deliveries SET state = 'delivered' WHERE id = ?", row["id"])
            tx.do("UPDATE subscriptions SET failing_since = NULL WHERE url = ?", row["url"])
            return
        attempts = row["attempts"] + 1
        pause = repeat_after_ms(attempts, self.config.retry_scale)
        state = "dropped" if pause is None else "pending"
        sql = "UPDATE deliveries SET attempts = ?, due = ?, state = ? WHERE id = ? AND state = 'pending'"
        tx.do(sql, attempts, tx.now + (pause or 0), state, row["id"])
        sql = "UPDATE subscriptions SET failing_since = coalesce(failing_since, ?) WHERE url = ?"
        tx.do(sql, tx.now, row["url"])
