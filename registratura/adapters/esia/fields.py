"""Single fields as providers write them: any value in, ours or None out."""

import re
from datetime import date
from typing import Final

from registratura.domain.people import Snils, phone_digits

LONGEST_NAME: Final = 100
LONGEST_SUBJECT: Final = 255
"""Characters of an account's id (OpenID Connect Core, section 2)."""

_DOTTED: Final = re.compile(r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})", re.ASCII)
_ISO: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
_PHONE: Final = re.compile(r"\+?[\d\s()-]{10,24}", re.ASCII)
_FOREIGN: Final = range(10, 16)


def text(value: object, longest: int = LONGEST_NAME) -> str | None:
    """A text with single spaces; None when it is empty, too long, or holds what nobody should see."""
    if not isinstance(value, str):
        return None
    plain = " ".join(value.split())
    return plain if plain and len(plain) <= longest and plain.isprintable() else None


def subject(value: object) -> str | None:
    """The id of an account, which may come as a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # An id is compared to the letter, so nothing in it is mended.
    return value if isinstance(value, str) and value == text(value, LONGEST_SUBJECT) else None


def dotted_day(value: object) -> date | None:
    """A day as ESIA writes it: «28.02.1990»."""
    return _day(value, _DOTTED)


def iso_day(value: object) -> date | None:
    """A day as OpenID Connect writes it: «1990-02-28»; years alone and unknown years are none."""
    return _day(value, _ISO)


def snils(value: object) -> Snils | None:
    """СНИЛС with a fitting control number, «112-233-445 95» or eleven digits."""
    number = Snils.parse(value) if isinstance(value, str) else None
    return number if number is not None and number.is_issuable else None


def phone(value: object) -> str | None:
    """«+79261234567» from «+7(926)1234567»."""
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        return None
    if russian := phone_digits(value):
        return f"+{russian}"
    digits = re.sub(r"\D", "", value)
    return f"+{digits}" if value.startswith("+") and len(digits) in _FOREIGN else None


def _day(value: object, form: re.Pattern[str]) -> date | None:
    read = form.fullmatch(value) if isinstance(value, str) else None
    if read is None:
        return None
    try:
        return date(int(read["year"]), int(read["month"]), int(read["day"]))
    except ValueError:
        return None
