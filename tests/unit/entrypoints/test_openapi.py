"""The document of the API is valid, and says what the code does."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

from registratura.domain.refusals import BookingCode
from registratura.entrypoints.composition import compose
from registratura.entrypoints.http import docs, openapi, texts, wire
from registratura.entrypoints.http.api import routes
from registratura.entrypoints.http.problems import Problem
from registratura.entrypoints.settings import load_settings

DOCUMENT: dict[str, Any] = orjson.loads(orjson.dumps(openapi.DOCUMENT))
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_is_valid() -> None:
    validate(DOCUMENT)


@pytest.mark.anyio
async def test_it_has_exactly_the_paths_and_methods_that_are_served(tmp_path: Path) -> None:
    settings = load_settings({"REGISTRATURA_DATABASE_URL": f"sqlite:///{tmp_path}/registry.db"}, tmp_path)
    async with compose(settings) as product:
        served = {
            (route.path, method.lower()) for route in routes(product) for method in (route.methods or set()) - {"HEAD"}
        }

    assert {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods} == served


def test_an_application_has_the_fields_that_are_read() -> None:
    application = SCHEMAS["Application"]
    body = dict.fromkeys(application["properties"], "x") | {"kind": "APPOINTMENT", "channel": "portal"}

    wire.read_application(orjson.dumps(body))
    with pytest.raises(Problem) as missing:
        wire.read_application(b"{}")

    assert [fault["field"] for fault in missing.value.errors] == application["required"]


def test_every_code_of_a_refusal_is_explained() -> None:
    told = {int(code) for code in re.findall(r"^- (\d+):", DOCUMENT["info"]["description"], re.MULTILINE)}
    assert told == {int(code) for code in BookingCode} - {BookingCode.BOOKED}


def test_every_operation_says_what_may_go_wrong() -> None:
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            problems = [
                status
                for status, answer in operation["responses"].items()
                if "application/problem+json" in answer.get("content", {})
            ]
            assert {"401", "500", "503"} <= set(problems)
            assert all(int(status) in texts.TITLES for status in problems)


def test_the_page_shows_every_operation_and_needs_nothing_from_elsewhere() -> None:
    page = docs.page(DOCUMENT)

    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<script" not in page
    assert "style=" not in page
    assert set(re.findall(r'(?:href|src)="([^"]*)"', page)) == {"/static/page.css", "/openapi.json"}
    assert "Idempotency-Key" in page
