"""No file names a package registry or an index option: where packages come from is the affair of each machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Brackets keep these patterns from matching their own source.
NAMED = re.compile(
    r"py[p]i\.(org|python)|pyth[o]nhosted|npm[j]s|d[e]b\.debian|arch[i]ve\.ubuntu|fil[e]:///"
    r"|-inde[x]-url|-fin[d]-links|truste[d]-host|PIP_I[N]DEX|PIP_F[I]ND|UV_I[N]DEX|UV_DEFAULT_I[N]DEX",
    re.IGNORECASE,
)


def files() -> list[Path]:
    """Every file that is, or could be, committed."""
    # The owner of a checkout in a container is often not the user who runs the tests.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_registry_or_an_index_option() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if NAMED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_locked_requirement_has_a_version_and_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    requirements = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert requirements
    assert [line for line in requirements if not re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_what_runs_is_what_was_tested() -> None:
    pinned = {
        name: set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in ("runtime", "dev")
    }
    assert pinned["runtime"] <= pinned["dev"]
