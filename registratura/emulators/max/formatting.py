"""Markdown and HTML of the MAX flavour into plain text and markup elements.

Offsets and lengths are UTF-16 code units. What does not parse stays as text, as in every messenger.
"""

import re
from html.parser import HTMLParser

import attrs

from registratura.emulators.max.store import Json

DEPTH = 8
INLINE = (
    ("```", "monospaced"),
    ("**", "strong"),
    ("__", "strong"),
    ("~~", "strikethrough"),
    ("++", "underline"),
    ("^^", "highlighted"),
    ("`", "monospaced"),
    ("*", "emphasized"),
    ("_", "emphasized"),
)
LINK = re.compile(r"\[([^\[\]\n]+)\]\(([^()\s]{1,2048})\)")
MENTION = "max://user/"
TAGS = {
    "i": "emphasized",
    "em": "emphasized",
    "b": "strong",
    "strong": "strong",
    "s": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "code": "monospaced",
    "pre": "monospaced",
    "mark": "highlighted",
    "h1": "heading",
    "blockquote": "quote",
}


def formatted(text: str, kind: str | None) -> tuple[str, list[Json]]:
    """Plain text and markup of *text* written in *kind*: ``markdown``, ``html`` or nothing."""
    if kind == "markdown":
        return _markdown(text)
    if kind == "html":
        return _html(text)
    return text, []


@attrs.define
class _Text:
    """Text under construction; counts in UTF-16 code units."""

    parts: list[str] = attrs.field(factory=list)
    markup: list[Json] = attrs.field(factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text.encode("utf-16-le")) // 2

    def mark(self, kind: str, start: int, url: str | None = None) -> None:
        if self.length == start:
            return
        element: Json = {"type": kind, "from": start, "length": self.length - start}
        if url is not None and url.startswith(MENTION) and url.removeprefix(MENTION).isdecimal():
            element |= {"type": "user_mention", "user_id": int(url.removeprefix(MENTION))}
        elif url is not None:
            element["url"] = url
        self.markup.append(element)

    def result(self) -> tuple[str, list[Json]]:
        return "".join(self.parts), sorted(self.markup, key=lambda mark: (mark["from"], -mark["length"]))


def _markdown(text: str) -> tuple[str, list[Json]]:
    out = _Text()
    for number, (kind, block) in enumerate(_blocks(text)):
        if number:
            out.add("\n")
        start = out.length
        _inline(block, out, 0)
        if kind:
            out.mark(kind, start)
    return out.result()


def _blocks(text: str) -> list[tuple[str, str]]:
    """Runs of lines that stand together: headings, quotes and ordinary text."""
    blocks: list[tuple[str, str]] = []
    for line in text.split("\n"):
        heading = re.match(r"#{1,6} +", line)
        quote = re.match(r"> ?", line)
        kind = "heading" if heading else "quote" if quote else ""
        mark = heading or quote
        content = line[mark.end() :] if mark else line
        if blocks and kind != "heading" and blocks[-1][0] == kind:
            blocks[-1] = (kind, f"{blocks[-1][1]}\n{content}")
        else:
            blocks.append((kind, content))
    return blocks


def _inline(text: str, out: _Text, depth: int) -> None:
    at = plain = 0
    while at < len(text):
        found = _span(text, at) if depth < DEPTH else None
        if found is None:
            # A run of one sign is taken or left whole, so "**" never turns into two italics.
            at += _run(text, at)
            continue
        out.add(text[plain:at])
        kind, inner, url, at = found
        plain, start = at, out.length
        if kind == "monospaced":
            out.add(inner)
        else:
            _inline(inner, out, depth + 1)
        out.mark(kind, start, url)
    out.add(text[plain:])


def _run(text: str, at: int) -> int:
    sign = text[at]
    if sign not in "*_~+^`":
        return 1
    return len(text[at:]) - len(text[at:].lstrip(sign))


def _span(text: str, at: int) -> tuple[str, str, str | None, int] | None:
    """The formatted span that opens at *at*: kind, inner text, link, and where it ends."""
    if text[at] == "[":
        link = LINK.match(text, at)
        return ("link", link[1], link[2], link.end()) if link else None
    for sign, kind in INLINE:
        if not text.startswith(sign, at):
            continue
        close = _closing(text, at, sign)
        if close > 0:
            return kind, text[at + len(sign) : close], None, close + len(sign)
    return None


def _closing(text: str, at: int, sign: str) -> int:
    """Where the span opened by *sign* at *at* closes; -1 if it is no span at all."""
    start = at + len(sign)
    within_word = sign[0] == "_" and at > 0 and text[at - 1].isalnum()
    if within_word or start >= len(text) or (text[start].isspace() and sign != "```"):
        return -1
    close = text.find(sign, start + 1)
    while close > 0:
        after = close + len(sign)
        doubled = len(sign) == 1 and sign != "`" and (text[after : after + 1] == sign or text[close - 1] == sign)
        glued = sign[0] == "_" and text[after : after + 1].isalnum()
        if not doubled and not glued and (not text[close - 1].isspace() or sign == "```"):
            return close
        close = text.find(sign, close + (2 if doubled else 1))
    return -1


class _HtmlReader(HTMLParser):
    """Collects text and markup; tags that MAX does not know are dropped, their content stays."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out = _Text()
        self.open: list[tuple[str, int, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in TAGS or tag == "a":
            self.open.append((tag, self.out.length, dict(attrs).get("href")))

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _, _ in self.open):
            return
        while self.open:
            name, start, href = self.open.pop()
            self._mark(name, start, href)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        self.out.add(data)

    def finish(self) -> tuple[str, list[Json]]:
        self.close()
        while self.open:
            self._mark(*self.open.pop())
        return self.out.result()

    def _mark(self, tag: str, start: int, href: str | None) -> None:
        if tag != "a":
            self.out.mark(TAGS[tag], start)
        elif href:
            self.out.mark("link", start, href)


def _html(text: str) -> tuple[str, list[Json]]:
    reader = _HtmlReader()
    reader.feed(text)
    return reader.finish()
