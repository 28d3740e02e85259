"""Whatever a provider says of a person, it ends as an identity or as a reason why there is none."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.adapters.esia import ClaimNames, fields
from registratura.adapters.esia.claims import person_in
from registratura.adapters.esia.keys import key_set
from registratura.adapters.esia.shapes import ESIA
from registratura.adapters.esia.tokens import sealed
from registratura.adapters.esia.verdicts import NoIdentity, error_code
from registratura.application.ports.identity import NotSignedIn
from registratura.domain.identity import Child, Identity
from registratura.domain.people import Snils
from registratura.testing import strategies

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = ClaimNames()
JUDGEMENTS = {NotSignedIn.UNTRUSTED, NotSignedIn.INCOMPLETE, NotSignedIn.NOT_CONFIRMED}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
near_days = days.map(date.isoformat) | days.map("{:%d.%m.%Y}".format) | st.from_regex(r"\d\d\.\d\d\.\d{4}")
values = anything | near_days | st.sampled_from(["M", "F", "male", "female", "112-233-445 95", True, "Анна"])


def described(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values)


esia = described("lastName", "firstName", "middleName", "birthDate", "gender", "snils")
claims = described(
    *("sub", "family_name", "given_name", "middle_name", "birthdate", "gender", "snils", "phone_number", "trusted"),
    *("children", "phone_number_verified"),
)


def ended(work: Callable[[], Identity]) -> Identity | NotSignedIn:
    """The person, or why there is none."""
    try:
        return work()
    except NoIdentity as end:
        return end.why


@given(raw=esia, phone=anything, children=st.lists(esia | anything, max_size=3))
def test_any_person_of_esia_is_read_or_incomplete(raw: dict[str, Any], phone: Any, children: list[Any]) -> None:
    known = ESIA.children(children)
    told = ended(lambda: ESIA.identity(raw, subject="1", phone=phone, children=known, at=NOW))
    assert told is NotSignedIn.INCOMPLETE or (isinstance(told, Identity) and whole(told))


@given(signed=claims, shown=claims)
def test_any_claims_are_read_or_judged(signed: dict[str, Any], shown: dict[str, Any]) -> None:
    told = ended(lambda: person_in(signed, shown, NAMES, NOW))
    if isinstance(told, Identity):
        assert whole(told)
        assert any(claims.get("trusted") is True for claims in (signed, shown))
    else:
        assert told in JUDGEMENTS


def whole(told: Identity) -> bool:
    """What is known has the form it is always known in."""
    people: list[Identity | Child] = [told, *told.children]
    names = [part for person in people for part in (person.name.last, person.name.first, person.name.middle)]
    return all(part is None or (part == part.strip() and part.isprintable() and part) for part in names) and all(
        person.snils is None or person.snils.is_issuable for person in people
    )


@given(day=days)
def test_days_come_back_as_they_were_written(day: date) -> None:
    assert fields.iso_day(day.isoformat()) == day
    assert fields.dotted_day(f"{day:%d.%m.%Y}") == day
    assert fields.iso_day(f"{day:%d.%m.%Y}") is None
    assert fields.dotted_day(day.isoformat()) is None


@given(snils=strategies.snils())
def test_snils_comes_back_however_it_is_written(snils: Snils) -> None:
    assert fields.snils(snils.formatted) == fields.snils(snils.digits) == snils


@given(snils=strategies.snils(), place=st.integers(0, 10), by=st.integers(1, 9))
def test_one_wrong_digit_makes_no_snils_or_another(snils: Snils, place: int, by: int) -> None:
    digits = snils.digits
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    read = fields.snils(wrong)
    assert read is None or (read != snils and read.is_issuable)


@given(value=anything)
def test_any_value_of_a_field_is_read_or_none(value: Any) -> None:
    for read in (fields.text, fields.subject, fields.dotted_day, fields.iso_day, fields.snils, fields.phone):
        read(value)
    code = error_code(value)
    assert code is None or code.isascii()


@given(token=anything | st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}"))
def test_anything_for_a_token_is_not_believed(token: Any) -> None:
    with pytest.raises(NoIdentity, match=r"^untrusted: "):
        sealed(token, "id_token", frozenset({"RS256"})).opened(())


@given(body=anything, keys=st.lists(described("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y") | anything))
def test_anything_for_a_key_set_gives_no_key(body: Any, keys: list[Any]) -> None:
    assert key_set(body) == ()
    assert key_set({"keys": keys}) == ()


@given(kty=st.sampled_from(["RSA", "EC"]), rest=st.dictionaries(st.sampled_from(["n", "e", "x", "y"]), st.text()))
def test_numbers_that_make_no_key_are_passed_over(kty: str, rest: dict[str, str]) -> None:
    assert key_set({"keys": [{"kty": kty, "crv": "P-256", **rest}]}) == ()
