"""Programs and services that sign, as they behave and misbehave."""

import asyncio
import hashlib
import hmac
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registratura.adapters.esia import (
    CommandSigner,
    FakeSigner,
    Line,
    RemoteSignerSettings,
    connect_signer,
    openssl_command,
    openssl_digest,
)
from registratura.application.ports.failures import Unavailable
from tests.harness.waiting import until
from tests.integration.esia.stage import Asked, Instead, Plays, hangs_up, on_stage, says, says_nothing

pytestmark = pytest.mark.anyio

MESSAGE = "REG77openid fullname2026.03.02 09:00:00 +0300сообщение".encode()
HASH = "AB" * 32
DIGEST = hashlib.sha512(MESSAGE).digest()
"""What the programs here take for a signature."""
BY_PIPES = (
    "import hashlib, sys; sys.stdout.buffer.write(hashlib.sha512(sys.stdin.buffer.read()).digest()); print(end='')"
)
BY_FILES = (
    "import hashlib, pathlib, sys\n"
    "told = pathlib.Path(sys.argv[1].removeprefix('-in=')).read_bytes()\n"
    "pathlib.Path(sys.argv[2]).write_bytes(hashlib.sha512(told).digest())\n"
    "pathlib.Path(sys.argv[3]).write_text(sys.argv[1].removeprefix('-in=') + '\\n' + sys.argv[2])\n"
    "print('signed', sys.stdin.read())"
)


def program(source: str, *arguments: str, **own: Any) -> CommandSigner:
    command = (sys.executable, "-I", "-c", source, *arguments)
    return CommandSigner(**{"command": command, "certificate_hash": HASH, **own})


async def test_a_program_signs_by_its_pipes() -> None:
    assert await program(BY_PIPES).sign(MESSAGE) == DIGEST


async def test_a_program_signs_by_files_that_are_gone_afterwards(tmp_path: Path) -> None:
    signer = program(BY_FILES, "-in={message}", "{signature}", str(tmp_path / "seen"))
    assert await signer.sign(MESSAGE) == DIGEST
    message, signature = seen(tmp_path)
    assert message.parent == signature.parent
    assert not message.parent.exists()


def seen(folder: Path) -> list[Path]:
    return [Path(line) for line in (folder / "seen").read_text().splitlines()]


async def test_the_bytes_are_turned_around_as_a_whole_where_the_program_needs_it() -> None:
    assert await program(BY_PIPES, reverse=True).sign(MESSAGE) == DIGEST[::-1]


FAILING: dict[str, tuple[str, str]] = {
    "fails": ("import sys; sys.exit(3)", "program.exit.3"),
    "says nothing": ("pass", "signing.length.0"),
    "says too much": (f"{BY_PIPES}; print()", "signing.length.65"),
    "writes no file": ("pass # {signature}", "signing.length.0"),
    "does not listen": ("import os, sys; os.close(0); sys.exit(1)", "program.exit.1"),
}


@pytest.mark.parametrize(("source", "reason"), FAILING.values(), ids=FAILING)
async def test_a_program_that_does_not_sign_is_unavailable(source: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        await program(source).sign(MESSAGE * 10_000)


async def test_a_program_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    for command in (str(tmp_path / "nothing"), str(tmp_path)):
        with pytest.raises(Unavailable, match="not_started"):
            await CommandSigner(command=(command,), certificate_hash=HASH).sign(MESSAGE)


async def test_a_program_that_takes_too_long_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="timeout"):
        await program("import time; time.sleep(600)", total=0.1).sign(MESSAGE)


async def test_a_program_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    source = (
        "import os, sys, time; print(os.getpid(), end='.', file=open(sys.argv[1], 'w'), flush=True); time.sleep(60)"
    )
    signing = asyncio.create_task(program(source, str(file), total=60.0).sign(MESSAGE))
    told = await asyncio.to_thread(until, lambda: content(file).removesuffix("."), "the program to tell its number")
    signing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing
    with pytest.raises(ProcessLookupError):
        os.kill(int(told), 0)


def content(file: Path) -> str:
    told = file.read_text() if file.exists() else ""
    return told if told.endswith(".") else ""


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    file = tmp_path / "made by a shell"
    with pytest.raises(Unavailable):
        await program("pass", f"; touch '{file}'").sign(MESSAGE)
    assert not file.exists()


def test_the_commands_of_openssl() -> None:
    assert openssl_command(Path("/keys/our key")) == (
        *("openssl", "dgst", "-engine", "gost", "-md_gost12_256"),
        *("-sign", "/keys/our key"),
    )
    assert openssl_digest(program="/opt/openssl", engine="gost2") == (
        *("/opt/openssl", "dgst", "-engine", "gost2", "-md_gost12_256"),
        "-binary",
    )


async def test_the_fake_is_two_keyed_digests() -> None:
    halves = [hmac.new(b"secret", half + MESSAGE, hashlib.sha256).digest() for half in (b"1", b"2")]
    assert await FakeSigner(secret=b"secret").sign(MESSAGE) == halves[0] + halves[1]
    assert len(FakeSigner(secret=b"secret").certificate_hash) == 64


def test_nothing_secret_is_printed() -> None:
    told = (
        FakeSigner(secret=b"hush"),
        CommandSigner(command=("csptest", "-password", "hush"), certificate_hash=HASH),
        RemoteSignerSettings(url="https://signer.example", certificate_hash=HASH, token="hush"),
    )
    assert "hush" not in repr(told)


# A signing service


class Service:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/sign"
        self.asked: list[Asked] = []
        self.instead: dict[str, list[Instead]] = {"/sign": [says(200, DIGEST)]}

    def answer(self, asked: Asked) -> tuple[int, object]:
        return 404, {}


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, list[Plays]]]:
    with on_stage() as place:
        yield place


@pytest.fixture
def service(place: tuple[str, list[Plays]]) -> Service:
    url, playing = place
    scripted = Service(url)
    playing[:] = [scripted]
    return scripted


def settings(service: Service, **own: Any) -> RemoteSignerSettings:
    return RemoteSignerSettings(**{"url": service.url, "certificate_hash": HASH, **own})


async def test_a_service_signs(service: Service) -> None:
    async with connect_signer(settings(service, token="known")) as signer:
        assert signer.certificate_hash == HASH
        assert await signer.sign(MESSAGE) == DIGEST
    (asked,) = service.asked
    assert (asked.method, asked.body) == ("POST", MESSAGE)
    assert asked.headers["content-type"] == "application/octet-stream"
    assert asked.headers["authorization"] == "Bearer known"


async def test_without_a_token_none_is_sent(service: Service) -> None:
    async with connect_signer(settings(service)) as signer:
        await signer.sign(MESSAGE)
    assert "authorization" not in service.asked[0].headers


SILENT_OR_WRONG: dict[str, Instead] = {
    "an error": says(500, DIGEST),
    "another success": says(201, DIGEST),
    "a refusal": says(403, DIGEST),
    "a byte too few": says(200, DIGEST[:-1]),
    "nothing": says(200, b""),
    "a broken line": hangs_up,
}


@pytest.mark.parametrize("trouble", SILENT_OR_WRONG.values(), ids=SILENT_OR_WRONG)
async def test_a_service_that_does_not_sign_is_unavailable(service: Service, trouble: Instead) -> None:
    service.instead["/sign"] = [trouble]
    async with connect_signer(settings(service)) as signer:
        with pytest.raises(Unavailable, match=r"^signing\."):
            await signer.sign(MESSAGE)
    assert len(service.asked) == 1


async def test_a_service_that_is_silent_is_unavailable(service: Service) -> None:
    service.instead["/sign"] = [says_nothing]
    async with connect_signer(settings(service, line=Line(connect=2.0, total=0.3))) as signer:
        with pytest.raises(Unavailable):
            await signer.sign(MESSAGE)
