"""Reading the fields of one record: every fault is noted, none stops the reading of the others.

A reader of a required field always returns a value of its type. Where the field is at fault that value is a
placeholder; whoever reads must drop the record when `faults` is not empty.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from math import isfinite
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from registratura.adapters.load import texts
from registratura.application.ports.spool import Fault

T = TypeVar("T")

ID: Final = 45
"""Length of identifiers and codes in the FER profile."""
LONG: Final = 512
"""Length of names and descriptions in the FER profile."""

FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs: no database keeps all of them, no terminal should see them."""

GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
"""A regular expression for the shape of a GUID (I-47)."""
DAY: Final = 24 * 60
"""The longest duration, in minutes."""

_GUID: Final = re.compile(GUID).fullmatch
_DOTTED: Final = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d:\d\d)", re.ASCII).fullmatch
_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00:00)?", re.ASCII).fullmatch
_TIME: Final = re.compile(r"\d\d:\d\d", re.ASCII).fullmatch
_INTEGER: Final = re.compile(r"-?\d{1,18}", re.ASCII).fullmatch
_PHONE: Final = re.compile(r"\+?[\d\s()-]+", re.ASCII).fullmatch
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200
_PHONE_DIGITS: Final = range(11, 16)
_FOREIGN_DIGITS: Final = range(10, 16)
_NATIONAL_DIGITS: Final = 10
_RUSSIAN_DIGITS: Final = 11
_MOST_ITEMS: Final = 1000
_SECONDS_END: Final = 19
_NO_MOMENT: Final = datetime(_FIRST_YEAR, 1, 1)  # noqa: DTZ001  # a placeholder that nobody sees


def named(names: str) -> frozenset[str]:
    """The set of the names in a list with spaces between them."""
    return frozenset(names.split())


@attrs.define
class Fields:
    """One raw object while it is read; null, "" and spaces alone are the same as absent (OQ-26)."""

    raw: Mapping[str, object]
    region: ZoneInfo
    """Zone of organisations that name none."""
    faults: list[Fault] = attrs.field(factory=list)

    def refuse(self, name: str, reason: str) -> None:
        """Note a fault of the field *name*."""
        self.faults.append(texts.fault(name, reason))

    def is_at_fault(self, name: str) -> bool:
        """Whether a fault of the field *name* was noted."""
        return any(fault.field == name for fault in self.faults)

    def _given(self, name: str) -> object:
        value = self.raw.get(name)
        if isinstance(value, str):
            return value.strip() or None
        return value

    def _required(self, name: str) -> object:
        value = self._given(name)
        if value is None:
            self.refuse(name, texts.REQUIRED)
        return value

    def has(self, name: str) -> bool:
        """Whether the field is there and not empty."""
        return self._given(name) is not None

    def guid(self, name: str) -> str:
        """A GUID by its shape alone: the profile's own ids carry no valid version (I-47)."""
        plain = self.raw.get(name)
        if isinstance(plain, str) and _GUID(plain):
            return plain  # nearly always; a load is mostly ids
        value = self._required(name)
        if isinstance(value, str) and _GUID(value):
            return value
        if value is not None:
            self.refuse(name, texts.BAD_GUID)
        return ""

    def guid_or_none(self, name: str) -> str | None:
        """An optional GUID."""
        return self.guid(name) if self.has(name) else None

    def text(self, name: str, limit: int) -> str:
        """A text of at most *limit* characters."""
        return self._checked(name, self._required(name), limit) or ""

    def text_or_none(self, name: str, limit: int) -> str | None:
        """An optional text."""
        return self._checked(name, self._given(name), limit)

    def code(self, name: str, limit: int = ID) -> str:
        """A code, which may come as a whole number."""
        return self._checked(name, _as_code(self._required(name)), limit) or ""

    def code_or_none(self, name: str, limit: int = ID) -> str | None:
        """An optional code."""
        return self._checked(name, _as_code(self._given(name)), limit)

    def codes(self, name: str, limit: int = ID) -> frozenset[str]:
        """One code or a list of them; empty when absent."""
        value = self._given(name)
        items: Sequence[object] = value if isinstance(value, list) else [] if value is None else [value]
        if len(items) > _MOST_ITEMS:
            self.refuse(name, texts.BAD_LIST)
            return frozenset()
        read = (self._checked(name, _as_code(item), limit) for item in items)
        return frozenset(item for item in read if item)

    def _checked(self, name: str, value: object, limit: int) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(name, texts.NOT_TEXT)
        elif len(value) > limit:
            self.refuse(name, texts.too_long(limit))
        elif FORBIDDEN.search(value):
            self.refuse(name, texts.BAD_CHARACTERS)
        else:
            return value.strip()
        return None

    def choice(self, name: str, values: Mapping[str, T]) -> T:
        """What the given word means."""
        chosen = self._chosen(name, self._required(name), values)
        return next(iter(values.values())) if chosen is None else chosen

    def choice_or_none(self, name: str, values: Mapping[str, T]) -> T | None:
        """What the given word means, if there is one."""
        return self._chosen(name, self._given(name), values)

    def _chosen(self, name: str, value: object, values: Mapping[str, T]) -> T | None:
        if value is None:
            return None
        word = str(value) if isinstance(value, int) else value
        if isinstance(word, str) and word in values:
            return values[word]
        self.refuse(name, texts.not_one_of(values))
        return None

    def minutes(self, name: str) -> int:
        """A whole number of minutes, at most a day, or a string of its digits (I-21)."""
        value = self._required(name)
        return 1 if value is None else self._whole(name, value, 1, DAY, of="минут") or 1

    def whole_or_none(self, name: str, lowest: int, highest: int) -> int | None:
        """An optional whole number or a string of its digits, both bounds inclusive."""
        value = self._given(name)
        return None if value is None else self._whole(name, value, lowest, highest)

    def _whole(self, name: str, value: object, lowest: int, highest: int, *, of: str = "") -> int | None:
        number = int(value) if isinstance(value, str) and _INTEGER(value) else value
        if isinstance(number, int) and not isinstance(number, bool) and lowest <= number <= highest:
            return number
        self.refuse(name, texts.not_whole(lowest, highest, of=of))
        return None

    def number_or_none(self, name: str) -> float | None:
        """An optional finite number."""
        value = self._given(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and isfinite(value):  # noqa: PLR2004  # exact in a float
            return value
        self.refuse(name, texts.BAD_NUMBER)
        return None

    def flag_or_none(self, name: str) -> bool | None:
        """An optional yes or no."""
        value = self._given(name)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(name, texts.BAD_FLAG)
        return None

    def moment(self, name: str) -> datetime:
        """A date with a time, `T` or a space between them (I-21); without an offset it stays without a zone."""
        value = self._required(name)
        return _NO_MOMENT if value is None else self._moment(name, value)

    def moment_or_none(self, name: str) -> datetime | None:
        """An optional date with a time."""
        value = self._given(name)
        return None if value is None else self._moment(name, value)

    def created(self) -> datetime:
        """The mandatory `create_ts`, which may be written `DD.MM.YYYY HH:MM:SS` (I-20)."""
        value = self._required("create_ts")
        if isinstance(value, str) and (dotted := _DOTTED(value)):
            day, month, year, clock = dotted.groups()
            value = f"{year}-{month}-{day}T{clock}"
        return _NO_MOMENT if value is None else self._moment("create_ts", value)

    def _moment(self, name: str, value: object) -> datetime:
        moment = _as_moment(value)
        if moment is None:
            self.refuse(name, texts.BAD_MOMENT)
        elif not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            self.refuse(name, texts.BAD_YEAR.format(first=_FIRST_YEAR, last=_LAST_YEAR))
        else:
            return moment
        return _NO_MOMENT

    def day(self, name: str) -> date:
        """A calendar day."""
        value = self._required(name)
        return date.min if value is None else self._day(name, value) or date.min

    def day_or_none(self, name: str) -> date | None:
        """An optional calendar day."""
        value = self._given(name)
        return None if value is None else self._day(name, value)

    def _day(self, name: str, value: object) -> date | None:
        # The regional patient registry writes midnight after the date (FER profile, 10.7).
        found = _DATE(value) if isinstance(value, str) else None
        try:
            day = date.fromisoformat(found[1]) if found else None
        except ValueError:
            day = None
        if day is None:
            self.refuse(name, texts.BAD_DATE)
        elif not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            self.refuse(name, texts.BAD_YEAR.format(first=_FIRST_YEAR, last=_LAST_YEAR))
        else:
            return day
        return None

    def clock_or_none(self, name: str) -> time | None:
        """An optional local time, HH:MM."""
        value = self._given(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and _TIME(value):
                return time.fromisoformat(value)
        except ValueError:
            pass
        self.refuse(name, texts.BAD_TIME)
        return None

    def zone(self, name: str) -> ZoneInfo:
        """A time zone by its IANA name; the region's when absent."""
        value = self._given(name)
        zone = self.region if value is None else _zone(value) if isinstance(value, str) else None
        if zone is None:
            self.refuse(name, texts.BAD_ZONE)
        return zone or self.region

    def phone_or_none(self, name: str) -> str | None:
        """The digits of an optional telephone number with its country code; «8…» and ten digits are Russian.

        Behind a «+» stands the code of a country: a foreign number keeps it, so that +84 is never taken for «8».
        """
        value = _as_code(self._given(name))
        if value is None:
            return None
        if isinstance(value, str) and _PHONE(value):
            digits = "".join(filter(str.isdigit, value))
            international = value.startswith("+")
            if len(digits) == _NATIONAL_DIGITS and not international:
                return f"7{digits}"
            if len(digits) in _FOREIGN_DIGITS and international and not digits.startswith("7"):
                return f"+{digits}"
            if len(digits) in _PHONE_DIGITS:
                return f"7{digits[1:]}" if len(digits) == _RUSSIAN_DIGITS and digits[0] == "8" else digits
        self.refuse(name, texts.BAD_PHONE)
        return None

    def in_order(self, earlier: str, begins: T | None, later: str, ends: T | None) -> None:
        """Note a fault when *ends* comes before *begins*; a moment with a zone is not compared with one without."""
        if begins is None or ends is None or self.is_at_fault(earlier) or self.is_at_fault(later):
            return
        try:
            backwards = ends < begins  # type: ignore[operator]  # days with days, moments with moments
        except TypeError:
            return
        if backwards:
            self.refuse(later, texts.BAD_ORDER.format(earlier=earlier, later=later))


def _as_code(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**ID else value


def _as_moment(value: object) -> datetime | None:
    # fromisoformat alone would also take week dates, dates without a time and any separator.
    if not isinstance(value, str) or len(value) < _SECONDS_END or value[10] not in "T ":
        return None
    if not value[4] == value[7] == "-" or not value[13] == value[16] == ":":
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def plain_moment(text: str) -> datetime | None:
    """What `Fields.moment` reads from *text*, or None where it finds a fault; a schedule repeats its moments."""
    moment = _as_moment(text)
    return moment if moment is not None and _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
