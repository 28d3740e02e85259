"""What fits into one message; the whole table of limits stands in the messenger contract."""

import traceback

import pytest

from registratura.application.message_limits import require_fitting
from registratura.application.ports.messenger import Button, Message

SECRET = "Осенняя Анна Борисовна"


def test_an_emoji_counts_as_two_as_in_max() -> None:
    require_fitting(Message("🙂" * 2000))
    with pytest.raises(ValueError, match="text: 1 to 4000 characters expected, 4002 given"):
        require_fitting(Message("🙂" * 2001))


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (Message(SECRET * 200), "text"),
        (Message(SECRET + "\ud83d"), "text"),
        (Message("x", ((Button("a", "p"),), (Button("a", "p"), Button(SECRET * 20, "p")))), r"keyboard\[1\]\[1\].text"),
        (Message("x", ((Button("a", SECRET * 50),),)), r"keyboard\[0\]\[0\].payload"),
        (Message("x", ((Button(SECRET, "p"),) * 8,)), r"keyboard\[0\]"),
    ],
)
def test_the_fault_names_the_place_and_never_the_words(message: Message, place: str) -> None:
    with pytest.raises(ValueError, match=place) as fault:
        require_fitting(message)
    assert "Осенн" not in "".join(traceback.format_exception(fault.value))
