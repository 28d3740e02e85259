"""What the doctor makes of a database."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from registratura.application.examples import Shown
from registratura.entrypoints.cli import exit_code
from registratura.entrypoints.composition import Condition
from registratura.entrypoints.doctor import judge, judge_example

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WELL = Condition(version="PostgreSQL 15.8", is_current=True, is_durable=True, now=NOW, connections=100)


def found(condition: Condition, pool_size: int = 8) -> dict[str, bool]:
    return {finding.name: finding.works for finding in judge(condition, NOW, pool_size)}


def test_a_server_that_is_well_has_nothing_to_complain_about() -> None:
    assert found(WELL) == {
        "база данных": True,
        "надёжность записи": True,
        "часы": True,
        "соединения с базой": True,
    }


@pytest.mark.parametrize(
    ("wrong", "name", "advice"),
    [
        ({"is_current": False}, "база данных", "registratura migrate"),
        ({"is_durable": False}, "надёжность записи", "fsync"),
        ({"now": NOW + timedelta(minutes=3)}, "часы", "NTP"),
        ({"now": NOW - timedelta(seconds=6)}, "часы", "6.0 с"),
        ({"connections": 20}, "соединения с базой", "max_connections"),
        ({"connections": None, "free_bytes": 10_000_000}, "место на диске", "освободите"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(wrong: dict[str, object], name: str, advice: str) -> None:
    findings = judge(attrs.evolve(WELL, **wrong), NOW, 8)  # type: ignore[arg-type]  # fields by name

    [bad] = [finding for finding in findings if not finding.works]
    assert bad.name == name
    assert advice in bad.words


def test_a_few_seconds_between_two_clocks_are_no_fault() -> None:
    assert found(attrs.evolve(WELL, now=NOW + timedelta(seconds=4)))["часы"]


@pytest.mark.req("OPS-03")
def test_a_fault_that_passed_is_told_from_a_failure() -> None:
    right = judge_example(Shown("lists", None))
    passed = judge_example(Shown("booking", "Unavailable", passed=True))
    failed = judge_example(Shown("booking", "Unavailable"))
    assert "сбой, а не отказ" in passed.words
    assert failed.words.startswith("не прошёл (Unavailable)")
    codes = [exit_code(findings) for findings in ([right], [right, passed], [right, failed], [passed, failed])]
    assert codes == [0, 3, 1, 1]
