"""The start page, services, one's bookings, the door of a consultation and words to support."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from registratura.application.dialogue.screens import AppointmentOffer
from registratura.application.joining import (
    ComeIn,
    NeedsEsia,
    NotReady,
    Over,
    Refused,
    SignInFirst,
    TooEarly,
)
from registratura.application.ports.feedback import Words
from registratura.domain.identifiers import AppointmentId
from registratura.entrypoints.composition import Registratura, moment_words
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.rendering import Look, message, page, redirect
from registratura.entrypoints.http.pages.texts import Kind
from registratura.entrypoints.http.pages.visitors import guest_of
from registratura.entrypoints.http.wire import is_id

LONGEST_WORDS = 4000
_REQUIRED = ("subject", "description")


def _services(look: Look) -> Mapping[str, tuple[str, str]]:
    """What a visitor may use; the full list is for who is signed in (AUTH-14)."""
    if look.visitor is None:
        return {address: words for address, words in texts.SERVICES.items() if address != "/bookings"}
    return texts.SERVICES | (texts.ADMIN_SERVICES if look.is_administrator else {})


async def home(request: Request, product: Registratura, links: str) -> Response:
    """`GET /`; *links* are those of a host, as HTML."""
    guest = await guest_of(request, product)
    return guest.answer(page("home.html", guest.look, services=_services(guest.look), links=links))


async def services(request: Request, product: Registratura) -> Response:
    """`GET /services`."""
    guest = await guest_of(request, product)
    return guest.answer(page("services.html", guest.look, services=_services(guest.look)))


async def how_to(request: Request, product: Registratura) -> Response:
    """`GET /help`."""
    guest = await guest_of(request, product)
    return guest.answer(page("help.html", guest.look))


async def bookings(request: Request, product: Registratura) -> Response:
    """`GET /bookings`: what is ahead, of the visitor and of those the visitor may act for."""
    guest = await guest_of(request, product)
    if guest.visitor is None:
        return guest.answer(redirect(guest.look, "/login?next=/bookings"))
    card = guest.visitor.account.patient
    found = await product.people.upcoming(card) if card is not None else None
    nothing = texts.NO_CARD if found is None else texts.NO_BOOKINGS
    rows = [_booking(visit, product.clock.now(), product) for visit in found or ()]
    return page("bookings.html", guest.look, bookings=rows, nothing=nothing)


def _booking(visit: AppointmentOffer, now: datetime, product: Registratura) -> Mapping[str, object]:
    return {
        "when": moment_words(visit.starts, visit.zone),
        "patient": visit.patient.name.full,
        "doctor": visit.resource.label,
        "place": visit.organisation.name,
        "purpose": visit.purpose.name if visit.purpose is not None else None,
        "online": visit.online,
        "state": texts.BOOKING_STATES.get(visit.state) if visit.state is not None else None,
        "link": f"/consultations/{visit.id}" if visit.is_open(product.settings.link_lead, now) else None,
    }


async def join(request: Request, product: Registratura) -> Response:
    """`GET /consultations/{id}`: in, or a page that tells nobody anything about anybody else (CONS-02 to CONS-11)."""
    guest = await guest_of(request, product)
    id_ = request.path_params["id"].lower()
    asked = AppointmentId(id_ if is_id(id_) else "-")
    verdict = await product.people.join(asked, guest.visitor)
    here = f"/consultations/{asked}"
    if isinstance(verdict, ComeIn):
        return redirect(guest.look, verdict.url)
    if isinstance(verdict, SignInFirst):
        way = "/login/esia" if verdict.by_esia and product.people.esia is not None else "/login"
        return guest.answer(redirect(guest.look, f"{way}?next={here}"))
    return _at_the_door(verdict, guest.look, here)


def _at_the_door(verdict: NeedsEsia | Refused | TooEarly | Over | NotReady, look: Look, here: str) -> Response:
    says = partial(message, look, title=texts.JOIN_TITLE)
    match verdict:
        case NeedsEsia():
            links = {f"/login/esia?next={here}": texts.ESIA_SHORT}
            return says(kind=Kind.ERROR, text=texts.JOIN_ESIA, status=403, links=links)
        case Refused():
            return says(kind=Kind.ERROR, text=texts.JOIN_REFUSED, status=403)
        case TooEarly(opens_at):
            text = texts.JOIN_EARLY.format(when=moment_words(opens_at, _zone(opens_at)))
            return says(kind=Kind.WARNING, text=text, links={here: texts.REFRESH})
        case Over():
            return says(kind=Kind.WARNING, text=texts.JOIN_OVER, status=410)
        case NotReady():
            return says(kind=Kind.WARNING, text=texts.JOIN_NOT_READY, status=503, links={here: texts.REFRESH})


def _zone(moment: datetime) -> ZoneInfo:
    assert isinstance(moment.tzinfo, ZoneInfo)  # noqa: S101  # the use case gives the clinic's
    return moment.tzinfo


async def feedback_form(request: Request, product: Registratura) -> Response:
    """`GET /feedback`; `?code=` of a malfunction and `?page=` are filled in."""
    guest = await guest_of(request, product)
    given = dict.fromkeys(texts.FEEDBACK_FIELDS, "")
    for name in ("code", "page"):
        given[name] = request.query_params.get(name, "")[:200]
    return guest.answer(page("feedback.html", guest.look, given=given, faults={}))


async def feedback(request: Request, product: Registratura) -> Response:
    """`POST /feedback`: kept under a number that is shown (OPS-21)."""
    guest = await guest_of(request, product)
    form = await guest.form()
    given = {name: form.get(name, "").strip().replace("\0", "") for name in texts.FEEDBACK_FIELDS}
    faults = {name: texts.FEEDBACK_MISSING for name in _REQUIRED if not given[name]}
    too_long = texts.FEEDBACK_TOO_LONG.format(longest=LONGEST_WORDS)
    faults |= {name: too_long for name, value in given.items() if len(value) > LONGEST_WORDS}
    if faults:
        return guest.answer(page("feedback.html", guest.look, status=422, given=given, faults=faults))
    account = guest.visitor.account.id if guest.visitor is not None else None
    words = Words(**given, account=account, at=product.clock.now())
    number = await product.storage.transact(lambda tx: tx.feedback.keep(words))
    return message(guest.look, Kind.SUCCESS, texts.FEEDBACK_TITLE, texts.FEEDBACK_SENT.format(number=number))
