"""Pages of signing in: the form, the way to Gosuslugi and back, and tying a MAX account."""

from typing import assert_never
from urllib.parse import quote

from returns.pipeline import is_successful
from starlette.requests import Request
from starlette.responses import Response

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import NotSignedIn, Returned
from registratura.application.signing_in import Blocked, Foreign
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.rendering import message, own_page, page, redirect
from registratura.entrypoints.http.pages.texts import Kind
from registratura.entrypoints.http.pages.visitors import Guest, guest_of

LONGEST_PASSWORD = 1024


async def form(request: Request, product: Registratura) -> Response:
    """`GET /login`: both ways in (AUTH-02)."""
    guest = await guest_of(request, product)
    next_page = own_page(request.query_params.get("next"))
    if guest.visitor is not None:
        return redirect(guest.look, next_page)
    return guest.answer(_form(guest, product, next_page))


def _form(guest: Guest, product: Registratura, next_page: str, *, login: str = "", fault: str = "") -> Response:
    return page(
        "login.html",
        guest.look,
        status=401 if fault else 200,
        next=next_page,
        login=login,
        fault=fault,
        with_esia=product.people.esia is not None,
    )


async def by_password(request: Request, product: Registratura) -> Response:
    """`POST /login`: one text for everything that is wrong (AUTH-07)."""
    guest = await guest_of(request, product)
    given = await guest.form()
    login, password = given.get("login", "").strip(), given.get("password", "")
    next_page = own_page(given.get("next"))
    if not login or not password or len(password) > LONGEST_PASSWORD or "\0" in login:
        return guest.answer(_form(guest, product, next_page, login=login, fault=_wrong_password(product)))
    verdict = await product.people.by_password(login, password)
    if is_successful(verdict):
        if guest.session is not None:
            await product.people.know.sign_out(guest.session)
        return guest.answer(redirect(guest.look, next_page), session=verdict.unwrap().secret)
    return guest.answer(_form(guest, product, next_page, login=login, fault=_wrong_password(product)))


def _wrong_password(product: Registratura) -> str:
    lockout = product.settings.auth
    return texts.LOGIN_REFUSED.format(tries=lockout.max_failures, minutes=lockout.lock_minutes)


async def to_esia(request: Request, product: Registratura) -> Response:
    """`GET /login/esia`: to Gosuslugi (AUTH-08)."""
    guest = await guest_of(request, product)
    return await _begin(guest, product, own_page(request.query_params.get("next")))


async def link(request: Request, product: Registratura) -> Response:
    """`GET /login/max/{secret}`: what the bot's link opens. Looking at it, as previews do, uses nothing up."""
    guest = await guest_of(request, product)
    secret = request.path_params["secret"]
    if product.people.esia is None:
        return message(guest.look, Kind.WARNING, texts.LINK_TITLE, texts.ESIA_OFF)
    if not await product.people.esia.begin.is_good(secret):
        return _link_gone(guest, product)
    return guest.answer(page("link.html", guest.look, go=f"/login/max/{quote(secret, safe='')}/go"))


async def from_link(request: Request, product: Registratura) -> Response:
    """`GET /login/max/{secret}/go`: to Gosuslugi, and back to tie the MAX account."""
    guest = await guest_of(request, product)
    return await _begin(guest, product, "/", link=request.path_params["secret"])


def _link_gone(guest: Guest, product: Registratura) -> Response:
    text = texts.LINK_GONE.format(minutes=product.settings.max.login_link_minutes)
    return message(guest.look, Kind.ERROR, texts.LINK_GONE_TITLE, text, status=410)


async def _begin(guest: Guest, product: Registratura, next_page: str, link: str | None = None) -> Response:
    if product.people.esia is None:
        return message(guest.look, Kind.WARNING, texts.LINK_TITLE, texts.ESIA_OFF, status=404)
    try:
        begun = await product.people.esia.begin(guest.browser, next_page, link)
    except Unavailable:
        return _silent(guest)
    if not is_successful(begun):
        return _link_gone(guest, product)
    return guest.answer(redirect(guest.look, begun.unwrap().url))


async def from_esia(request: Request, product: Registratura) -> Response:
    """`GET /esia/return`: the browser comes back; nobody is signed in unless everything fits."""
    guest = await guest_of(request, product)
    if product.people.esia is None:
        return message(guest.look, Kind.WARNING, texts.LINK_TITLE, texts.ESIA_OFF, status=404)
    given = request.query_params
    returned = Returned(
        state=given.get("state"),
        code=given.get("code"),
        error=given.get("error"),
        description=given.get("error_description"),
    )
    try:
        verdict = await product.people.esia.finish(returned, None if guest.is_new else guest.browser)
    except Unavailable:
        return _silent(guest)
    if not is_successful(verdict):
        return _not_signed_in(guest, verdict.failure())
    signed_in = verdict.unwrap()
    if guest.session is not None:
        await product.people.know.sign_out(guest.session)
    to = "/login/confirm" if signed_in.to_confirm else signed_in.next_page
    return guest.answer(redirect(guest.look, to), session=signed_in.secret)


_AGAIN = {"/login/esia": texts.ESIA_SHORT, "/login": texts.SIGN_IN}
_SUPPORT = {"/feedback?page=/login/esia": texts.MALFUNCTION_LINK}


def _silent(guest: Guest) -> Response:
    links = _AGAIN | _SUPPORT
    return message(guest.look, Kind.MALFUNCTION, texts.LOGIN_TITLE, texts.ESIA_SILENT, status=503, links=links)


def _not_signed_in(guest: Guest, reason: NotSignedIn | Foreign | Blocked) -> Response:
    match reason:
        case NotSignedIn():
            text, status = texts.NOT_SIGNED_IN[reason], 200 if reason is NotSignedIn.CANCELLED else 403
        case Foreign():
            text, status = texts.FOREIGN_RETURN, 400
        case Blocked():
            text, status = texts.BLOCKED, 403
        case _:
            assert_never(reason)
    return message(guest.look, Kind.ERROR, texts.LOGIN_TITLE, text, status=status, links=_AGAIN)


async def confirm(request: Request, product: Registratura) -> Response:
    """`GET /login/confirm`: whose chat it is, before anything is tied to it."""
    guest = await guest_of(request, product)
    if guest.visitor is None or guest.visitor.session.link_hash is None:
        return redirect(guest.look, "/")
    return page("confirm.html", guest.look)


async def confirmed(request: Request, product: Registratura) -> Response:
    """`POST /login/confirm`: tie the MAX account, or not."""
    guest = await guest_of(request, product)
    given = await guest.form()
    if guest.visitor is None or product.people.esia is None:
        return redirect(guest.look, "/login")
    if given.get("answer") != "yes":
        return message(guest.look, Kind.WARNING, texts.NOT_LINKED_TITLE, texts.NOT_LINKED)
    verdict = await product.people.esia.link(guest.visitor)
    if not is_successful(verdict):
        return _link_gone(guest, product)
    if verdict.unwrap():
        return message(guest.look, Kind.SUCCESS, texts.LINKED_TITLE, texts.LINKED)
    return message(guest.look, Kind.WARNING, texts.LINKED_TITLE, texts.LINKED_WITHOUT_CARD)


async def sign_out(request: Request, product: Registratura) -> Response:
    """`POST /logout`."""
    guest = await guest_of(request, product)
    await guest.form()
    if guest.session is not None:
        await product.people.know.sign_out(guest.session)
    return guest.answer(redirect(guest.look, "/"), signs_out=True)
