"""The examples run as they are, and the pages that quote them quote them word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples import embed

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(str(embed.__file__))


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_the_first_gets_the_visit_and_the_second_is_refused_as_the_readme_says(page: str) -> None:
    # -W error: what a reader copies must not warn. UTF-8 as on any terminal that shows Russian.
    command = [sys.executable, "-X", "utf8", "-W", "error", str(EXAMPLE)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout in blocks(page, "text")
    assert "booked" in ran.stdout.splitlines()[0]
    assert "SlotTaken" in ran.stdout.splitlines()[1]


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_the_readme_quotes_the_example(page: str) -> None:
    quoted = blocks(page, "python")
    assert quoted
    source = EXAMPLE.read_text(encoding="utf-8")
    assert [block for block in quoted if block not in source] == []


def test_the_example_of_a_load_is_loaded_whole(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/r.db"
    assert registratura(database, "migrate").returncode == 0
    loaded = registratura(database, "load", str(ROOT / "examples" / "region.ndjson"))
    assert loaded.returncode == 0, loaded.stderr
    assert "slot: новых 1" in loaded.stdout


def registratura(database: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as people run it, on a database of its own."""
    command = [str(Path(sys.executable).parent / "registratura"), *arguments]
    environment = os.environ | {"REGISTRATURA_DATABASE_URL": database}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
