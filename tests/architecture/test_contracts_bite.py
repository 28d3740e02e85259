"""Each import contract is broken once in a copy of the package and must turn red."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Contract id, what breaks it, and the files that do: path below registratura -> source.
OFFENCES: list[tuple[str, str, Mapping[str, str]]] = [
    ("layers", "the domain imports a use case", {"domain/offender.py": "import registratura.application"}),
    ("layers", "a module without a floor", {"offender.py": ""}),
    ("layers", "a double imports an adapter", {"testing/offender.py": "import registratura.adapters"}),
    ("core", "a use case imports SQL", {"application/offender.py": "import sqlalchemy"}),
    ("core", "a use case imports an adapter", {"application/offender.py": "import registratura.adapters"}),
    ("core", "the domain logs", {"domain/offender.py": "import logging"}),
    ("waiting", "the domain waits", {"domain/offender.py": "from asyncio import sleep"}),
    (
        "adapters",
        "one adapter imports another",
        {
            "adapters/offender/__init__.py": "import registratura.adapters.neighbour",
            "adapters/neighbour/__init__.py": "",
        },
    ),
    ("composition", "a command picks an adapter", {"entrypoints/offender.py": "import registratura.adapters"}),
    ("emulators", "an emulator borrows a rule", {"emulators/offender.py": "import registratura.domain"}),
    ("runners", "the worker imports HTTP", {"entrypoints/worker/offender.py": "import registratura.entrypoints.http"}),
    (
        "cycles",
        "two concepts import each other",
        {
            "domain/offender.py": "import registratura.domain.accomplice",
            "domain/accomplice.py": "import registratura.domain.offender",
        },
    ),
]


def contracts() -> Mapping[str, str]:
    """Names of the contracts by id."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract["name"] for contract in configuration["tool"]["importlinter"]["contracts"]}


def only_source(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "registratura", tmp_path / "registratura", ignore=only_source)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("contract", "files"), [(c, f) for c, _, f in OFFENCES], ids=[why for _, why, _ in OFFENCES])
def test_an_offence_breaks_its_contract(copy: Path, contract: str, files: Mapping[str, str]) -> None:
    for path, source in files.items():
        offender = copy / "registratura" / path
        offender.parent.mkdir(parents=True, exist_ok=True)
        offender.write_text(source)
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--contract", contract]
    linted = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert linted.returncode == 1, linted.stdout
    assert f"{contracts()[contract]} BROKEN" in linted.stdout
    # Named, so that the offence and not something else is what turned the contract red.
    assert "offender" in linted.stdout


def test_every_contract_is_broken_once() -> None:
    assert {contract for contract, _, _ in OFFENCES} == set(contracts())
