"""Settings: `registratura.toml`, overridden by the environment; all faults at once, secrets never shown."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import cattrs

from registratura.domain.appointments import Checks, Rules
from registratura.domain.schedule import DayLimits
from registratura.domain.telemedicine import ConsentText, Platform
from registratura.entrypoints import texts

PREFIX = "REGISTRATURA_"
_NOT_SETTINGS = frozenset({"REGISTRATURA_CONFIG"})
_TESTS = "REGISTRATURA_TEST_"
_WEBHOOK_SECRET_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_WEBHOOK_SECRET_LENGTH = range(5, 257)


@attrs.frozen(repr=False)
class Secret:
    """A secret: shown nowhere by accident, revealed on purpose."""

    reveal: str

    def __repr__(self) -> str:
        return "Secret(***)"


@attrs.frozen
class Between:
    """Bounds of a whole number, both inclusive."""

    least: int
    most: int


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
class WebAddress:
    """An address that begins with http:// or https://, without a slash at its end."""

    text: str

    def __str__(self) -> str:
        return self.text


@attrs.frozen(repr=False)
class DatabaseUrl:
    """Where everything is kept; may hold a password, so it is not shown."""

    text: str

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class Database:
    """`database.*`."""

    url: DatabaseUrl = DatabaseUrl("sqlite:///var/registratura.db")
    pool_size: Annotated[int, Between(1, 64)] = 8


@attrs.frozen
class Amqp:
    """`amqp.*`: empty delivers in the process."""

    url: str = ""


@attrs.frozen
class Public:
    """`public.*`: the address under which people and partners reach us."""

    url: WebAddress = WebAddress("http://127.0.0.1:8000")


@attrs.frozen
class Region:
    """`region.*`."""

    timezone: ZoneInfo = attrs.field(factory=lambda: ZoneInfo("Europe/Moscow"))


@attrs.frozen(repr=False)
class HeaderSecret(Secret):
    """A token that travels in an HTTP header: printable Latin letters, digits and signs."""


@attrs.frozen
class Api:
    """`api.*`: without a token the MIS API answers 401."""

    token: HeaderSecret | None = None


@attrs.frozen(repr=False)
class WebhookSecret(Secret):
    """What MAX sends back with every update: 5 to 256 letters, digits, «_» or «-»."""


@attrs.frozen
class Max:
    """`max.*`: the MAX Bot API."""

    url: WebAddress = WebAddress("https://platform-api2.max.ru")
    token: HeaderSecret | None = None
    webhook_secret: WebhookSecret | None = None
    mode: MaxMode = MaxMode.WEBHOOK
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
class TmkLink:
    """`tmk.link.*`: when the link to a consultation is shown."""

    lead_minutes: Annotated[int, Between(0, 24 * 60)] = 15
    fallback_hours: Annotated[int, Between(1, 48)] = 4


@attrs.frozen
class Tmk:
    """`tmk.*`: telemedicine. A changed consent text needs a new version."""

    platform: TmkPlatform = TmkPlatform.MAX
    horizon_days: Annotated[int, Between(1, 365)] = 14
    consent_text: str = ""
    consent_version: str = "1"
    conditions_text: str = ""
    link: TmkLink = attrs.field(factory=TmkLink)
    schedule: TmkSchedule = attrs.field(factory=TmkSchedule)
    checks: Checks = attrs.field(factory=Checks)


@attrs.frozen
class Settings:
    """Everything that can be set, with defaults that need nothing set."""

    database: Database = attrs.field(factory=Database)
    amqp: Amqp = attrs.field(factory=Amqp)
    public: Public = attrs.field(factory=Public)
    region: Region = attrs.field(factory=Region)
    api: Api = attrs.field(factory=Api)
    max: Max = attrs.field(factory=Max)
    bot: Bot = attrs.field(factory=Bot)
    tmk: Tmk = attrs.field(factory=Tmk)

    @property
    def rules(self) -> Rules:
        """The booking rules these settings ask for."""
        schedule = self.tmk.schedule
        return Rules(
            zone=self.region.timezone,
            checks=self.tmk.checks,
            days=DayLimits(
                same_day=schedule.allow_today,
                tomorrow_closes_at=schedule.tomorrow_cutoff,
                lead=timedelta(minutes=schedule.min_lead_minutes),
                horizon_days=self.tmk.horizon_days,
            ),
            platform=Platform.MAX if self.tmk.platform is TmkPlatform.MAX else Platform.OTHER,
            consent_version=self.tmk.consent_version,
        )

    def consent(self, sample: str) -> ConsentText:
        """The text people consent to: the region's, or *sample* where it gives none."""
        return ConsentText(version=self.tmk.consent_version, text=self.tmk.consent_text or sample)


class WrongSettings(Exception):
    """The settings cannot be used; `faults` names every one of them and what is expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_settings(environ: Mapping[str, str], folder: Path) -> Settings:
    """Read the file named in REGISTRATURA_CONFIG, else *folder*/registratura.toml if it is there, then the environment.

    A secret may stand in a file: REGISTRATURA_API_TOKEN_FILE names it. Raises `WrongSettings` with all faults.
    """
    faults: list[str] = []
    options = dict(_options(Settings, ""))
    values = _from_file(environ, folder, faults)
    values.update(_from_environment(environ, options, faults))
    faults.extend(f"{path}: {texts.NO_SUCH_SETTING}" for path in values if path not in options)
    tree: dict[str, Any] = {}
    for path in options.keys() & values.keys():
        try:
            value = _READER.structure(values[path], options[path])
        except _Unfit as unfit:
            faults.append(texts.EXPECTED.format(path=path, variable=_variable(path), expected=unfit))
            continue
        *sections, key = path.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[key] = value
    if faults:
        raise WrongSettings(sorted(faults))
    settings: Settings = _assembled(Settings, tree)
    return settings


def _assembled(section: type[Any], tree: Mapping[str, Any]) -> Any:  # noqa: ANN401  # a section is what it is asked for
    inner = {field.name: field.type for field in attrs.fields(section)}
    return section(
        **{key: _assembled(inner[key], value) if isinstance(value, dict) else value for key, value in tree.items()}
    )


def _options(section: type[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Every setting with its type: «tmk.schedule.allow_today», bool."""
    for field in attrs.fields(attrs.resolve_types(section, include_extras=True)):
        path = f"{prefix}{field.name}"
        if field.type is not None and attrs.has(field.type) and field.type not in _VALUES:
            yield from _options(field.type, f"{path}.")
        else:
            yield path, field.type


_VALUES: frozenset[type] = frozenset({DatabaseUrl, HeaderSecret, WebAddress, WebhookSecret})


def _from_file(environ: Mapping[str, str], folder: Path, faults: list[str]) -> dict[str, Any]:
    named = environ.get("REGISTRATURA_CONFIG")
    path = Path(named) if named else folder / "registratura.toml"
    if not named and not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            return dict(_leaves(tomllib.load(file), ""))
    except OSError as unreadable:
        faults.append(texts.FILE_UNREADABLE.format(name="REGISTRATURA_CONFIG", reason=unreadable.strerror))
    except tomllib.TOMLDecodeError as broken:
        faults.append(texts.FILE_NOT_TOML.format(name=path.name, reason=broken))
    return {}


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _variable(path: str) -> str:
    return PREFIX + path.upper().replace(".", "_")


def _from_environment(environ: Mapping[str, str], options: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    variables = {_variable(path): path for path in options}
    values: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS or name.startswith(_TESTS):
            continue
        if name in variables:
            values[variables[name]] = value
        elif name.removesuffix("_FILE") in variables:
            try:
                values[variables[name.removesuffix("_FILE")]] = Path(value).read_text(encoding="utf-8").strip()
            except OSError as unreadable:
                faults.append(texts.FILE_UNREADABLE.format(name=name, reason=unreadable.strerror))
        else:
            faults.append(f"{name}: {texts.NO_SUCH_SETTING}")
    return values


class _Unfit(Exception):
    """What was expected; the value itself is not repeated, it may be a secret."""


_SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _switch(value: object, _: object) -> bool:
    if isinstance(value, bool):
        return value
    found = _SWITCHES.get(str(value).strip().lower())
    if found is None:
        raise _Unfit(texts.SWITCH)
    return found


def _whole(value: object, bounded: Any) -> int:  # noqa: ANN401  # Annotated forms have no type of their own
    bounds = next(bound for bound in get_args(bounded) if isinstance(bound, Between))
    try:
        number = int(str(value))
    except ValueError:
        number = bounds.least - 1
    if not bounds.least <= number <= bounds.most:
        raise _Unfit(texts.WHOLE.format(least=bounds.least, most=bounds.most))
    return number


def _label(value: object, kind: type[Enum]) -> Enum:
    try:
        return kind(str(value).strip())
    except ValueError:
        raise _Unfit(texts.ONE_OF.format(values=", ".join(str(label.value) for label in kind))) from None


def _zone(value: object, _: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _Unfit(texts.ZONE) from None


def _clock(value: object, _: object) -> time | None:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(str(value)) if value else None
    except ValueError:
        raise _Unfit(texts.CLOCK) from None


def _address(value: object, _: object) -> WebAddress:
    text = str(value).strip().rstrip("/")
    if not text.startswith(("http://", "https://")):
        raise _Unfit(texts.ADDRESS)
    return WebAddress(text)


def _database(value: object, _: object) -> DatabaseUrl:
    text = str(value).strip()
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")) or text == "sqlite:///:memory:":
        raise _Unfit(texts.DATABASE_URL)
    return DatabaseUrl(text)


def _words(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise _Unfit(texts.WORDS)
    return value


def _secret(value: object, _: object) -> HeaderSecret | None:
    text = str(value)
    if not (text.isascii() and text.isprintable()):
        raise _Unfit(texts.TOKEN)
    return HeaderSecret(text) if text else None


def _webhook_secret(value: object, _: object) -> WebhookSecret | None:
    text = str(value)
    if text and not (len(text) in _WEBHOOK_SECRET_LENGTH and _WEBHOOK_SECRET_SIGNS.issuperset(text)):
        raise _Unfit(texts.WEBHOOK_SECRET)
    return WebhookSecret(text) if text else None


def _is_bounded(kind: Any) -> bool:  # noqa: ANN401  # Annotated forms have no type of their own
    return any(isinstance(bound, Between) for bound in get_args(kind))


def _reader() -> cattrs.Converter:
    reader = cattrs.Converter(detailed_validation=False)
    hooks: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (bool, _switch),
        (str, _words),
        (ZoneInfo, _zone),
        (time | None, _clock),
        (WebAddress, _address),
        (DatabaseUrl, _database),
        (HeaderSecret | None, _secret),
        (WebhookSecret | None, _webhook_secret),
    ]
    for kind, hook in hooks:
        reader.register_structure_hook(kind, hook)
    reader.register_structure_hook_func(_is_bounded, _whole)
    reader.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _label)
    return reader


_READER = _reader()
