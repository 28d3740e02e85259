"""Russian words for counts, ages, days and times."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from registratura.adapters.max import texts

FULL_YEARS_FROM = 3
"""From this age on months are not said (console wording: «2 года 4 мес.»)."""
_TEENS = range(11, 15)
_FEW = range(2, 5)


def plural(count: int, forms: tuple[str, str, str]) -> str:
    """«5 лет»: the number with the form that goes with it (one, few, many)."""
    if count % 10 == 1 and count % 100 not in _TEENS:
        return f"{count} {forms[0]}"
    if count % 10 in _FEW and count % 100 not in _TEENS:
        return f"{count} {forms[1]}"
    return f"{count} {forms[2]}"


def age(born: date, today: date) -> str:
    """«8 лет», under three years «2 года 4 мес.», under a month «12 дней»."""
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    years, rest = divmod(months, 12)
    if years >= FULL_YEARS_FROM or (years and not rest):
        return plural(years, texts.YEARS)
    if years:
        return f"{plural(years, texts.YEARS)} {rest} {texts.MONTH_SHORT}"
    if months:
        return f"{months} {texts.MONTH_SHORT}"
    return plural(max(0, (today - born) // timedelta(days=1)), texts.DAYS)


def day_words(day: date) -> str:
    """«24 ноября, вторник»."""
    return f"{day.day} {texts.MONTHS[day.month - 1]}, {texts.WEEKDAYS[day.weekday()]}"


def date_words(day: date) -> str:
    """«24 ноября 2026»."""
    return f"{day.day} {texts.MONTHS[day.month - 1]} {day.year}"


def day_button(day: date) -> str:
    """«Вт, 24 ноября»."""
    return f"{texts.WEEKDAYS_SHORT[day.weekday()]}, {day.day} {texts.MONTHS[day.month - 1]}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """«14:30» on the clocks of *zone*."""
    return f"{moment.astimezone(zone):%H:%M}"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """«24 ноября, вторник, 14:30»."""
    return f"{day_words(moment.astimezone(zone).date())}, {clock(moment, zone)}"


def moment_short(moment: datetime, zone: ZoneInfo) -> str:
    """«24 ноября, 14:30»."""
    local = moment.astimezone(zone)
    return f"{local.day} {texts.MONTHS[local.month - 1]}, {local:%H:%M}"


def moment_button(moment: datetime, zone: ZoneInfo) -> str:
    """«24 ноя, 14:30»."""
    local = moment.astimezone(zone)
    return f"{local.day} {texts.MONTHS_SHORT[local.month - 1]}, {local:%H:%M}"


def cut(words: str, limit: int) -> str:
    """*words* in at most *limit* signs, cut at a word with «…»."""
    if len(words) <= limit:
        return words
    head = words[: limit - 1]
    at_word = head.rsplit(" ", 1)[0] if " " in head else head
    return at_word.rstrip(" ,.—-") + "…"
