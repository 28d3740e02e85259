"""Write requirements/runtime.txt and requirements/dev.txt: the newest versions that resolve, with every published hash.

Resolved for every platform and for Python from 3.11 on, by uv in an environment of its own. The files carry no
annotations, because those name paths.
"""

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-lock"
UV = ENVIRONMENT / "bin" / "uv"


def install_uv() -> None:
    """Put the resolver where it cannot disturb the environment that tests run in."""
    venv.create(ENVIRONMENT, with_pip=True)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*map(str, pip), "install", "--quiet", "uv"], check=True)


def compile_lock(name: str, *options: str) -> None:
    """Resolve pyproject.toml into requirements/NAME.txt."""
    lock = f"requirements/{name}.txt"
    command = [
        *(str(UV), "--quiet", "--no-config", "pip", "compile", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--upgrade", "--no-annotate", "--custom-compile-command", "make lock"),
        *(*options, "--output-file", lock, "pyproject.toml"),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    print(f"{lock} written")


def main() -> None:
    """Lock what a deployment runs, then what developers add to exactly that."""
    if not UV.exists():
        install_uv()
    compile_lock("runtime", "--extra", "server")
    compile_lock("dev", "--extra", "dev", "--constraint", "requirements/runtime.txt")


if __name__ == "__main__":
    main()
