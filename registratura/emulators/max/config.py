"""What a host decides about the emulator."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

Clock = Callable[[], float]


@attrs.frozen(kw_only=True)
class Person:
    """An invented owner of a MAX account.

    ``phone`` holds digits only, country code first, as MAX puts them on the contact card.
    ``note`` is a short Russian line for the chat page, never sent to the bot.
    """

    user_id: int
    first_name: str
    last_name: str | None = None
    phone: str | None = None
    note: str = ""


@attrs.frozen(kw_only=True)
class Bot:
    """The one bot this emulator serves."""

    user_id: int = 7001
    first_name: str = "Регистратура"
    username: str = "registratura_bot"
    description: str = "Запись к врачу, напоминания и телемедицинские консультации"


@attrs.frozen(kw_only=True)
class MaxEmulatorConfig:
    """Settings of one emulator.

    ``public_url`` is the address of the emulator itself, without a slash at the end; upload and
    media links are built on it. ``retry_scale`` stretches the times of webhook repeats: 1.0 means
    60 s before the first repeat and 8 h before the bot is unsubscribed. ``processing_seconds`` is
    how long a fresh upload answers ``attachment.not.ready``. ``clock`` gives Unix seconds.
    """

    database: Path
    public_url: str
    token: str = "sandbox"  # noqa: S105 - the well-known token of the sandbox
    bot: Bot = attrs.field(factory=Bot)
    people: Sequence[Person] = ()
    retry_scale: float = 1.0
    delivery_timeout: float = 30.0
    processing_seconds: float = 0.5
    allow_http_webhooks: bool = False
    limits: bool = True
    clock: Clock = time.time
