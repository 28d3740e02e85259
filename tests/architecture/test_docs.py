"""The pages tell what is there: links lead somewhere, commands, settings, names, tables and paths exist."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
import typer
from starlette.routing import BaseRoute, Mount, Route

from registratura.adapters.sql.tables import metadata
from registratura.entrypoints import cli
from registratura.entrypoints.composition import compose, migrate
from registratura.entrypoints.http.app import routes
from registratura.entrypoints.http.draining import Draining
from registratura.entrypoints.setting_values import DatabaseUrl, ListenAddress, WebAddress
from registratura.entrypoints.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BY_NAME = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
CELLS = re.compile(r"(?<!\\)\|")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", text_of(page))


def commands_of(page: Path) -> str:
    """What a reader may type: fenced blocks and code in lines."""
    return "\n".join([*FENCE.findall(text_of(page)), *CODE.findall(prose_of(page))])


def anchors_of(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(page: Path, *titles: str) -> Iterator[list[str]]:
    """The rows of every table whose first columns have these titles."""
    wanted, inside = list(titles), False
    for line in prose_of(page).splitlines():
        cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
        if not cells:
            inside = False
        elif cells[: len(wanted)] == wanted:
            inside = True
        elif inside and not set(line) <= set("|-: "):
            yield cells


# Links


def broken_links(page: Path) -> list[str]:
    return [link for link in LINK.findall(prose_of(page)) if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    if link.startswith(("https://", "mailto:")):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors_of(target))


@BY_NAME
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here we are\n[a](gone.md) [b](#here-we-are) [c](#nowhere) [d](page.md#here-we-are)\n")
    assert broken_links(page) == ["gone.md", "#nowhere"]


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(prose_of(page))
        if not link.startswith("https://")
    }
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in linked] == []


# Commands


@BY_NAME
def test_recipes_of_make_exist(page: Path) -> None:
    recipes = set(re.findall(r"^([a-z-]+):.*##", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert "run" in recipes
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", commands_of(page))) - recipes == set()


@BY_NAME
def test_commands_and_their_options_exist(page: Path) -> None:
    planned = {"conform"} if page.name.startswith("README") else set()
    told = re.findall(r"\bregistratura ([a-z]+)\b(?! import)([^\n]*)", commands_of(page))
    commands = typer.main.get_group(cli.app).commands
    assert {name for name, _ in told} - set(commands) - planned == set()
    for name, rest in told:
        options = (
            {option for parameter in commands[name].params for option in parameter.opts} if name in commands else set()
        )
        assert set(re.findall(r"--[a-z]+", rest)) - options - {"--help"} == set()


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_both_readmes_name_the_same_commands_and_pages(page: str) -> None:
    other = ROOT / page
    told = re.compile(r"^(?:export|registratura|make)\b[^#\n]*", re.MULTILINE)
    assert [line.strip() for line in told.findall(text_of(other))] == [
        line.strip() for line in told.findall(text_of(ROOT / "README.md"))
    ]


@BY_NAME
def test_extras_exist(page: Path) -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert set(re.findall(r"`(?:registratura)?\[([a-z]+)\]`", prose_of(page))) <= set(project["optional-dependencies"])


# Settings


def settings_with_defaults(section: Any, prefix: str = "") -> Iterator[tuple[str, str]]:  # an attrs instance
    for field in attrs.fields(type(section)):
        value = getattr(section, field.name)
        if attrs.has(type(value)) and not isinstance(value, DatabaseUrl | ListenAddress | WebAddress):
            yield from settings_with_defaults(value, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", _told(value)


def _told(value: object) -> str:
    match value:
        case None | "" | ListenAddress(text=""):
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case Enum():
            return f"`{value.value}`"
        case ZoneInfo():
            return f"`{value.key}`"
        case _:
            return f"`{value}`"


def test_the_page_of_settings_lists_exactly_the_settings_with_their_defaults_and_variables() -> None:
    told = {
        name.strip("`"): (default, variable.strip("`"))
        for name, _, default, variable in rows(ROOT / "docs" / "settings.md", "setting", "meaning", "default")
    }
    assert told == {
        name: (default, "REGISTRATURA_" + name.upper().replace(".", "_"))
        for name, default in settings_with_defaults(Settings())
    }


@BY_NAME
def test_variables_exist(page: Path) -> None:
    settings = {"REGISTRATURA_" + name.upper().replace(".", "_") for name, _ in settings_with_defaults(Settings())}
    known = settings | {f"{name}_FILE" for name in settings} | {"REGISTRATURA_CONFIG"}
    named = set(re.findall(r"\bREGISTRATURA_[A-Z_]+[A-Z]\b", text_of(page)))
    assert {name for name in named - known if not name.startswith("REGISTRATURA_TEST_")} == set()


# Names


@BY_NAME
def test_files_and_folders_named_exist(page: Path) -> None:
    named = re.findall(r"(?:registratura|tests|examples|docs|benchmarks)/[\w./-]*\w", prose_of(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


@BY_NAME
def test_modules_and_what_they_hold_exist(page: Path) -> None:
    assert [
        name for name in re.findall(r"`(registratura(?:\.(?!toml)\w+)+)", prose_of(page)) if not _exists(name)
    ] == []


def _exists(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            found = getattr(found, attribute, None)
        return found is not None
    return False


def test_a_name_that_is_gone_is_seen() -> None:
    assert _exists("registratura.domain.booking.book")
    assert not _exists("registratura.domain.booking.brook")
    assert not _exists("registratura.domain.brooking")


@BY_NAME
def test_imports_shown_work(page: Path) -> None:
    shown = re.findall(r"^from (registratura[\w.]*) import (.+)$", text_of(page), re.MULTILINE)
    names = [f"{module}.{name.strip()}" for module, listed in shown for name in listed.split(",")]
    assert [name for name in names if not _exists(name)] == []


def test_terms_of_the_glossary_exist_where_it_says() -> None:
    missing, seen = [], 0
    for _, english, module, _ in rows(ROOT / "docs" / "glossary.md", "Russian", "English", "module", "source"):
        holds = text_of(_source_of(module.strip("`")))
        for term in CODE.findall(english):
            seen += 1
            defined = rf"^ *(?:(?:class|def) {term}\b|{term}\b[ :=])"
            missing += [] if re.search(defined, holds, re.MULTILINE) else [f"{module}: {term}"]
    assert missing == []
    assert seen > 0


def _source_of(module: str) -> Path:
    return Path(str(importlib.import_module(module).__file__))


def test_the_page_of_tables_lists_exactly_the_tables() -> None:
    told = [name.strip("`") for name, _ in rows(ROOT / "docs" / "adapters" / "sql.md", "table", "one row is")]
    assert sorted(told) == sorted(metadata.tables)


def test_indexes_named_exist() -> None:
    named = set(re.findall(r"`((?:ix|uq)_\w+)`", prose_of(ROOT / "docs" / "adapters" / "sql.md")))
    assert named
    assert named <= {str(index.name) for table in metadata.tables.values() for index in table.indexes}


# HTTP


@pytest.fixture
async def served_routes(tmp_path: Path) -> list[BaseRoute]:
    settings = load_settings({"REGISTRATURA_DATABASE_URL": f"sqlite:///{tmp_path}/registry.db"}, tmp_path)
    migrate(settings)
    async with compose(settings) as product:
        return routes(product, Draining())


@pytest.mark.anyio
@pytest.mark.parametrize(("page", "title"), [("README.md", "path"), ("README.ru.md", "путь")])
async def test_a_proxy_is_told_about_every_path(served_routes: list[BaseRoute], page: str, title: str) -> None:
    first = {route.path.split("/")[1] for route in served_routes if isinstance(route, Route | Mount)}
    told = {code.split("/")[1] for cells in rows(ROOT / page, title) for cell in cells for code in CODE.findall(cell)}
    assert told == first


@pytest.mark.anyio
async def test_the_page_of_http_lists_exactly_the_paths(served_routes: list[BaseRoute]) -> None:
    served = {
        f"{method} {route.path}"
        for route in served_routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    headings = re.findall(r"^## (.+)$", prose_of(ROOT / "docs" / "api.md"), re.MULTILINE)
    assert {told for heading in headings for told in CODE.findall(heading)} == served


# Decisions


def test_every_decision_is_listed_and_has_the_four_headings() -> None:
    folder = ROOT / "docs" / "adr"
    decisions = sorted(folder.glob("[0-9]*.md"))
    listed = {
        link: title
        for number, title in rows(folder / "README.md", "number", "decision")
        for link in LINK.findall(number)
    }
    assert [decision.name for decision in decisions] == sorted(listed)
    for number, decision in enumerate(decisions, start=1):
        heading, *sections = re.findall(r"^#+ (.+)$", text_of(decision), re.MULTILINE)
        assert heading == f"{number:04}. {listed[decision.name]}"
        assert sections == ["Context", "Decision", "Price", "When to revisit"]


def test_the_changelog_says_what_is_not_released_yet() -> None:
    assert re.search(r"^## \[Unreleased\]\n\n### Added\n\n- ", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
