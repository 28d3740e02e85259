"""docs/requirements.md and the `req` markers of the tests name the same rows."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| *([A-Z]{2,6}-\d{1,3}) *\| *(\S.*?) *\| *(\S.*?) *\|$")


def rows_of_the_page() -> list[str]:
    lines = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8").splitlines()
    return [match.group(1) for line in lines if (match := ROW.match(line))]


def ids_in_markers() -> set[str]:
    return {row for module in (ROOT / "tests").rglob("*.py") for row in _ids(ast.parse(module.read_bytes()))}


def _ids(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.req":
            yield from (ast.literal_eval(argument) for argument in node.args)


def test_every_id_in_a_marker_has_a_row() -> None:
    assert sorted(ids_in_markers() - set(rows_of_the_page())) == []


def test_every_row_is_named_by_a_test() -> None:
    assert sorted(set(rows_of_the_page()) - ids_in_markers()) == []


def test_no_row_stands_twice() -> None:
    assert [row for row, count in Counter(rows_of_the_page()).items() if count > 1] == []


def test_the_scan_sees_markers_on_functions_classes_and_parameters() -> None:
    source = """
@pytest.mark.req("TMK-1", "TMK-2")
def test_one() -> None: ...

@pytest.mark.req("FER-3")
class TestTwo: ...

pytestmark = [pytest.mark.req("SIGN-4")]
case = pytest.param(1, marks=pytest.mark.req("CALL-5"))
"""
    assert set(_ids(ast.parse(source))) == {"TMK-1", "TMK-2", "FER-3", "SIGN-4", "CALL-5"}
