"""Markdown and HTML of the MAX flavour."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registratura.emulators.max.formatting import formatted

SIGNS = st.text(alphabet="ab я😀 \n*_~+^`#>[]()<>/&;bih1=\"'", max_size=60)


def mark(kind: str, start: int, length: int, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "from": start, "length": length, **extra}


@pytest.mark.parametrize(
    ("source", "text", "markup"),
    [
        ("**жирно** и *курсив*", "жирно и курсив", [mark("strong", 0, 5), mark("emphasized", 8, 6)]),
        ("__жирно__ _курсив_", "жирно курсив", [mark("strong", 0, 5), mark("emphasized", 6, 6)]),
        (
            "~~a~~ ++b++ ^^c^^",
            "a b c",
            [mark("strikethrough", 0, 1), mark("underline", 2, 1), mark("highlighted", 4, 1)],
        ),
        ("`a*b*` ```c\nd```", "a*b* c\nd", [mark("monospaced", 0, 4), mark("monospaced", 5, 3)]),
        ("**a *b* c**", "a b c", [mark("strong", 0, 5), mark("emphasized", 2, 1)]),
        ("# Заголовок\nтекст", "Заголовок\nтекст", [mark("heading", 0, 9)]),
        ("> раз\n> два\nтри", "раз\nдва\nтри", [mark("quote", 0, 7)]),
        ("[сюда](https://example.org/a_b_c)", "сюда", [mark("link", 0, 4, url="https://example.org/a_b_c")]),
        ("[Анна](max://user/1001)", "Анна", [mark("user_mention", 0, 4, user_id=1001)]),
        ("😀 **а**", "😀 а", [mark("strong", 3, 1)]),
        ("2 * 2 * 2, snake_case_name, **", "2 * 2 * 2, snake_case_name, **", []),
        ("**не закрыто", "**не закрыто", []),
    ],
)
def test_markdown(source: str, text: str, markup: list[dict[str, Any]]) -> None:
    assert formatted(source, "markdown") == (text, markup)


@pytest.mark.parametrize(
    ("source", "text", "markup"),
    [
        ("<b>a</b><strong>b</strong>", "ab", [mark("strong", 0, 1), mark("strong", 1, 1)]),
        (
            "<i>a</i><s>b</s><u>c</u>",
            "abc",
            [mark("emphasized", 0, 1), mark("strikethrough", 1, 1), mark("underline", 2, 1)],
        ),
        ("<pre>a</pre><mark>b</mark>", "ab", [mark("monospaced", 0, 1), mark("highlighted", 1, 1)]),
        ("<h1>a</h1><blockquote>b</blockquote>", "ab", [mark("heading", 0, 1), mark("quote", 1, 1)]),
        ('<a href="https://example.org">a</a>', "a", [mark("link", 0, 1, url="https://example.org")]),
        ('<div onclick="x()"><p>a</p></div><br>b', "ab", []),
        ("<b>a", "a", [mark("strong", 0, 1)]),
        ("a</b> &lt;b&gt; &amp; 1 < 2", "a <b> & 1 < 2", []),
    ],
)
def test_html(source: str, text: str, markup: list[dict[str, Any]]) -> None:
    assert formatted(source, "html") == (text, markup)


def test_without_a_format_nothing_is_marked() -> None:
    assert formatted("**a** <b>b</b>", None) == ("**a** <b>b</b>", [])


@given(SIGNS, st.sampled_from(["markdown", "html"]))
def test_every_mark_lies_within_the_text(source: str, kind: str) -> None:
    text, markup = formatted(source, kind)
    units = len(text.encode("utf-16-le")) // 2
    assert all(item["from"] >= 0 and item["length"] > 0 and item["from"] + item["length"] <= units for item in markup)


@given(st.text(alphabet="ab я😀\n.,!", max_size=60), st.sampled_from(["markdown", "html"]))
def test_text_without_signs_stays_as_it_is(source: str, kind: str) -> None:
    assert formatted(source, kind) == (source, [])


def test_deeply_nested_signs_do_no_harm() -> None:
    assert set(formatted("*_" * 2000, "markdown")[0]) == set("*_")
    assert formatted("<b><i>" * 600 + "x", "html")[0] == "x"
