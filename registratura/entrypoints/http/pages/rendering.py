"""Pages from templates, with the headers that every page has."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from registratura.application.signing_in import Visitor
from registratura.domain.accounts import Role
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.texts import Kind

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would send our own forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # What is on the page is somebody's own.
    "Cache-Control": "no-store",
}
_TEMPLATES = Environment(
    loader=PackageLoader("registratura.entrypoints.http.pages"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@attrs.frozen(kw_only=True)
class Look:
    """What every page shows besides what it is about."""

    visitor: Visitor | None = None
    csrf: str = attrs.field(default="", repr=False)
    strict_transport: bool = False
    """Browsers are to come by https only."""
    room_site: str = ""
    """Where a form may lead besides our own pages: browsers check each redirect that follows one."""

    @property
    def is_administrator(self) -> bool:
        """Whether the visitor manages accounts."""
        return self.visitor is not None and self.visitor.account.role is Role.ADMINISTRATOR

    def headers(self) -> Mapping[str, str]:
        """The headers of a page."""
        headers = {**HEADERS, "Content-Security-Policy": f"{_POLICY} {self.room_site}".rstrip()}
        if self.strict_transport:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers


def page(template: str, look: Look, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  # what templates show
    """A page made of *template*."""
    body = _TEMPLATES.get_template(template).render(texts=texts, look=look, Kind=Kind, **values)
    return HTMLResponse(body, status_code=status, headers=dict(look.headers()))


def message(
    look: Look, kind: Kind, title: str, text: str, *, status: int = 200, links: Mapping[str, str] | None = None
) -> Response:
    """A page that says one thing; *links* are addresses with their words."""
    return page(
        "message.html", look, status=status, kind=kind, title=title, text=text, links=links or {"/": texts.HOME}
    )


def redirect(look: Look, to: str) -> Response:
    """Send the browser to *to* by GET."""
    return RedirectResponse(to, status_code=303, headers=dict(look.headers()))


def own_page(address: str | None) -> str:
    """*address* if it is a page of ours, else the start page: nobody is sent away by a forged link."""
    if address is None or not address.isprintable() or not address.startswith("/"):
        return "/"
    return address if not address.startswith(("//", "/\\")) else "/"


def site_of(address: str) -> str:
    """Scheme, host and port of *address*; empty for none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
