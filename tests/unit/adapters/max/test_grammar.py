"""Russian counts, ages, days and cut labels."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.adapters.max import grammar, texts


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 лет"),
        (1, "1 год"),
        (2, "2 года"),
        (5, "5 лет"),
        (11, "11 лет"),
        (14, "14 лет"),
        (21, "21 год"),
        (22, "22 года"),
        (111, "111 лет"),
        (112, "112 лет"),
        (121, "121 год"),
    ],
)
def test_the_form_goes_with_the_number(count: int, words: str) -> None:
    assert grammar.plural(count, texts.YEARS) == words


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (date(2026, 11, 20), "0 дней"),
        (date(2026, 11, 8), "12 дней"),
        (date(2026, 10, 21), "30 дней"),
        (date(2026, 10, 20), "1 мес."),
        (date(2025, 12, 1), "11 мес."),
        (date(2025, 11, 20), "1 год"),
        (date(2024, 7, 1), "2 года 4 мес."),
        (date(2024, 11, 20), "2 года"),
        (date(2023, 11, 21), "2 года 11 мес."),
        (date(2023, 11, 20), "3 года"),
        (date(2018, 1, 2), "8 лет"),
    ],
)
def test_small_children_are_counted_in_months_and_days(born: date, words: str) -> None:
    assert grammar.age(born, date(2026, 11, 20)) == words


def test_moments_are_said_on_the_clocks_of_the_zone() -> None:
    moment, zone = datetime(2026, 11, 24, 21, 30, tzinfo=UTC), ZoneInfo("Europe/Moscow")
    assert grammar.moment_words(moment, zone) == "25 ноября, среда, 00:30"
    assert grammar.moment_short(moment, zone) == "25 ноября, 00:30"
    assert grammar.moment_button(moment, zone) == "25 ноя, 00:30"
    assert grammar.day_button(date(2026, 5, 1)) == "Пт, 1 мая"


def test_a_label_is_cut_at_a_word() -> None:
    assert grammar.cut("Выдропольская районная больница, поликлиника", 40) == "Выдропольская районная больница…"
    assert grammar.cut("коротко", 40) == "коротко"
    assert grammar.cut("Ы" * 41, 40) == "Ы" * 39 + "…"


@given(st.text(min_size=1), st.integers(1, 60))
def test_a_cut_label_never_exceeds_its_limit(words: str, limit: int) -> None:
    assert len(grammar.cut(words, limit)) <= limit
