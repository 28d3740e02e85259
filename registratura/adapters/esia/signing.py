"""Who signs for us: GOST R 34.10-2012 lives in programs and services outside of Python."""

import contextlib
import hmac
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import attrs

from registratura.adapters.esia.programs import run
from registratura.adapters.esia.web import Heard, Line, Web, opened
from registratura.application.ports.failures import Unavailable

SIGNATURE_BYTES = 64
"""A raw signature of GOST R 34.10-2012 with a key of 256 bits."""
MESSAGE, SIGNATURE = "{message}", "{signature}"
"""Arguments of a command that stand for files, where it uses no pipes."""


class Signer(Protocol):
    """Signs with the key of our certificate."""

    @property
    def certificate_hash(self) -> str:
        """The digest of our certificate in DER by GOST R 34.11-2012 (256), 64 upper-case hexadecimal digits."""
        ...

    async def sign(self, message: bytes) -> bytes:
        """The raw signature of *message*, 64 bytes as ESIA takes them. Raises `Unavailable`."""
        ...


@attrs.frozen(kw_only=True)
class CommandSigner:
    """A program that signs: the message on its standard input, 64 bytes on its standard output.

    For programs without pipes «{message}» and «{signature}» in the arguments stand for files that live as long as the
    call. `reverse` turns the bytes around as a whole, as the output of CryptoPro's `csptest` needs it; `total` are
    seconds. No shell reads the command.
    """

    command: tuple[str, ...] = attrs.field(repr=False)  # may hold the password of a container
    certificate_hash: str
    reverse: bool = False
    total: float = 10.0

    async def sign(self, message: bytes) -> bytes:
        """Run the program once."""
        with contextlib.ExitStack() as files:
            put = _in_files(self.command, message, files)
            printed = await run(put.command, b"" if put.takes_file else message, self.total)
            signature = put.written(printed)
        return _whole(signature[::-1] if self.reverse else signature)


def openssl_command(key: Path, *, program: str = "openssl", engine: str = "gost") -> tuple[str, ...]:
    """The command by which OpenSSL with the GOST *engine* signs with *key*; its output is taken as it is."""
    return (program, "dgst", "-engine", engine, "-md_gost12_256", "-sign", str(key))


def openssl_digest(*, program: str = "openssl", engine: str = "gost") -> tuple[str, ...]:
    """The command by which OpenSSL computes the certificate's hash from its DER on standard input."""
    return (program, "dgst", "-engine", engine, "-md_gost12_256", "-binary")


@attrs.frozen(kw_only=True)
class RemoteSignerSettings:
    """A signing service: where it is, the token it asks for, if any, and the hash of the certificate it signs with."""

    url: str
    certificate_hash: str
    token: str | None = attrs.field(default=None, repr=False)
    line: Line = attrs.field(factory=lambda: Line(connect=2.0, total=10.0))


@asynccontextmanager
async def connect_signer(settings: RemoteSignerSettings) -> "AsyncIterator[RemoteSigner]":
    """A signing service with connections of its own, closed at the end."""
    async with opened(settings.line) as web:
        yield RemoteSigner(web=web, settings=settings)


@attrs.frozen(kw_only=True)
class RemoteSigner:
    """Signs by a service of the region.

    The contract: POST to the address, the body is the message (`application/octet-stream`), with `Authorization:
    Bearer` where a token is set; the answer is 200 with exactly the 64 bytes that ESIA takes, anything else is no.
    """

    web: Web
    settings: RemoteSignerSettings

    @property
    def certificate_hash(self) -> str:
        """As the settings tell it."""
        return self.settings.certificate_hash

    async def sign(self, message: bytes) -> bytes:
        """Ask once."""
        octets = "application/octet-stream"
        known = {"Authorization": f"Bearer {self.settings.token}"} if self.settings.token else {}
        headers = {"Content-Type": octets, "Accept": octets, **known}
        outcome = await self.web.exchange("POST", self.settings.url, headers, message)
        if not isinstance(outcome, Heard):
            raise Unavailable(f"signing.{outcome.reason}")
        if outcome.status != HTTPStatus.OK:
            raise Unavailable(f"signing.http.{outcome.status}")
        return _whole(outcome.body)


@attrs.frozen(kw_only=True)
class FakeSigner:
    """No GOST at all: two keyed digests that an emulator with the same secret accepts, and nobody else."""

    secret: bytes = attrs.field(repr=False)
    certificate_hash: str = "F" * 64

    async def sign(self, message: bytes) -> bytes:
        """Always the same for the same message."""
        return b"".join(hmac.digest(self.secret, half + message, "sha256") for half in (b"1", b"2"))


@attrs.frozen(kw_only=True)
class _Put:
    """A command with its files in place."""

    command: tuple[str, ...]
    takes_file: bool
    gives_file: Path | None

    def written(self, printed: bytes) -> bytes:
        if self.gives_file is None:
            return printed
        try:
            return self.gives_file.read_bytes()
        except OSError:
            return b""


def _in_files(command: tuple[str, ...], message: bytes, files: contextlib.ExitStack) -> _Put:
    takes = any(MESSAGE in word for word in command)
    gives = any(SIGNATURE in word for word in command)
    if not (takes or gives):
        return _Put(command=command, takes_file=False, gives_file=None)
    # Readable for nobody else: the message of the second step holds the code.
    folder = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="registratura-")))
    (folder / "message").write_bytes(message)
    places = {MESSAGE: str(folder / "message"), SIGNATURE: str(folder / "signature")}
    put = tuple(word.replace(MESSAGE, places[MESSAGE]).replace(SIGNATURE, places[SIGNATURE]) for word in command)
    return _Put(command=put, takes_file=takes, gives_file=folder / "signature" if gives else None)


def _whole(signature: bytes) -> bytes:
    if len(signature) != SIGNATURE_BYTES:
        raise Unavailable(f"signing.length.{len(signature)}")
    return signature
