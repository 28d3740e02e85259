"""Where loads come from: files, standard input, HTTP bodies; packed by gzip or not."""

import asyncio
import sys
import zlib
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

import attrs

from registratura.adapters.load import texts
from registratura.adapters.load.limits import Limits

CHUNK: Final = 256 * 1024
STANDARD_INPUT: Final = "-"
_GZIP: Final = b"\x1f\x8b"
_WITH_GZIP_HEADER: Final = 31
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


class Broken(Exception):  # told apart from mistakes of ours where the stream is read
    """The stream cannot be read from here on; the message says why and what to do."""


class TooLarge(Exception):
    """A body is larger than its cap."""


@attrs.define
class Source:
    """An open stream of bytes that knows how far it was read, for progress bars."""

    stream: BinaryIO
    size: int | None
    """In bytes as they lie on disk, packed or not; None when nobody knows."""
    done: int = 0

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.stream.read(CHUNK):
            self.done += len(chunk)
            yield chunk


@contextmanager
def open_source(path: str, standard_input: BinaryIO | None = None) -> Iterator[Source]:
    """Open a file, or standard input when *path* is «-»; raises OSError when there is no such file."""
    if path == STANDARD_INPUT:
        yield Source(standard_input or sys.stdin.buffer, None)
        return
    with Path(path).open("rb") as stream:
        yield Source(stream, Path(path).stat().st_size)


async def receive(chunks: AsyncIterable[bytes], cap: int) -> Source:
    """Keep a body in an unnamed temporary file and return it, ready to be read; close its `stream` afterwards.

    Raises `TooLarge` as soon as more than *cap* bytes came.
    """
    with ExitStack() as opened:
        stream = opened.enter_context(TemporaryFile())
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > cap:
                raise TooLarge
            await asyncio.to_thread(stream.write, chunk)
        stream.seek(0)
        opened.pop_all()  # from here on the caller closes it
        return Source(stream, size)


def unpacked(stream: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """The bytes of the text: gzip told by content and unpacked, the mark of UTF-8 dropped; raises `Broken`."""
    head, chunks = _head(stream, len(_GZIP))
    if head.startswith(_GZIP):
        chunks = _gunzipped(chunks, limits)
    head, chunks = _head(chunks, len(_UTF8_BOM))
    if head.startswith(_UTF16_BOMS):
        raise Broken(texts.UTF16)
    if head.startswith(_UTF8_BOM):
        next(chunks)
        yield head[len(_UTF8_BOM) :]
    yield from chunks


def _head(stream: Iterable[bytes], length: int) -> tuple[bytes, Iterator[bytes]]:
    """The beginning, of *length* bytes at least where there are as many, and the whole stream again."""
    chunks = iter(stream)
    head = b""
    while len(head) < length and (chunk := next(chunks, None)) is not None:
        head += chunk
    return head, chain([head], chunks)


def _gunzipped(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    packed = given = 0
    unpacker = zlib.decompressobj(_WITH_GZIP_HEADER)
    for chunk in chunks:
        packed += len(chunk)
        # Archives may be joined end to end, and padded with zeros.
        rest = chunk.lstrip(b"\0") if unpacker.eof else chunk
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_WITH_GZIP_HEADER)
            try:
                piece = unpacker.decompress(rest, CHUNK)
            except zlib.error as error:
                raise Broken(texts.BROKEN_GZIP) from error
            rest = unpacker.unused_data.lstrip(b"\0") if unpacker.eof else unpacker.unconsumed_tail
            given += len(piece)
            if given > min(limits.expanded, limits.allowance + limits.ratio * packed):
                raise Broken(texts.SWOLLEN_GZIP)
            yield piece
    if not unpacker.eof:
        raise Broken(texts.UNFINISHED_GZIP)
