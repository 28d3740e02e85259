"""Who visits: cookies, and forms that only our own pages may send."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl

import attrs
from starlette.requests import Request
from starlette.responses import Response

from registratura.application.signing_in import Visitor
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http.bodies import bounded_body
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.rendering import Look, site_of
from registratura.entrypoints.http.problems import Problem

FORM_LIMIT = 64 * 1024
_OWN_SITES = {"same-origin", "none"}


@attrs.frozen(kw_only=True)
class Guest:
    """One request of one browser."""

    request: Request
    browser: str = attrs.field(repr=False)
    """A secret that the browser holds from its first page on."""
    is_new: bool
    visitor: Visitor | None
    secure: bool
    room_site: str = ""

    @property
    def look(self) -> Look:
        """What its pages show."""
        return Look(
            visitor=self.visitor,
            csrf=_csrf(self.browser),
            strict_transport=self.secure,
            room_site=self.room_site,
        )

    @property
    def session(self) -> str | None:
        """The secret of its session."""
        return self.request.cookies.get(_name("session", secure=self.secure))

    def answer(self, response: Response, *, session: str | None = None, signs_out: bool = False) -> Response:
        """*response* with the cookies that belong to it."""
        if self.is_new:
            self._set(response, "browser", self.browser)
        if session is not None:
            self._set(response, "session", session)
        if signs_out:
            response.delete_cookie(
                _name("session", secure=self.secure), secure=self.secure, httponly=True, samesite="lax"
            )
        return response

    def _set(self, response: Response, what: str, value: str) -> None:
        name = _name(what, secure=self.secure)
        # Lax, for a browser comes back from Gosuslugi by a link of theirs.
        response.set_cookie(name, value, path="/", secure=self.secure, httponly=True, samesite="lax")

    async def form(self) -> Mapping[str, str]:
        """The fields of a form of ours; raises `Problem` for one that another site sent or that is outdated."""
        body = await bounded_body(self.request, FORM_LIMIT)
        try:
            given = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
        except ValueError:
            raise Problem(400, "form.unreadable", texts.FORM_OUTDATED) from None
        if not self._is_own() or not hmac.compare_digest(given.get("csrf", "").encode(), _csrf(self.browser).encode()):
            raise Problem(403, "form.foreign", texts.FORM_OUTDATED)
        return given

    def _is_own(self) -> bool:
        headers = self.request.headers
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        origin = headers.get("origin")
        return origin is None or origin.partition("://")[2] == headers.get("host")


async def guest_of(request: Request, product: Registratura) -> Guest:
    """The browser that sent *request*, and who is signed in with it."""
    secure = str(product.settings.public.url).startswith("https:")
    browser = request.cookies.get(_name("browser", secure=secure))
    session = request.cookies.get(_name("session", secure=secure))
    return Guest(
        request=request,
        browser=browser or product.ids.secret(),
        is_new=not browser,
        visitor=await product.people.know(session),
        secure=secure,
        room_site=site_of(product.settings.tmk.external_room_url),
    )


def _name(what: str, *, secure: bool) -> str:
    """Names that browsers accept from this very host only, where they come by https."""
    return f"__Host-registratura-{what}" if secure else f"registratura-{what}"


def _csrf(browser: str) -> str:
    return sha256(f"form:{browser}".encode()).hexdigest()
