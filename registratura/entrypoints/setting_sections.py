"""The sections of the settings, with defaults that need nothing set."""

from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import attrs

from registratura.application.tidying import Retention
from registratura.domain.appointments import Checks
from registratura.entrypoints.setting_values import (
    Between,
    CertificateHash,
    DatabaseUrl,
    HeaderSecret,
    ListenAddress,
    WebAddress,
    WebhookSecret,
)


class MaxMode(Enum):
    """How updates of MAX reach us."""

    WEBHOOK = "webhook"
    POLLING = "polling"


class TmkPlatform(Enum):
    """Where consultations are held; `external` is another word for `other`."""

    MAX = "max"
    OTHER = "other"
    EXTERNAL = "external"


@attrs.frozen
class Database:
    """`database.*`."""

    url: DatabaseUrl = attrs.field(factory=lambda: DatabaseUrl("sqlite:///var/registratura.db"))
    pool_size: Annotated[int, Between(1, 64)] = 8


@attrs.frozen
class Amqp:
    """`amqp.*`: empty delivers in the process."""

    url: str = ""


@attrs.frozen
class Public:
    """`public.*`: the address under which people and partners reach us."""

    url: WebAddress = attrs.field(factory=lambda: WebAddress("http://127.0.0.1:8000"))


@attrs.frozen
class Region:
    """`region.*`."""

    timezone: ZoneInfo = attrs.field(factory=lambda: ZoneInfo("Europe/Moscow"))


@attrs.frozen
class Api:
    """`api.*`: without a token the MIS API answers 401."""

    token: HeaderSecret | None = None


@attrs.frozen
class Max:
    """`max.*`: the MAX Bot API."""

    url: WebAddress = attrs.field(factory=lambda: WebAddress("https://platform-api2.max.ru"))
    token: HeaderSecret | None = None
    webhook_secret: WebhookSecret | None = None
    mode: MaxMode = MaxMode.WEBHOOK
    login_link_minutes: Annotated[int, Between(1, 24 * 60)] = 15
    ca_file: str = ""
    """A file with the root certificate of the messenger's host, where the system does not know it."""


@attrs.frozen
class Bot:
    """`bot.*`: the manners of the bot."""

    page_size: Annotated[int, Between(1, 25)] = 10
    session_hours: Annotated[int, Between(1, 24 * 365)] = 24
    allow_cancel: bool = False
    skip_single_choice: bool = False


@attrs.frozen
class TmkSchedule:
    """`tmk.schedule.*`: which days may be booked."""

    allow_today: bool = True
    tomorrow_cutoff: time | None = None
    min_lead_minutes: Annotated[int, Between(0, 60 * 24 * 14)] = 0


@attrs.frozen
class TmkReminders:
    """`tmk.reminders.*`: when people are reminded of a consultation, before it begins.

    In quiet hours, from 22:00 to 8:00 on the clinic's clocks, nobody is reminded of tomorrow.
    """

    first_hours: Annotated[int, Between(1, 24 * 7)] = 24
    second_minutes: Annotated[int, Between(1, 59)] = 15
    quiet_hours: bool = False


@attrs.frozen
class TmkLink:
    """`tmk.link.*`: when the link to a consultation is shown."""

    lead_minutes: Annotated[int, Between(0, 24 * 60)] = 15
    fallback_hours: Annotated[int, Between(1, 48)] = 4


@attrs.frozen
class TmkChat:
    """`tmk.chat.*`: when the chat of a consultation is opened."""

    lead_minutes: Annotated[int, Between(1, 24 * 60)] = 20


@attrs.frozen
class Tmk:
    """`tmk.*`: telemedicine. A changed consent text needs a new version."""

    platform: TmkPlatform = TmkPlatform.MAX
    horizon_days: Annotated[int, Between(1, 365)] = 14
    consent_text: str = ""
    consent_version: str = "1"
    conditions_text: str = ""
    external_room_url: str = ""
    """Where a consultation on another platform is held; «{id}» stands for the booking."""
    leave_purpose: str = "Закрытие листа нетрудоспособности"
    reminders: TmkReminders = attrs.field(factory=TmkReminders)
    chat: TmkChat = attrs.field(factory=TmkChat)
    link: TmkLink = attrs.field(factory=TmkLink)
    schedule: TmkSchedule = attrs.field(factory=TmkSchedule)
    checks: Checks = attrs.field(factory=Checks)


@attrs.frozen
class Keep:
    """`keep.*`: how long what is done with is kept."""

    inbox_days: Annotated[int, Between(1, 365)] = 3
    outbox_days: Annotated[int, Between(1, 3650)] = 30
    request_hours: Annotated[int, Between(24, 24 * 365)] = 72

    @property
    def retention(self) -> Retention:
        """The same as spans of time."""
        return Retention(
            inbox=timedelta(days=self.inbox_days),
            outbox=timedelta(days=self.outbox_days),
            requests=timedelta(hours=self.request_hours),
        )


@attrs.frozen
class Http:
    """`http.*`: the door of `serve`."""

    drain_seconds: Annotated[int, Between(0, 8)] = 5
    log_requests: bool = True


@attrs.frozen
class Worker:
    """`worker.*`: an empty address shows no metrics."""

    metrics_address: ListenAddress = attrs.field(factory=lambda: ListenAddress(""))


@attrs.frozen
class MisWaiting:
    """`mis.*`: the clinic's own system, where it decides about bookings."""

    wait_minutes: Annotated[int, Between(1, 24 * 60)] = 10


@attrs.frozen
class Sferum:
    """`sferum.*`: where chats of consultations are made; without an address none are."""

    url: WebAddress | None = None
    token: HeaderSecret | None = None


class EsiaMode(Enum):
    """How Gosuslugi is spoken to."""

    GATEWAY = "gateway"
    DIRECT = "direct"


@attrs.frozen
class Esia:
    """`esia.*`: signing in through Gosuslugi; without an address nobody does.

    Through a certified gateway `url` is its issuer and `client_secret` is needed. Directly the request is signed with
    `key_file` by OpenSSL, or by the service at `signer_url`; `certificate_hash` is that of our certificate, and
    `token_key_files` are ESIA's own certificates, with commas between them. `certificate_file` is for the doctor.
    """

    url: WebAddress | None = None
    mode: EsiaMode = EsiaMode.GATEWAY
    client_id: str = ""
    client_secret: HeaderSecret | None = None
    scope: str = ""
    issuer: str = ""
    key_file: str = ""
    certificate_file: str = ""
    certificate_hash: CertificateHash | None = None
    token_key_files: str = ""
    signer_url: WebAddress | None = None
    signer_token: HeaderSecret | None = None
    ca_file: str = ""

    @property
    def token_keys(self) -> tuple[Path, ...]:
        """The single files of `token_key_files`."""
        return tuple(Path(name.strip()) for name in self.token_key_files.split(",") if name.strip())


@attrs.frozen
class Auth:
    """`auth.*`: passwords, and how long people stay signed in."""

    max_failures: Annotated[int, Between(1, 100)] = 5
    lock_minutes: Annotated[int, Between(1, 24 * 60)] = 15
    idle_minutes: Annotated[int, Between(1, 24 * 60)] = 30
    session_hours: Annotated[int, Between(1, 24 * 7)] = 12
    join_hours: Annotated[int, Between(1, 24 * 7)] = 12
