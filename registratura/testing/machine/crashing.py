"""A storage that fails on order, before or after its commit."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar, cast

import attrs
from returns.result import Failure, Result

from registratura.application.ports.deciding import BookingJudge, CancelJudge, Overtaken, ToBook, ToCancel
from registratura.application.ports.failures import TransactionLost
from registratura.application.ports.storage import Storage, Transaction

T = TypeVar("T")
R = TypeVar("R")


class Fate(Enum):
    """What becomes of the next commit."""

    NONE = "nothing happens"
    REFUSED = "everything is written, and the answer is no after all"
    LOST_BEFORE = "the transaction is lost before its commit"
    LOST_AFTER = "the answer is lost after the commit"


class Crash(TransactionLost):
    """The storage went away, and the caller cannot know when."""


@attrs.frozen
class Refused:
    """Why the work is to leave nothing."""


@attrs.define
class CrashingStorage(Storage):
    """The storage *inner*, whose next commits meet their `fate`. Wrap it around what the use cases get."""

    inner: Storage
    fate: Fate = Fate.NONE
    lost: object = None
    """The result that the caller did not get."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        def die(tx: Transaction) -> T:
            value = work(tx)
            if self.fate is Fate.LOST_BEFORE:
                raise Crash("before the commit")
            # Whoever asked for this fate expects no other result.
            return cast("T", Failure(Refused())) if self.fate is Fate.REFUSED else value

        return await self._meet(self.inner.transact(die))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.inner.read(work)

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:
        if self.fate in {Fate.LOST_BEFORE, Fate.REFUSED}:
            # Inside of a transaction everything is written when it gets lost.
            return await Storage.book(self, asked, judge)
        return await self._meet(self.inner.book(asked, judge))

    async def cancel(self, asked: ToCancel, judge: CancelJudge[T, R]) -> Result[T, R | Overtaken]:
        if self.fate in {Fate.LOST_BEFORE, Fate.REFUSED}:
            return await Storage.cancel(self, asked, judge)
        return await self._meet(self.inner.cancel(asked, judge))

    async def ping(self) -> None:
        await self.inner.ping()

    async def _meet(self, result: Awaitable[T]) -> T:
        value = await result
        if self.fate is Fate.LOST_AFTER:
            self.lost = value
            raise Crash("after the commit")
        return value
