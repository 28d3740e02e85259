"""From a path to who answers: Starlette's router, with a shortcut for paths that hold no parameters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from registratura.entrypoints.http.exchanges import exchange_in

Answer = Callable[[Request], Awaitable[Response]]


@attrs.frozen
class Endpoint:
    """Answers requests to one template of paths, by method."""

    template: str
    answers: Mapping[str, Answer]
    has_deadline: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, HEAD as GET; raises what the answer raises."""
        exchange = exchange_in(scope)
        exchange.route = self.template
        exchange.has_deadline = self.has_deadline
        answer = self.answers.get(scope["method"]) or self.answers["GET"]
        response = await answer(Request(scope, receive, send))
        await response(scope, receive, send)


def route(template: str, answers: Mapping[str, Answer], *, has_deadline: bool = True) -> Route:
    """A route of ours with an answer for each of its methods, which must begin in time."""
    return Route(template, Endpoint(template, answers, has_deadline), methods=list(answers))


class Routes:
    """All routes as one application; raises HTTPException for a path or method that none of them has."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = list(routes)
        self._router = Router(self.routes, redirect_slashes=False)
        self._direct = {
            (method, known.path): known.endpoint
            for known in self.routes
            if isinstance(known, Route) and not known.param_convertors
            for method in known.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its endpoint."""
        endpoint = self._direct.get((scope["method"], scope["path"]))
        if endpoint is None:
            # The router raises instead of answering by itself only inside an application.
            scope["app"] = self
            endpoint = self._router
        await endpoint(scope, receive, send)
