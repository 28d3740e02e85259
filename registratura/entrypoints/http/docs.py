"""`/docs`: the API document for people, as one page without scripts."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from registratura.entrypoints.http import texts


def page(document: Mapping[str, Any]) -> str:
    """The OpenAPI *document* as a page."""
    info = document["info"]
    return texts.DOCS_PAGE.format(
        title=escape(info["title"]), description=_paragraphs(info["description"]), operations=_operations(document)
    )


def _operations(document: Mapping[str, Any]) -> str:
    return "\n".join(
        _operation(method, path, operation, document)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    parts = [
        f'<section id="{escape(operation["operationId"])}">',
        f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>",
        f"<p><b>{escape(operation['summary'])}.</b> {_inline(operation['description'])}</p>",
        _table(texts.DOCS_PARAMETERS, _parameters(operation)),
        _table(texts.DOCS_BODY, _body(operation, document)),
        _table(texts.DOCS_ANSWERS, _answers(operation)),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _parameters(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"] + _star(parameter["required"]), parameter.get("description", "")


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(content["schema"], document)
        for name, field in schema.get("properties", {}).items():
            allowed = ", ".join(field.get("enum", ()))
            words = [field.get("description", ""), allowed]
            yield name + _star(name in schema["required"]), ": ".join(word for word in words if word)


def _answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in operation["responses"].items():
        yield status, answer["description"]


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _star(required: bool) -> str:  # noqa: FBT001  # a mark for what is required
    return " *" if required else ""


def _table(title: str, rows: Iterator[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><td><code>{escape(name)}</code></td><td>{_inline(words)}</td></tr>" for name, words in rows)
    return f"<h3>{escape(title)}</h3><table>{lines}</table>" if lines else ""


def _paragraphs(words: str) -> str:
    return "".join(_paragraph(block) for block in words.split("\n\n"))


def _paragraph(block: str) -> str:
    if not block.startswith("- "):
        return f"<p>{_inline(block)}</p>"
    return f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in block.splitlines())}</ul>"


def _inline(words: str) -> str:
    """Words in which `such` parts are code."""
    parts = escape(words).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
