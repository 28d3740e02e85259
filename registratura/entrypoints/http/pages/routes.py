"""Which page answers where."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registratura.entrypoints.composition import CONSULTATIONS_PATH, LINK_PATH, RETURN_PATH, Registratura
from registratura.entrypoints.http.pages import accounts, people, signing_in
from registratura.entrypoints.http.routing import Answer, route

Page = Callable[[Request, Registratura], Awaitable[Response]]


def routes(product: Registratura, home: str) -> list[Route]:
    """The pages over *product*; *home* are links of a host, as HTML."""

    def of(page: Page) -> Answer:
        return partial(_answer, page, product)

    return [
        route("/", {"GET": partial(people.home, product=product, links=home)}),
        route("/services", {"GET": of(people.services)}),
        route("/help", {"GET": of(people.how_to)}),
        route("/bookings", {"GET": of(people.bookings)}),
        route("/feedback", {"GET": of(people.feedback_form), "POST": of(people.feedback)}),
        route("/login", {"GET": of(signing_in.form), "POST": of(signing_in.by_password)}),
        # Gosuslugi may take its time.
        route("/login/esia", {"GET": of(signing_in.to_esia)}, has_deadline=False),
        route("/login/confirm", {"GET": of(signing_in.confirm), "POST": of(signing_in.confirmed)}),
        route(f"{LINK_PATH}/{{secret}}", {"GET": of(signing_in.link)}),
        route(f"{LINK_PATH}/{{secret}}/go", {"GET": of(signing_in.from_link)}, has_deadline=False),
        route(RETURN_PATH, {"GET": of(signing_in.from_esia)}, has_deadline=False),
        route("/logout", {"POST": of(signing_in.sign_out)}),
        route(f"{CONSULTATIONS_PATH}/{{id}}", {"GET": of(people.join)}),
        route("/admin/accounts", {"GET": of(accounts.listed), "POST": of(accounts.change)}),
    ]


def _answer(page: Page, product: Registratura, request: Request) -> Awaitable[Response]:
    return page(request, product)
