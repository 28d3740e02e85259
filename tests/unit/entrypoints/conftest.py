"""The HTTP application in the same process, over whatever `product` a module composes."""

from collections.abc import AsyncIterator

import httpx
import pytest

from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http.app import build


@pytest.fixture
async def api(product: Registratura) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token `token`."""
    transport = httpx.ASGITransport(build(product))
    headers = {"Authorization": "Bearer token"}
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example", headers=headers) as client:
        yield client
