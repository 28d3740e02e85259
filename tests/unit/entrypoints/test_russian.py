"""What people read in the chat and on the pages is Russian."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from registratura.adapters.max import texts as chat
from registratura.entrypoints.http import pages
from registratura.entrypoints.http import texts as http
from registratura.entrypoints.http.pages import texts

BRANDS = {"MAX"}
TEMPLATES = sorted((Path(pages.__file__).parent / "templates").glob("*.html"))
SHOWN_IN_A_TAG = re.compile(r'\b(?:alt|aria-label|placeholder|title)="([^"]*)"')


def foreign(words: str) -> set[str]:
    """The words in Latin letters, of three letters and more, that are no brand."""
    return set(re.findall("[A-Za-z]{3,}", words)) - BRANDS


def of(value: object) -> Iterator[str]:
    """Every text in *value*, without its places for values."""
    if isinstance(value, str):
        yield re.sub(r"\{[^}]*\}", "", value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from of(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from of(inner)


def of_html(html: str) -> str:
    """What a page or a template shows by itself."""
    seen = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", html, flags=re.DOTALL)
    return " ".join([re.sub("<[^>]*>", " ", seen), *SHOWN_IN_A_TAG.findall(seen)])


@pytest.mark.req("OPS-22")
@pytest.mark.parametrize("catalogue", [chat, texts], ids=lambda module: module.__name__)
def test_the_catalogues_have_no_foreign_words(catalogue: ModuleType) -> None:
    told = [words for name, value in vars(catalogue).items() if not name.startswith("__") for words in of(value)]
    assert any(re.search("[а-яё]{3}", words) for words in told)
    assert set().union(*map(foreign, told)) == set()


@pytest.mark.req("OPS-22")
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_the_templates_add_none(template: Path) -> None:
    html = template.read_text(encoding="utf-8")
    assert foreign(of_html(html)) == set()
    assert "<html" not in html or '<html lang="ru">' in html


@pytest.mark.req("OPS-22")
def test_the_page_without_gosuslugi_has_none() -> None:
    assert foreign(of_html(http.LOGIN_PAGE)) == set()
