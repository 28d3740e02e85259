"""The sandbox with a small region, in a process of its own."""

import sys
from pathlib import Path

import attrs

from tests.harness.programs import Program, answers, free_port

SCRIPT = """
import asyncio, sys
from pathlib import Path
from registratura.emulators.region import Size
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.sandbox.host import Sandbox
set_up_logging()
size = Size(organisations=4, doctors=20, days=5, patients=0)
asyncio.run(Sandbox(port=int(sys.argv[1]), data=Path(sys.argv[2]), size=size).run(fresh=False))
"""


@attrs.define
class SmallSandbox(Program):
    """A program that also knows its address."""

    address: str = ""


def small_sandbox(folder: Path) -> SmallSandbox:
    """Not started yet; its data are in *folder*/data."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    return SmallSandbox(
        "sandbox",
        [sys.executable, "-c", SCRIPT, str(port), folder / "data"],
        folder,
        ready=lambda: answers(f"{address}/sandbox/max/_people"),
        address=address,
    )
