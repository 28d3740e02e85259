"""ESIA emulator: sign-in through Gosuslugi by ESIA's own protocol and by OpenID Connect, with test persons and a page.

`create_app(EsiaEmulatorConfig(...))` gives a Starlette application for any prefix. It keeps everything in memory.

===================================== ==============================================================================
`GET  aas/oauth2/v2/ac`               authorisation with a signed request: a page with the people and «Отмена»;
                                      `auto=<oid>` or `auto=cancel` answers at once (tests add it to the address)
`POST aas/oauth2/v3/te`               a code for an access token, a refresh token and, with `openid`, an id token
`GET  rs/prns/{oid}`                  the person, by the scopes of the Bearer token
`GET  rs/prns/{oid}/<collection>`     `kids`, `ctts`, `docs`, `addrs`: links, with `embed=(elements)` the elements
`GET  idp/ext/Logout`                 back to `redirect_url`
`GET  oidc/.well-known/…`             metadata of the OpenID Connect face; the rest of its paths stands there
`GET  /`                              the page for people: who is here, switches
`GET  _emu/jwks`                      the published keys
`GET  _emu/certificate.pem`           the same as certificates, the one that signs first
`GET, PUT _emu/faults`                see `faults.Faults`; what a PUT does not name is off
`POST _emu/keys`                      `{"keep_old": …}`: another key signs from now on; gives its `kid`
===================================== ==============================================================================

What the public material leaves open is read strictly here: URL-safe base64 without padding, no parameter twice, the
same scopes at both steps, a state for the token request that differs from the first, no refreshing.
"""

from registratura.emulators.esia.app import create_app
from registratura.emulators.esia.config import SCOPES, EsiaEmulatorConfig, OidcClient
from registratura.emulators.esia.persons import Child, Gender, Person, test_persons
from registratura.emulators.esia.signatures import FakeVerifier, Verifier

__all__ = [
    "SCOPES",
    "Child",
    "EsiaEmulatorConfig",
    "FakeVerifier",
    "Gender",
    "OidcClient",
    "Person",
    "Verifier",
    "create_app",
    "test_persons",
]
