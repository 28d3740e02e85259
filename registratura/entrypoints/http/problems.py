"""Answers that say what is wrong and what to do: problem details, RFC 9457. They repeat nothing that was sent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson
from starlette.responses import Response

from registratura.entrypoints.http import texts

_JSON = (b"content-type", b"application/json")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Json(Response):
    """A JSON answer: *content* is whatever orjson writes, or bytes that are JSON already."""

    def __init__(self, content: Any, status_code: int = 200) -> None:  # noqa: ANN401  # whatever JSON can hold
        self.status_code = status_code
        self.background = None
        self.body = content if isinstance(content, bytes) else orjson.dumps(content)
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), _JSON]


@attrs.frozen
class Problem(Exception):  # a problem in the words of the RFC
    """Ends a request with an answer that names the problem."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)


def problem_response(problem: Problem, request_id: str) -> Response:
    """The problem as the RFC writes it, with our code, faults by field and the request's id."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": texts.TITLES.get(problem.status, texts.TITLES[500]),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id,
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
    return _UUID.fullmatch(text) is not None
