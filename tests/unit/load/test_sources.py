"""Files, standard input and bodies that come in pieces."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest

from registratura.adapters.load import TooLarge, open_source, receive


def test_a_file_knows_its_size_and_how_far_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "load.ndjson"
    file.write_bytes(b"x" * 600_000)
    with open_source(str(file)) as source:
        assert (source.size, source.done) == (600_000, 0)
        chunks = iter(source)
        first = next(chunks)
        assert source.done == len(first) < 600_000
        assert len(first + b"".join(chunks)) == source.done == 600_000


def test_a_dash_is_standard_input() -> None:
    with open_source("-", BytesIO(b"{}")) as source:
        assert (source.size, list(source)) == (None, [b"{}"])


def test_a_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_source(str(tmp_path / "none.ndjson")):
        pass


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.anyio
async def test_a_body_in_pieces_is_received_whole() -> None:
    source = await receive(pieces(b"[", b"", b"1]"), cap=3)
    with source.stream:
        assert (source.size, b"".join(source)) == (3, b"[1]")


@pytest.mark.anyio
async def test_a_body_over_its_cap_is_dropped() -> None:
    with pytest.raises(TooLarge):
        await receive(pieces(b"12", b"34"), cap=3)
