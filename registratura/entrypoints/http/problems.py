"""Answers that say what is wrong and what to do: problem details, RFC 9457. They repeat nothing that was sent."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs
import orjson
from starlette.requests import Request
from starlette.responses import Response

from registratura.entrypoints.http import texts


class Json(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401  # whatever JSON can hold
        """The content in UTF-8."""
        return orjson.dumps(content)


@attrs.frozen
class Problem(Exception):  # a problem in the words of the RFC
    """Ends a request with an answer that names the problem."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as the RFC writes it, with our code, faults by field and the request's id."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": texts.TITLES.get(problem.status, texts.TITLES[500]),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request.scope.get("registratura.request_id", ""),
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return Response(
        orjson.dumps(body),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=dict(problem.headers),
    )


def is_request_id(text: str) -> bool:
    """Whether a caller's request id may be taken over into our journal: a UUID and nothing else."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
