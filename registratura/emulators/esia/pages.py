"""Pages for people: who signs in, who is here, which troubles are on."""

from pathlib import Path
from urllib.parse import urlsplit

import attrs
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from registratura.emulators.esia import texts
from registratura.emulators.esia.config import EsiaEmulatorConfig
from registratura.emulators.esia.errors import UNEXPECTED, Refusal
from registratura.emulators.esia.faults import ROUTES, Faults

TEMPLATES = Path(__file__).parent / "templates"
FACE_TONES = 6


def _environment(config: EsiaEmulatorConfig) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": texts,
        # A path and not the whole address: the page works under every name of the host.
        "base": urlsplit(config.public_url).path,
        "persons": config.persons,
        "tones": FACE_TONES,
        "zip": zip,
    }
    return environment


@attrs.frozen
class Pages:
    """Every page of one emulator."""

    _config: EsiaEmulatorConfig
    _environment: Environment = attrs.field(
        init=False, default=attrs.Factory(lambda self: _environment(self._config), takes_self=True)
    )

    def choose(self, request: str, origin: str) -> Response:
        """Who signs in: *request* is the key of what was asked, *origin* is where the answer will lead."""
        # Chromium applies form-action to the redirect after the form, too.
        return self._page("choose.html", targets=f" {origin}", request=request)

    def refused(self, refusal: Refusal, status: int) -> Response:
        """The client's request is not accepted, or the emulator plays broken; nobody is sent anywhere."""
        broken = refusal is UNEXPECTED
        return self._page("refused.html", status, refusal=refusal, broken=broken)

    def left(self) -> Response:
        """After a logout without an address to return to."""
        return self._page("left.html")

    def home(self, faults: Faults, kid: str | None) -> Response:
        """Who is here, and the switches."""
        return self._page("home.html", faults=faults, kid=kid, routes=ROUTES, scopes=sorted(self._config.scopes))

    def bad_faults(self) -> Response:
        """The form of the switches names what is not there."""
        return self._page("bad_faults.html", 400)

    def _page(self, template: str, status: int = 200, *, targets: str = "", **values: object) -> Response:
        policy = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none';"
            f" form-action 'self'{targets}"
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers)
