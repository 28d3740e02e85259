"""Reading the fields of a body or a query: every wrong one is named at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from registratura.entrypoints.http import texts
from registratura.entrypoints.http.problems import Problem
from registratura.entrypoints.http.wire import is_id

LONGEST_TEXT = 1000


@attrs.frozen
class Fields:
    """What was given, and what was wrong with it so far. Read all fields, then `require_right`."""

    _given: Mapping[str, Any]
    _faults: list[dict[str, str]] = attrs.field(factory=list, init=False)

    @classmethod
    def of(cls, given: Mapping[str, Any], known: Sequence[str]) -> "Fields":
        """Read *given*, in which nothing but *known* may stand."""
        fields = cls(given)
        for name in given:
            if name not in known:
                fields.fault(name, texts.FIELD_UNKNOWN)
        return fields

    def id(self, name: str) -> str:
        """A required id."""
        return self._word(name) or self._missing(name)

    def id_or_none(self, name: str) -> str | None:
        """An id that may be left out."""
        return None if self._given.get(name) is None else self._word(name)

    def text(self, name: str) -> str:
        """Words of a person, at most `LONGEST_TEXT` signs; empty when left out."""
        value = self._given.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _is_readable(value):
            self.fault(name, texts.FIELD_WORDS.format(longest=LONGEST_TEXT))
            return ""
        return value.strip()

    def day(self, name: str) -> date:
        """A required day, YYYY-MM-DD."""
        value = self._given.get(name)
        day = read_day(value) if isinstance(value, str) else None
        if day is None:
            self.fault(name, texts.FIELD_MISSING if value is None else texts.FIELD_DAY)
        return day or date.min

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """A moment in UTC; one without an offset is local time in *zone*, one left out is None."""
        value = self._given.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            self.fault(name, texts.FIELD_MOMENT)
            return None

    def flag(self, name: str) -> bool:
        """Yes or no; no when left out."""
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            self.fault(name, texts.FIELD_ONE_OF.format(values="true, false"))
        return value is True

    def fault(self, name: str, detail: str) -> None:
        """Something is wrong with the field *name*."""
        self._faults.append({"field": name, "detail": detail})

    def require_right(self, code: str = "body.fields") -> None:
        """Return when nothing was wrong, else raise the `Problem` that names it all."""
        if self._faults:
            raise Problem(400, code, texts.BAD_FIELDS, self._faults)

    def _word(self, name: str) -> str | None:
        value = self._given.get(name)
        word = value.strip() if isinstance(value, str) else ""
        if value is not None and not is_id(word):
            self.fault(name, texts.FIELD_TEXT)
        return word or None

    def _missing(self, name: str) -> str:
        if self._given.get(name) is None:
            self.fault(name, texts.FIELD_MISSING)
        return ""


def read_day(text: str) -> date | None:
    """The day written YYYY-MM-DD; other forms of ISO 8601 are not read."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if str(day) == text else None


def _is_readable(text: str) -> bool:
    """Whether a database keeps it and a person can read it."""
    return all(sign.isprintable() or sign in "\n\t" for sign in text)
