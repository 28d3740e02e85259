"""Programs of the machine: bytes in, bytes out, and an end to waiting."""

import asyncio
import contextlib

from registratura.application.ports.failures import Unavailable


async def run(command: tuple[str, ...], given: bytes, seconds: float) -> bytes:
    """What *command* prints when it is *given* something on its standard input. No shell reads it.

    Raises `Unavailable` when it cannot be started, fails, or takes longer than so many *seconds*; what it says about
    that is not kept, since it may quote what it was given.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _printed(command, given)
    except TimeoutError:
        raise Unavailable("program.timeout") from None


async def _printed(command: tuple[str, ...], given: bytes) -> bytes:
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=nothing)
    except OSError as failure:
        raise Unavailable(f"program.not_started.{type(failure).__name__}") from None
    try:
        printed, _ = await process.communicate(given)
    finally:
        # Whoever stopped waiting leaves no program behind.
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Unavailable(f"program.exit.{process.returncode}")
    return printed
