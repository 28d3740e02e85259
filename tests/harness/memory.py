"""How much memory a process took."""

from pathlib import Path


def peak() -> float:
    """The most memory that this process held at once, in MB; of Linux alone.

    `getrusage` would do elsewhere, but there it starts from what the parent process held.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) / 1024
