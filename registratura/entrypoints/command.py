"""The console script: what it loads is never garbage; to look there, now and at the end, takes a third of a start."""

import gc


def main() -> None:
    """Run the command `registratura`."""
    gc.disable()
    from registratura.entrypoints.cli import app  # noqa: PLC0415  # this is what takes the time

    gc.freeze()
    gc.enable()
    app()
