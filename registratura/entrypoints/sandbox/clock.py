"""The clock of the sandbox, moved by buttons: whoever shows the product need not wait for tomorrow."""

from datetime import timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from registratura.entrypoints.composition import MovedClock, Registratura, moment_words
from registratura.entrypoints.http.pages.rendering import page, redirect
from registratura.entrypoints.http.pages.visitors import guest_of
from registratura.entrypoints.http.routing import route
from registratura.entrypoints.sandbox import texts

PATH = "/sandbox/clock"
_STEPS = {
    "minute": timedelta(minutes=1),
    "quarter": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_A_BIT = timedelta(seconds=1)


def routes(product: Registratura, clock: MovedClock) -> list[BaseRoute]:
    """The page of *clock* and its buttons."""
    shown = partial(_shown, product=product, clock=clock)
    return [route(PATH, {"GET": shown, "POST": partial(_moved, product=product, clock=clock)})]


async def _shown(request: Request, product: Registratura, clock: MovedClock) -> Response:
    guest = await guest_of(request, product)
    zone = product.settings.region.timezone
    following = await product.storage.read(lambda tx: tx.agenda.next())
    answer = page(
        "clock.html",
        guest.look,
        words=texts,
        now=moment_words(clock.now(), zone),
        is_moved=clock.is_moved,
        following=moment_words(following, zone) if following is not None else None,
    )
    return guest.answer(answer)


async def _moved(request: Request, product: Registratura, clock: MovedClock) -> Response:
    guest = await guest_of(request, product)
    step = (await guest.form()).get("step", "")
    if step == "reset":
        clock.reset()
    elif step == "next":
        following = await product.storage.read(lambda tx: tx.agenda.next())
        if following is not None and following > clock.now():
            clock.move(following - clock.now() + _A_BIT)
    elif step in _STEPS:
        clock.move(_STEPS[step])
    return redirect(guest.look, PATH)
