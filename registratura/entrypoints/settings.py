"""Settings: `registratura.toml`, overridden by the environment; all faults at once, secrets never shown."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from registratura.domain.appointments import Rules
from registratura.domain.notifications import QuietHours, ReminderRules
from registratura.domain.schedule import DayLimits
from registratura.domain.telemedicine import ConsentText, Platform
from registratura.entrypoints import texts
from registratura.entrypoints.setting_checks import PREFIX, lacking, reason_of, unreadable, variable
from registratura.entrypoints.setting_sections import (
    Amqp,
    Api,
    Auth,
    Bot,
    Database,
    Esia,
    Http,
    Keep,
    Max,
    MisWaiting,
    Public,
    Region,
    Sferum,
    Tmk,
    TmkPlatform,
    Worker,
)
from registratura.entrypoints.setting_values import READER, VALUES, Unfit

_NOT_SETTINGS = frozenset({"REGISTRATURA_CONFIG"})
_TESTS = "REGISTRATURA_TEST_"
_UNREAD = object()
"""Stands for a value whose file cannot be read: it is set, and that is all that is known of it."""


@attrs.frozen
class Settings:
    """Everything that can be set, with defaults that need nothing set."""

    database: Database = attrs.field(factory=Database)
    amqp: Amqp = attrs.field(factory=Amqp)
    public: Public = attrs.field(factory=Public)
    region: Region = attrs.field(factory=Region)
    api: Api = attrs.field(factory=Api)
    max: Max = attrs.field(factory=Max)
    sferum: Sferum = attrs.field(factory=Sferum)
    esia: Esia = attrs.field(factory=Esia)
    auth: Auth = attrs.field(factory=Auth)
    bot: Bot = attrs.field(factory=Bot)
    tmk: Tmk = attrs.field(factory=Tmk)
    mis: MisWaiting = attrs.field(factory=MisWaiting)
    keep: Keep = attrs.field(factory=Keep)
    http: Http = attrs.field(factory=Http)
    worker: Worker = attrs.field(factory=Worker)

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

    @property
    def reminders(self) -> ReminderRules:
        """When people are reminded."""
        asked = self.tmk.reminders
        return ReminderRules(
            day_before=timedelta(hours=asked.first_hours),
            soon=timedelta(minutes=asked.second_minutes),
            chat=timedelta(minutes=self.tmk.chat.lead_minutes) if self.sferum.url is not None else None,
            quiet=QuietHours() if asked.quiet_hours else None,
        )

    @property
    def link_lead(self) -> timedelta:
        """How long before a consultation its link is shown."""
        return timedelta(minutes=self.tmk.link.lead_minutes)

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

    A secret may stand in a file: REGISTRATURA_API_TOKEN_FILE names it. Raises `WrongSettings` with all faults: values
    that do not fit, what others make needed and is not there, files that cannot be opened.
    """
    faults: list[str] = []
    options = dict(_options(Settings, ""))
    values = _from_file(environ, folder, faults)
    values.update(_from_environment(environ, options, faults))
    faults.extend(f"{path}: {texts.NO_SUCH_SETTING}" for path in values if path not in options)
    tree: dict[str, Any] = {}
    for path in options.keys() & values.keys():
        if values[path] is _UNREAD:
            continue
        try:
            value = READER.structure(values[path], options[path])
        except Unfit as unfit:
            faults.append(texts.EXPECTED.format(path=path, variable=variable(path), expected=unfit))
            continue
        *sections, key = path.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[key] = value
    settings: Settings = _assembled(Settings, tree)
    faults.extend([*lacking(values), *unreadable(settings.max, settings.esia)])
    if faults:
        raise WrongSettings(sorted(faults))
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
        if field.type is not None and attrs.has(field.type) and field.type not in VALUES:
            yield from _options(field.type, f"{path}.")
        else:
            yield path, field.type


def _from_file(environ: Mapping[str, str], folder: Path, faults: list[str]) -> dict[str, Any]:
    named = environ.get("REGISTRATURA_CONFIG")
    path = Path(named) if named else folder / "registratura.toml"
    if not named and not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            return dict(_leaves(tomllib.load(file), ""))
    except OSError as failure:
        faults.append(texts.FILE_UNREADABLE.format(name="REGISTRATURA_CONFIG", reason=failure.strerror))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        faults.append(texts.FILE_NOT_TOML.format(name=path.name, reason=broken))
    return {}


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _from_environment(environ: Mapping[str, str], options: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    variables = {variable(path): path for path in options}
    values: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS or name.startswith(_TESTS):
            continue
        if name in variables:
            values[variables[name]] = value
        elif name.removesuffix("_FILE") in variables:
            path = variables[name.removesuffix("_FILE")]
            try:
                values[path] = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as failure:
                values[path] = _UNREAD
                faults.append(texts.FILE_UNREADABLE.format(name=name, reason=reason_of(failure)))
        else:
            faults.append(f"{name}: {texts.NO_SUCH_SETTING}")
    return values
