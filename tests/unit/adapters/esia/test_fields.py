"""Single fields as ESIA and gateways write them."""

from datetime import date
from typing import Any

import pytest

from registratura.adapters.esia import fields
from registratura.domain.people import Snils


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("28.02.1990", date(1990, 2, 28)),
        ("29.02.2024", date(2024, 2, 29)),
        ("29.02.2023", None),
        ("1.02.1990", None),
        ("28.02.90", None),
        ("1990-02-28", None),
        ("28.02.1990 ", None),
        ("٢٨.02.1990", None),
        ("00.00.0000", None),
        (None, None),
        (19900228, None),
    ],
)
def test_days_of_esia(told: Any, day: date | None) -> None:
    assert fields.dotted_day(told) == day


@pytest.mark.parametrize(
    ("told", "day"),
    [("1990-02-28", date(1990, 2, 28)), ("0000-02-28", None), ("1990", None), ("1990-02-28T00:00", None)],
)
def test_days_of_openid_connect(told: Any, day: date | None) -> None:
    assert fields.iso_day(told) == day


@pytest.mark.parametrize(
    ("told", "digits"),
    [
        ("112-233-445 95", "11223344595"),
        ("11223344595", "11223344595"),
        ("000-000-600 06", "00000060006"),
        ("112-233-445 96", None),
        ("112-233-445", None),
        ("", None),
        (11223344595, None),
    ],
)
def test_snils_needs_its_control_number(told: Any, digits: str | None) -> None:
    assert fields.snils(told) == (Snils(digits) if digits else None)


@pytest.mark.parametrize(
    ("told", "phone"),
    [
        ("+7(926)1234567", "+79261234567"),
        ("8 926 123-45-67", "+79261234567"),
        ("+375 29 123-45-67", "+375291234567"),
        ("+84 912 345 678", "+84912345678"),
        ("+852 5123 4567", "+85251234567"),
        ("29 123 45 67 890", None),
        ("+7(926)123456", "+7926123456"),
        ("926", None),
        ("+7(926)1234567;ext=1", None),
        (79261234567, None),
    ],
)
def test_phones(told: Any, phone: str | None) -> None:
    assert fields.phone(told) == phone


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("  Анна   Мария ", "Анна Мария"),
        ("Анна\u00a0Мария", "Анна Мария"),
        ("О'Нил", "О'Нил"),
        ("", None),
        (" ", None),
        ("А\u0000", None),
        ("\ud800", None),
        ("\u202eанна", None),
        ("а" * 100, "а" * 100),
        ("а" * 101, None),
        (5, None),
    ],
)
def test_texts(told: Any, text: str | None) -> None:
    assert fields.text(told) == text


@pytest.mark.parametrize(
    ("told", "subject"),
    [(1000299353, "1000299353"), ("a b", "a b"), (" a", None), ("a  b", None), (True, None), (1.0, None), ("", None)],
)
def test_subjects_are_not_mended(told: Any, subject: str | None) -> None:
    assert fields.subject(told) == subject
