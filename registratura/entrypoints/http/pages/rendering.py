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
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
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

    @property
    def is_administrator(self) -> bool:
        """Whether the visitor manages accounts."""
        return self.visitor is not None and self.visitor.account.role is Role.ADMINISTRATOR

    def headers(self) -> Mapping[str, str]:
        """The headers of a page."""
        if not self.strict_transport:
            return HEADERS
        return {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}


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
    parts = urlsplit(address or "")
    is_own = (
        address is not None
        and address.isprintable()
        and not parts.scheme
        and not parts.netloc
        and address.startswith("/")
        and not address.startswith(("//", "/\\"))
    )
    return address if is_own and address is not None else "/"
