"""Passwords hashed with Argon2id, in threads: a hash takes a good part of a second and a lot of memory."""

import asyncio
import contextlib
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 4
"""Hashes under way in one process; each takes 64 MiB."""


class Argon2Passwords:
    """`Passwords` with the parameters that the library recommends (RFC 9106, second choice)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """Whether *password* is the one that *hashed* was made of; see the port."""
        async with self._turns:
            is_right = await asyncio.to_thread(self._is_right, password, hashed or self._nobodys)
        return is_right and hashed is not None

    @cached_property
    def _nobodys(self) -> str:
        """What is compared with when there is nothing to compare with."""
        return self._hasher.hash("nobody has this password")

    def _is_right(self, password: str, hashed: str) -> bool:
        with contextlib.suppress(VerificationError, InvalidHashError):
            return self._hasher.verify(hashed, password)
        return False
