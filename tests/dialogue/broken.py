"""A storage whose lists cannot be had, as when the system behind it does not answer."""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.storage import Storage, Transaction

T = TypeVar("T")


@attrs.frozen
class _Silent:
    """Answers no question."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def silence(*_: object, **__: object) -> None:
            raise Unavailable("no answer")

        return silence


@attrs.frozen
class _Patients:
    """Knows who talks, and nobody else."""

    whole: Any

    def by_messenger(self, user: Any) -> Any:  # passes on
        return self.whole.by_messenger(user)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(_Silent(), name)  # type: ignore[no-any-return]


@attrs.frozen
class _Transaction:
    whole: Transaction

    @property
    def schedule(self) -> _Silent:
        return _Silent()

    @property
    def patients(self) -> _Patients:
        return _Patients(self.whole.patients)

    def __getattr__(self, name: str) -> Any:  # passes on
        return getattr(self.whole, name)


@attrs.frozen
class WithoutLists(Storage):
    """Everything but the lists works; with `nothing_at_all` nothing does."""

    whole: Storage
    nothing_at_all: bool = False

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        if self.nothing_at_all:
            raise Unavailable("gone")
        return await self.whole.transact(lambda tx: work(_Transaction(tx)))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.whole.read(work)

    async def ping(self) -> None:
        raise Unavailable("gone")
