"""The Sferum methods as chats: each call is made once, and how it ended is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import httpx

from registratura.adapters.sferum.bodies import chat_fields, users_fields
from registratura.adapters.sferum.outcomes import InDoubt, NotNow, Outcome, Reply, added_of, chat_of, outcome_of
from registratura.application.ports.chats import Added, Chat, ChatRefused, Participant
from registratura.application.ports.failures import OutcomeUnknown, Unavailable
from registratura.application.ports.messenger import Throttle

CREATE = "educationSchool.createChat"
ADD = "educationSchool.addChatUsers"
LINE = {"sferum": 1 / 2.5}
"""3 calls a second are allowed to a token, as they arrive and not as they leave: a little slower than that."""
LONGEST_WAIT = 4.0
"""Seconds. Whoever would wait longer for their place comes again later instead."""


@attrs.frozen(kw_only=True)
class SferumSettings:
    """Where the methods are, who we are there, and how long we wait, in seconds.

    `url` is what the name of a method is put behind, with or without `/method`: both forms are in use, and the only
    hosts known are for development, so there is no default. `ca_bundle` is added to the public certificate authorities.
    `total` bounds a call from the connection to the last byte, `largest` an answer in bytes.
    """

    url: str
    token: str = attrs.field(repr=False)
    ca_bundle: Path | None = None
    connect: float = 5.0
    total: float = 15.0
    largest: int = 256 * 1024


@asynccontextmanager
async def connect(settings: SferumSettings, throttle: Throttle) -> "AsyncIterator[SferumChats]":
    """Chats with connections of their own, closed at the end."""
    verify = httpx.create_ssl_context(trust_env=False)
    if settings.ca_bundle is not None:
        verify.load_verify_locations(cafile=settings.ca_bundle)
    # Calls are rare. On a connection kept from the last one a call may meet its end, and a chat would be in doubt.
    limits = httpx.Limits(max_keepalive_connections=0)
    # Settings alone decide where we connect to: no proxy and no password file of the environment.
    async with httpx.AsyncClient(verify=verify, limits=limits, trust_env=False) as http:
        yield SferumChats(http=http, settings=settings, throttle=throttle)


@attrs.frozen(kw_only=True)
class SferumChats:
    """Makes chats in Sferum, which MAX shows to its users, within the limit that all processes share."""

    http: httpx.AsyncClient
    settings: SferumSettings
    throttle: Throttle

    async def create(self, title: str) -> Chat | ChatRefused:
        """Make a chat; see the port."""
        await self._wait()
        outcome = await self._call(CREATE, chat_fields(title))
        made = chat_of(outcome) if isinstance(outcome, Reply) else outcome
        match made:
            case Chat() | ChatRefused():
                return made
            case NotNow(reason):
                raise Unavailable(reason)
            case InDoubt(reason):
                raise OutcomeUnknown(reason)

    async def add(self, chat_id: str, people: Sequence[Participant]) -> Added | ChatRefused:
        """Let people in; see the port."""
        if not people:
            return Added()
        await self._wait()
        outcome = await self._call(ADD, users_fields(chat_id, people))
        done = added_of(outcome, people) if isinstance(outcome, Reply) else outcome
        match done:
            case Added() | ChatRefused():
                return done
            case NotNow(reason) | InDoubt(reason):
                raise Unavailable(reason)

    async def _wait(self) -> None:
        """Wait for the next place. Raises `Unavailable` when it is far, or nobody can tell: nothing was asked then."""
        seconds = await self.throttle.reserve(LINE)
        if seconds > LONGEST_WAIT:
            raise Unavailable("throttle.full")
        await asyncio.sleep(seconds)

    async def _call(self, method: str, fields: Mapping[str, str]) -> Outcome:
        """One HTTP request. What httpx raises ends here: its exceptions carry the request, and that the token."""
        own = self.settings
        try:
            async with (
                asyncio.timeout(own.total),
                self.http.stream(
                    "POST",
                    f"{own.url.rstrip('/')}/{method}",
                    data={"access_token": own.token, **fields},
                    # Packed answers could grow past any limit while they are unpacked.
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                    timeout=httpx.Timeout(own.total, connect=own.connect, pool=own.connect),
                    follow_redirects=False,
                ) as response,
            ):
                body = await _body(response, own.largest)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failure:
            return NotNow(f"connection.{type(failure).__name__}")
        except httpx.RequestError as failure:
            return InDoubt(f"connection.{type(failure).__name__}")
        except TimeoutError:
            return InDoubt("connection.TotalTimeout")
        return outcome_of(response.status_code, body)


async def _body(response: httpx.Response, largest: int) -> bytes:
    """The body as it came; of one that is larger than allowed nothing, as it is no answer of the method."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > largest:
            return b""
    return bytes(body)
