"""What fits into one message; every messenger and its double checks it before anything leaves.

Limits of MAX: reference, sections 5 (text) and 6 (keyboard). Lengths are UTF-16 code units, the measure in which MAX
counts offsets, so that an emoji never tips a message over the limit on the other side only.
"""

from registratura.application.ports.messenger import Button, LinkButton, Message, Row

TEXT = 4000
ROWS = 30
ROW = 7
ROW_WITH_LINK = 3
BUTTON_TEXT = 128
PAYLOAD = 1024
URL = 2048


class DoesNotFit(ValueError):
    """A message over the limits: our mistake, told by limit and place, never by words."""


def length(words: str) -> int:
    """The length of *words* as MAX counts it."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def require_fitting(message: Message) -> None:
    """Raise `DoesNotFit` that names the limit and the place, never the words, when *message* cannot be sent."""
    _length("text", message.text, TEXT)
    if len(message.keyboard) > ROWS:
        raise DoesNotFit(f"keyboard: at most {ROWS} rows expected, {len(message.keyboard)} given")
    for number, row in enumerate(message.keyboard):
        _row(f"keyboard[{number}]", row)


def _row(place: str, row: Row) -> None:
    most = ROW_WITH_LINK if any(isinstance(button, LinkButton) for button in row) else ROW
    if not 1 <= len(row) <= most:
        raise DoesNotFit(f"{place}: 1 to {most} buttons expected, {len(row)} given")
    for number, button in enumerate(row):
        _button(f"{place}[{number}]", button)


def _button(place: str, button: Button | LinkButton) -> None:
    _length(f"{place}.text", button.text, BUTTON_TEXT)
    match button:
        case Button():
            _length(f"{place}.payload", button.payload, PAYLOAD)
        case LinkButton():
            _length(f"{place}.url", button.url, URL)


def _length(place: str, words: str, most: int) -> None:
    try:
        length = len(words.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        # The error itself would carry the words.
        raise DoesNotFit(f"{place}: whole characters expected") from None
    if not 1 <= length <= most or not words.strip():
        raise DoesNotFit(f"{place}: 1 to {most} characters expected, {length} given")
