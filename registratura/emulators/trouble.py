"""Trouble on a switch, as far as it is the same for every counterpart."""

from typing import Any, Generic, Protocol, TypeVar

import attrs
import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Troubles(Protocol):
    """An attrs class that says which troubles are on."""

    @property
    def times(self) -> int | None:
        """How many more requests are struck; None for every one."""
        ...

    def strikes(self, route: str) -> bool:
        """Whether a request is among the struck ones."""
        ...


F = TypeVar("F", bound=Troubles)


@attrs.define
class Switchboard(Generic[F]):
    """Holds the current faults; *calm* are none."""

    calm: F
    current: F = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.current = self.calm

    def strike(self, route: str) -> F:
        """The faults for this request, counting it; calm if it is not struck."""
        faults: Any = self.current
        if not faults.strikes(route):
            return self.calm
        if faults.times is not None:
            self.current = attrs.evolve(faults, times=faults.times - 1)
        struck: F = faults
        return struck


class CutResponse(Response):
    """Promises a body and never sends it, so the server closes the connection half-way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the ASGI signature
        """Send the head alone."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"65536")]})


def json_response(content: object, status: int = 200) -> Response:
    """JSON with its character set named, as VK and MAX send it."""
    return Response(orjson.dumps(content), status, media_type="application/json; charset=utf-8")
