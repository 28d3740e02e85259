"""Programs the tests need: where a machine keeps them, and how they get onto a Debian or Ubuntu that lacks them."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.services.processes import ServiceFailedError

POSTGRES, RABBITMQ, CHROMIUM, WRK = "PostgreSQL", "RabbitMQ", "Chromium", "wrk"

PACKAGES: Mapping[str, Sequence[str]] = {
    POSTGRES: ("postgresql",),
    RABBITMQ: ("rabbitmq-server",),
    CHROMIUM: ("chromium", "fonts-dejavu-core"),
    WRK: ("wrk",),
}
POSTGRES_URL = "REGISTRATURA_TEST_POSTGRES_URL"
AMQP_URL = "REGISTRATURA_TEST_AMQP_URL"
CHROMIUM_PATH = "REGISTRATURA_TEST_CHROMIUM"
ANOTHER_WAY = {
    POSTGRES: f"or set {POSTGRES_URL} to a server where databases may be created",
    RABBITMQ: f"or set {AMQP_URL} to a broker",
    CHROMIUM: f"or run .venv/bin/playwright install --with-deps chromium, or set {CHROMIUM_PATH} to a browser",
    WRK: "or put wrk 4 on the PATH",
}
SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")


def postgres_binaries() -> Path | None:
    """The folder with initdb and postgres of the newest version, or None."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(packaged), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def rabbitmq_programs() -> tuple[Path, Path] | None:
    """The server and Erlang's port mapper, which every node needs, or None.

    The server is the script itself: the one on Debian's PATH first changes to the packaged user and its folders.
    """
    server = _first(["/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")])
    bundled = sorted(str(found) for found in Path("/usr/lib/erlang").glob("erts-*/bin/epmd"))
    epmd = _first([shutil.which("epmd"), *bundled])
    return (server, epmd) if server and epmd else None


def chromium_program() -> Path | None:
    """A Chromium of the system, or the one Playwright has downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    downloaded = sorted(str(found) for found in downloads.glob("chromium-*/chrome-linux*/chrome"))
    candidates = [*(shutil.which(name) for name in names), *reversed(downloaded)]
    return _first(found for found in candidates if found is not None and not _is_snap_stub(Path(found)))


def provide(missing: Sequence[str]) -> None:
    """Install what is *missing*, as root on a Debian or Ubuntu.

    Raises:
        ServiceFailedError: not root, another system, or the installation failed; the message says what to do.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServiceFailedError(advice(missing))
    print(f"Installing {', '.join(missing)} ...", flush=True)
    from_playwright = CHROMIUM in missing and _is_ubuntu()
    packages = [name for what in missing if not (what == CHROMIUM and from_playwright) for name in PACKAGES[what]]
    if packages:
        _apt_get(packages)
    if from_playwright:
        _run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"])


def _apt_get(packages: Sequence[str]) -> None:
    # Without this policy the packages start servers on the standard ports, which is not ours to decide.
    forbids = not SERVICE_POLICY.exists()
    if forbids:
        SERVICE_POLICY.write_text("#!/bin/sh\nexit 101\n")
        SERVICE_POLICY.chmod(0o755)
    try:
        _run(["apt-get", "update", "-q", "-q"])
        _run(["apt-get", "install", "-q", "-q", "-y", "--no-install-recommends", *packages])
    finally:
        if forbids:
            SERVICE_POLICY.unlink()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceFailedError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")


def advice(missing: Sequence[str]) -> str:
    """What a person can do about programs this machine lacks."""
    packages = " ".join(name for what in missing for name in PACKAGES[what])
    return "\n".join(
        [
            f"The tests need {', '.join(missing)}, which this machine lacks. On Debian or Ubuntu:",
            f"  sudo apt-get install {packages}",
            *(f"  {what}: {ANOTHER_WAY[what]}" for what in missing),
            "`make test-quick` runs the tests that need none of this.",
        ]
    )


def _first(candidates: Iterable[str | None]) -> Path | None:
    return next((Path(found) for found in candidates if found is not None and Path(found).exists()), None)


def _is_ubuntu() -> bool:
    return platform.freedesktop_os_release().get("ID") == "ubuntu"


def _is_snap_stub(program: Path) -> bool:
    """Ubuntu's package `chromium-browser` is a script that asks for a snap, which containers and root lack."""
    return program.stat().st_size < 10_000 and b"snap" in program.read_bytes()
