"""The rules and the use cases import with nothing but the base install: attrs and returns."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What `pip install registratura` without extras brings; returns itself needs typing_extensions.
BASE = ("attr", "attrs", "returns", "typing_extensions")

IMPORT_ALL = """
import importlib, pkgutil, sys

sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


@pytest.fixture
def base_install(tmp_path: Path) -> Path:
    """A folder of packages with the base install and the product alone."""
    for name in BASE:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (tmp_path / found.name).symlink_to(found)
    (tmp_path / "registratura").symlink_to(ROOT / "registratura")
    return tmp_path


def import_all(package: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # -I and -S: neither this checkout nor the packages of the environment can be seen.
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", IMPORT_ALL, str(folder), package]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", ["registratura.domain", "registratura.application"])
def test_the_core_imports_with_the_base_install(base_install: Path, package: str) -> None:
    imported = import_all(package, base_install)
    assert imported.returncode == 0, imported.stderr


def test_the_base_install_has_nothing_else(base_install: Path) -> None:
    refused = import_all("sqlalchemy", base_install)
    assert "No module named 'sqlalchemy'" in refused.stderr
