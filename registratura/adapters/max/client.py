"""The MAX Bot API as a messenger: each call is made once, and the receipt tells how it ended."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import httpx

from registratura.adapters.max.bodies import message_body, opens_link
from registratura.adapters.max.brake import Brake
from registratura.adapters.max.outcomes import Broken, Reply, receipt_of
from registratura.application.message_limits import require_fitting
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.messenger import (
    Answer,
    Button,
    Delivery,
    Edit,
    Message,
    Outgoing,
    Receipt,
    Send,
    Throttle,
)
from registratura.domain.identifiers import MessengerId

HOST_LINE = {"max:bot": 1 / 23.5}
"""30 requests a second are allowed for the host (MAX reference, section 2), as they arrive and not as they leave.

The reference proposes 25; on a busy machine up to 33 of those arrived within one second. At this pace 2,000 reminders
of one minute leave within 90 s.
"""
CHAT_DISTANCE = 1 / 1.8
"""2 messages a second are allowed into one dialogue."""
POLL_LINE = {"max:poll": 1 / 1.8}
"""2 polls a second are allowed."""
HISTORY = 100
"""The most messages MAX gives in one answer."""
CLOCK_SKEW = 2.0
"""Seconds by which the messenger's clock may be behind ours."""
LONGEST_RETRY_AFTER = 3600.0


@attrs.frozen(kw_only=True)
class MaxSettings:
    """Where the Bot API is, who we are there, and how long we wait, in seconds.

    `ca_bundle` is added to the public certificate authorities: MAX stands behind the root certificate of the Ministry
    of Digital Development. `total` bounds a call from the connection to the last byte.
    """

    url: str = "https://platform-api2.max.ru"
    token: str = attrs.field(repr=False)
    ca_bundle: Path | None = None
    connect: float = 5.0
    read: float = 15.0
    total: float = 20.0
    connections: int = 20


@attrs.frozen
class CallFailed(Unavailable):
    """A call that is not a delivery did not succeed; the receipt says what MAX answered."""

    receipt: Receipt

    def __str__(self) -> str:
        return self.receipt.reason or self.receipt.delivery.value


@attrs.frozen
class Bot:
    """Our own profile."""

    user_id: int
    username: str | None


@attrs.frozen
class Subscription:
    """Where MAX sends updates; `types` is None when it sends all of them."""

    url: str
    types: frozenset[str] | None


@attrs.frozen
class Batch:
    """Raw updates of one poll, and the marker that confirms them when it is asked with next."""

    updates: tuple[Any, ...] = attrs.field(repr=False)
    marker: str | None


@asynccontextmanager
async def connect(
    settings: MaxSettings, throttle: Throttle, brake: Brake | None = None
) -> "AsyncIterator[MaxMessenger]":
    """A messenger with connections of its own, closed at the end."""
    verify = httpx.create_ssl_context(trust_env=False)
    if settings.ca_bundle is not None:
        verify.load_verify_locations(cafile=settings.ca_bundle)
    limits = httpx.Limits(max_connections=settings.connections, max_keepalive_connections=settings.connections)
    # Settings alone decide where we connect to: no proxy and no password file of the environment.
    async with httpx.AsyncClient(verify=verify, limits=limits, trust_env=False) as http:
        yield MaxMessenger(http=http, settings=settings, throttle=throttle, brake=brake or Brake())


@attrs.frozen(kw_only=True)
class MaxMessenger:
    """Delivers through MAX within the limits that all processes share."""

    http: httpx.AsyncClient
    settings: MaxSettings
    throttle: Throttle
    brake: Brake = attrs.field(factory=Brake)

    async def deliver(self, outgoing: Outgoing) -> Receipt:
        """Send, edit or answer once; an edit that MAX refuses goes out once more as a new message.

        A receipt UNKNOWN of an edit therefore speaks of that new message. Raises ValueError, before anything is sent,
        for a message that does not fit, and `Unavailable` when the throttle cannot be asked or the brake is pulled.
        """
        match outgoing:
            case Send():
                return await self._send(outgoing.user, outgoing.message)
            case Edit():
                receipt = await self._edit(outgoing)
                if receipt.delivery is not Delivery.REFUSED:
                    return receipt
                return await self._send(outgoing.user, outgoing.message)
            case Answer():
                return await self._answer(outgoing)

    async def was_sent(self, sent: Send, since: datetime) -> bool | None:
        """Whether the bot wrote *sent* in its dialogue since *since*; None when nobody can tell.

        A message with buttons is known by what they carry, for two screens may have the same words.

        The times are compared here, because the sources contradict each other in which of `from` and `to` is earlier.
        """
        if sent.chat is None:
            return None
        await self._wait(HOST_LINE)
        outcome = await self._call("GET", "/messages", {"chat_id": sent.chat, "count": str(HISTORY)})
        if not isinstance(outcome, Reply) or not outcome.accepted:
            return None
        messages = (outcome.fields or {}).get("messages")
        if not isinstance(messages, list):
            return None
        earliest = (since.timestamp() - CLOCK_SKEW) * 1000
        recent = [message for message in messages if _number(message, "timestamp") >= earliest]
        if any(_is_ours(message, sent.message) for message in recent):
            return True
        return None if len(recent) == HISTORY else False

    async def me(self) -> Bot:
        """Our own profile: shows that MAX answers and knows our token. Raises `CallFailed`."""
        fields = await self._ask("GET", "/me")
        if not isinstance(fields.get("user_id"), int):
            raise _strange()
        return Bot(fields["user_id"], fields.get("username"))

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """Where MAX sends updates now. Raises `CallFailed`."""
        listed = (await self._ask("GET", "/subscriptions")).get("subscriptions") or []
        if not isinstance(listed, list) or not all(isinstance(item, dict) and "url" in item for item in listed):
            raise _strange()
        return tuple(_subscription(item) for item in listed)

    async def subscribe(self, url: str, types: Collection[str], secret: str) -> None:
        """Let MAX send updates of these *types* to *url*, with *secret* in a header. Raises `CallFailed`."""
        body = {"url": url, "update_types": sorted(types), "secret": secret}
        await self._ask("POST", "/subscriptions", body=body)

    async def unsubscribe(self, url: str) -> None:
        """Let MAX send nothing to *url* any more. Raises `CallFailed`."""
        await self._ask("DELETE", "/subscriptions", {"url": url})

    async def updates(
        self, marker: str | None, *, wait: int = 30, limit: int = 100, types: Collection[str] = ()
    ) -> Batch:
        """Updates after *marker*, at most *limit*, waiting for them at most *wait* seconds. Raises `CallFailed`.

        Asking with a marker confirms everything before it. MAX gives 100 updates and waits 30 s at most.
        """
        await self._wait(POLL_LINE)
        params = {"limit": str(limit), "timeout": str(wait)}
        params |= {"marker": marker} if marker is not None else {}
        params |= {"types": ",".join(sorted(types))} if types else {}
        fields = await self._ask("GET", "/updates", params, patience=wait)
        updates, marked = fields.get("updates") or [], fields.get("marker")
        if not isinstance(updates, list) or not isinstance(marked, int | None):
            raise _strange()
        return Batch(tuple(updates), None if marked is None else str(marked))

    async def _send(self, user: MessengerId, message: Message) -> Receipt:
        require_fitting(message)
        params = {"user_id": user} | ({"disable_link_preview": "true"} if opens_link(message) else {})
        await self._wait(_lines(user))
        outcome = await self._call("POST", "/messages", params, message_body(message))
        return receipt_of(outcome, repeatable=False)

    async def _edit(self, edit: Edit) -> Receipt:
        require_fitting(edit.message)
        await self._wait(_lines(edit.user))
        outcome = await self._call("PUT", "/messages", {"message_id": edit.mid}, message_body(edit.message))
        return receipt_of(outcome, repeatable=True)

    async def _answer(self, answer: Answer) -> Receipt:
        await self._wait(HOST_LINE)
        params, body = {"callback_id": answer.callback}, {"notification": answer.note}
        # The second toast of a repeated answer looks like the first one.
        return receipt_of(await self._call("POST", "/answers", params, body), repeatable=True)

    async def _wait(self, lines: dict[str, float]) -> None:
        await self.brake.wait(await self.throttle.reserve(lines))

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        patience: float = 0,
    ) -> Mapping[str, Any]:
        outcome = await self._call(method, path, params or {}, body, patience)
        receipt = receipt_of(outcome, repeatable=True)
        if receipt.delivery is not Delivery.DONE or not isinstance(outcome, Reply):
            raise CallFailed(receipt)
        return outcome.fields or {}

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        patience: float = 0,
    ) -> Reply | Broken:
        """One HTTP request; *patience* is how many seconds MAX may keep us waiting on purpose."""
        own = self.settings
        try:
            async with asyncio.timeout(own.total + patience):
                response = await self.http.request(
                    method,
                    own.url.rstrip("/") + path,
                    params=params,
                    json=body,
                    headers={"Authorization": own.token},
                    timeout=httpx.Timeout(own.read + patience, connect=own.connect, pool=own.connect),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failure:
            return Broken(left=False, reason=f"connection.{type(failure).__name__}")
        except httpx.RequestError as failure:
            return Broken(left=True, reason=f"connection.{type(failure).__name__}")
        except TimeoutError:
            return Broken(left=True, reason="connection.TotalTimeout")
        return _reply(response)


def _lines(user: MessengerId) -> dict[str, float]:
    # By person, because the id of the chat is not known at first and both must share one line.
    return HOST_LINE | {f"max:chat:{user}": CHAT_DISTANCE}


def _reply(response: httpx.Response) -> Reply:
    try:
        fields = response.json()
    except ValueError:
        fields = None
    return Reply(
        status=response.status_code,
        fields=fields if isinstance(fields, dict) else None,
        retry_after=_retry_after(response.headers.get("Retry-After", "")),
    )


def _retry_after(header: str) -> float | None:
    """Seconds; MAX documents no such header, so its other form, a date, is not worth a clock."""
    return min(float(header), LONGEST_RETRY_AFTER) if header.isascii() and header.isdigit() else None


def _number(message: object, name: str) -> int:
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, int) else 0


def _is_ours(message: Mapping[str, Any], sent: Message) -> bool:
    sender, body = message.get("sender") or {}, message.get("body") or {}
    same_words = str(body.get("text") or "").strip() == sent.text.strip()
    ours = {button.payload for row in sent.keyboard for button in row if isinstance(button, Button)}
    return sender.get("is_bot") is True and same_words and ours == _payloads(body)


def _payloads(body: Mapping[str, Any]) -> set[str]:
    """What the buttons of a message carry back to us."""
    keyboards = [attachment.get("payload") or {} for attachment in body.get("attachments") or []]
    rows = [row for keyboard in keyboards for row in keyboard.get("buttons") or []]
    return {str(button["payload"]) for row in rows for button in row if button.get("payload")}


def _subscription(item: Mapping[str, Any]) -> Subscription:
    types = item.get("update_types")
    return Subscription(str(item["url"]), None if types is None else frozenset(map(str, types)))


def _strange() -> CallFailed:
    return CallFailed(Receipt(delivery=Delivery.LATER, reason="answer.malformed"))
