"""Whether a call is from MAX."""

import pytest

from registratura.adapters.max.webhook import secret_matches


@pytest.mark.parametrize(
    ("given", "let_in"),
    [
        ("s3cret-of-ours", True),
        ("s3cret-of-theirs", False),
        ("s3cret", False),
        ("", False),
        (None, False),
        ("é", False),
    ],
)
def test_only_our_secret_lets_in(given: str | None, let_in: bool) -> None:
    assert secret_matches("s3cret-of-ours", given) is let_in


@pytest.mark.parametrize("given", ["", None, "anything"])
def test_without_a_secret_nobody_is_let_in(given: str | None) -> None:
    assert secret_matches("", given) is False
