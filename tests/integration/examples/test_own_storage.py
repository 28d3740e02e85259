"""Another team's storage is tested with the published package alone: this checkout and its tests cannot be seen."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "own_storage"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages as `pip install registratura[testing]` leaves it."""
    wheels, folder = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("packages")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], cwd=ROOT, check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as published:
        published.extractall(folder)
    for needed in dependencies("registratura", extra="testing"):
        for name in {file.parts[0] for file in needed.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            (folder / name).symlink_to(Path(str(needed.locate_file(name))))
    return folder


def dependencies(name: str, extra: str) -> list[Distribution]:
    """Everything that *name* with its *extra* brings along, itself left out."""
    found: dict[str, Distribution] = {}
    waiting = [(name, extra)]
    for wanted, its_extra in waiting:  # grows while it is walked through
        for line in distribution(wanted).requires or ():
            requirement = Requirement(line)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": its_extra})
            needed = canonicalize_name(requirement.name)
            if applies and needed not in found:
                found[needed] = distribution(needed)
                waiting.append((needed, ""))
    return list(found.values())


def run(installed: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    # -S and an environment of its own: neither this checkout nor the packages around it can be seen.
    command = [sys.executable, "-S", *arguments]
    environment = {"PYTHONPATH": str(installed)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_example_keeps_every_promise_with_the_published_package_alone(installed: Path, tmp_path: Path) -> None:
    example = shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    ran = run(installed, example, "-m", "pytest", "-q", "-W", "error")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout


@pytest.mark.parametrize("module", ["tests", "sqlalchemy"])
def test_nothing_else_can_be_seen(installed: Path, tmp_path: Path, module: str) -> None:
    assert "No module named" in run(installed, tmp_path, "-c", f"import {module}").stderr
