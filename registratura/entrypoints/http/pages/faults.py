"""What went wrong, as a page: for a browser; programs get problem details."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Scope

from registratura.entrypoints.http.bodies import header
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.rendering import Look, message
from registratura.entrypoints.http.pages.texts import Kind
from registratura.entrypoints.http.problems import Problem

_PROGRAMS = ("/api/", "/max/webhook", "/metrics", "/readyz", "/healthz", "/openapi.json")
_WORDS: Mapping[str, str] = {"http.404": texts.NOT_FOUND, "http.405": texts.NOT_FOUND}
_UNAVAILABLE = 503
_FAULT = 500


def wants_page(scope: Scope) -> bool:
    """Whether a person's browser asks, and not a program."""
    asked = header(scope, b"accept") or ""
    return "text/html" in asked and not str(scope["path"]).startswith(_PROGRAMS)


def problem_page(problem: Problem, request_id: str) -> Response:
    """*problem* in words for a person, with the way to support where something does not work (OPS-20)."""
    look = Look()
    if problem.status in {_FAULT, _UNAVAILABLE}:
        code = request_id[:8]
        text = texts.MALFUNCTION.format(code=code) if problem.status == _FAULT else texts.TRY_AGAIN
        links = {f"/feedback?code={code}": texts.MALFUNCTION_LINK}
        return message(look, Kind.MALFUNCTION, texts.NAME, text, status=problem.status, links=links)
    words = _WORDS.get(problem.code, problem.detail)
    return message(look, Kind.ERROR, texts.NAME, words, status=problem.status)
