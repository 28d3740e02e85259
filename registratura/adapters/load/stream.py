"""A stream of bytes → raw JSON values one by one, in flat memory: NDJSON, an array, or the envelope of the FER profile.

The form is told by the beginning of the text. In NDJSON a broken line stands for itself; elsewhere nothing after a
broken place can be trusted.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import chain
from typing import Final, NoReturn

import attrs
import orjson

from registratura.adapters.load import texts
from registratura.adapters.load.limits import Limits
from registratura.adapters.load.source import Broken

_PEEK: Final = 1024
"""Bytes after the first space that tell the form."""
_MOST_SPACE: Final = 64 * 1024
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_ENVELOPE: Final = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"data"[ \t\r\n]*:[ \t\r\n]*\[')
_ARRAY: Final = re.compile(rb"[ \t\r\n]*\[")
_SPREAD_OUT: Final = re.compile(rb"[ \t\r\n]*\{[ \t\r]*\n")


class Form(Enum):
    """How the values of a load are strung together."""

    LINES = "lines"
    """NDJSON."""
    ARRAY = "array"
    ENVELOPE = "envelope"
    """`{"data": […]}` of the FER profile."""
    SPREAD = "spread"
    """Objects one after another, each over several lines."""


@attrs.frozen
class Unreadable:
    """A line that is no JSON, and what to do about it."""

    reason: str


def told_form(chunks: Iterable[bytes]) -> tuple[Form, Iterator[bytes]]:
    """The form of the text and the whole text again."""
    rest = iter(chunks)
    head = b""
    while len(head.lstrip()) < _PEEK and len(head) < _MOST_SPACE and (chunk := next(rest, None)) is not None:
        head += chunk
    whole = chain([head], rest)
    if _ENVELOPE.match(head):
        return Form.ENVELOPE, whole
    if _ARRAY.match(head):
        return Form.ARRAY, whole
    return (Form.SPREAD if _SPREAD_OUT.match(head) else Form.LINES), whole


def values(form: Form, chunks: Iterable[bytes], limits: Limits) -> Iterator[tuple[int, object]]:
    """Each value with its number: the line of NDJSON, else its place from 1; raises `Broken` where all ends."""
    if form is Form.LINES:
        return _line_values(chunks, limits.record)
    text = _Text(_decoded(chunks), limits.record)
    return enumerate(text.series() if form is Form.SPREAD else text.elements(form), start=1)


def _line_values(chunks: Iterable[bytes], limit: int) -> Iterator[tuple[int, object]]:
    too_long = Unreadable(texts.LONG_LINE.format(limit=limit))
    for number, line in enumerate(_lines(chunks, limit), start=1):
        if line is None:
            yield number, too_long
        elif line and not line.isspace():
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                value = Unreadable(texts.BROKEN_LINE)
            yield number, value


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[bytes | None]:
    """Lines without their ends; None stands for a line over *limit*, which is never held whole."""
    rest: list[bytes] = []
    held = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        held += len(first)
        if held <= limit:
            rest.append(first)
        for following in others:
            yield b"".join(rest) if held <= limit else None
            rest, held = [following], len(following)
    if held:
        yield b"".join(rest) if held <= limit else None


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Broken(texts.NOT_UTF8) from error


def _no_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are no JSON


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


@attrs.define
class _Text:
    """A window on a long text that moves forward only."""

    pieces: Iterator[str]
    limit: int
    """How far the window may grow for the sake of one value, in characters."""
    text: str = ""
    at: int = 0
    is_over: bool = False
    """Whether the window reaches the end of the text."""
    line: int = 1
    column: int = 1
    """Where the window begins."""

    def elements(self, form: Form) -> Iterator[object]:
        """The elements of the one array of the text."""
        self._pass_opening(form)
        if self._next() == "]":
            self._pass()
        else:
            yield self._value()
            while self._next() == ",":
                self._pass()
                self._next()
                yield self._value()
            self._expect("]")
        if form is Form.ENVELOPE:
            self._expect("}")
        if self._next():
            raise Broken(self._place(texts.AFTER_THE_END))

    def series(self) -> Iterator[object]:
        """Values with nothing but space between them."""
        while self._next():
            yield self._value()

    def _pass_opening(self, form: Form) -> None:
        if form is Form.ENVELOPE:
            self._expect("{")
            self._next()
            self._value()
            self._expect(":")
        self._expect("[")

    def _next(self) -> str:
        """Skip space; the character that comes then, or "" at the end."""
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self.is_over:
                return ""
            self._grow(1)

    def _pass(self) -> None:
        self.at += 1

    def _expect(self, character: str) -> None:
        if self._next() != character:
            self._fail()
        self._pass()

    def _value(self) -> object:
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError):
                if self.is_over or len(self.text) - self.at > self.limit:
                    self._fail()
            else:
                # A number that touches the edge of the window may go on behind it.
                if end < len(self.text) or self.is_over:
                    self.at = end
                    return value
            self._grow(len(self.text) - self.at)

    def _grow(self, by: int) -> None:
        """Forget what is passed and read at least *by* characters more, so that the work stays linear."""
        passed = self.text[: self.at]
        lines = passed.count("\n")
        self.line += lines
        self.column = len(passed) - passed.rfind("\n") if lines else self.column + len(passed)
        parts = [self.text[self.at :]]
        read = 0
        while read < max(by, 1) and not self.is_over:
            piece = next(self.pieces, None)
            self.is_over = piece is None
            parts.append(piece or "")
            read += len(piece or "")
        self.text = "".join(parts)
        self.at = 0

    def _fail(self) -> NoReturn:
        raise Broken(self._place(texts.BROKEN_JSON if self._next() else texts.UNFINISHED_JSON))

    def _place(self, sentence: str) -> str:
        passed = self.text[: self.at]
        lines = passed.count("\n")
        column = len(passed) - passed.rfind("\n") if lines else self.column + len(passed)
        return sentence.format(line=self.line + lines, column=column)
