"""A person's browser without a screen: follows links, keeps cookies, fills in forms, reads what a page says."""

import re
from html import unescape

import attrs
import httpx

ESIA_ACCOUNT = 1_000_000_000
"""Added to the number of a MAX account it is the account at the sandbox's Gosuslugi."""


def words(page: httpx.Response) -> str:
    """What a page says, without its marks."""
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.text)))


def _client() -> httpx.Client:
    # No connection outlives its request, so nobody has to close a browser.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(trust_env=False, timeout=30, limits=limits, headers={"Accept": "text/html"})


@attrs.frozen
class Browser:
    """A browser at *address*; nothing of another one is in it."""

    address: str
    http: httpx.Client = attrs.field(factory=_client, repr=False)

    def open(self, path: str, *, person: int | str = "cancel") -> httpx.Response:
        """Open a page; at the sandbox's Gosuslugi *person* signs in: a MAX account, an account there, or «cancel»."""
        return self.follow(httpx.URL(self.address).join(path), person)

    def follow(self, url: httpx.URL, person: int | str = "cancel") -> httpx.Response:
        """Go where *url* leads."""
        for _ in range(10):
            answer = self.http.get(url)
            if not answer.has_redirect_location:
                return answer
            url = at_gosuslugi(url.join(answer.headers["location"]), person)
        raise AssertionError("a circle of redirects")

    def send(self, path: str, page: str | None = None, **fields: str) -> httpx.Response:
        """Fill in the form of *page*, *path* by default, and send it to *path*."""
        return self.answer(path, self.open(page or path), **fields)

    def answer(self, path: str, form: httpx.Response, **fields: str) -> httpx.Response:
        """Send the form that is shown."""
        return self.post(path, csrf=csrf(form), **fields)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send whatever there is to send."""
        return self.http.post(f"{self.address}{path}", data=fields, follow_redirects=True)

    def copy(self) -> "Browser":
        """Another browser with the same cookies, as of a thief."""
        other = Browser(self.address)
        other.http.cookies.update(self.http.cookies)
        return other

    @property
    def has_session(self) -> bool:
        """Whether somebody is signed in, as far as cookies tell."""
        return "registratura-session" in self.http.cookies


def csrf(page: httpx.Response) -> str:
    """The secret of the form on *page*."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, f"no form on {page.url}"
    return found[1]


def at_gosuslugi(url: httpx.URL, person: int | str) -> httpx.URL:
    """*url*; where it is the sandbox's Gosuslugi, with the choice of *person* made."""
    if not url.path.endswith("/oidc/authorize"):
        return url
    return url.copy_set_param("auto", str(ESIA_ACCOUNT + person) if isinstance(person, int) else person)
