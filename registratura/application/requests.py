"""Requests that may come twice: the answer is kept in the commit of its effect and given again."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk, judge, question, settled, when_told
from registratura.application.ports.deciding import Answer, Decision, Fingerprint, Held, KeyReused, Known, ToCancel
from registratura.application.ports.storage import Storage
from registratura.domain import booking
from registratura.domain.appointments import Application, Appointment, ClosedAppointment
from registratura.domain.identifiers import AppointmentId
from registratura.domain.refusals import CancelRefusal, Refusal

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


@attrs.frozen(kw_only=True)
class BookOnce:
    """Book under an idempotency key: a repeat gets the first answer word for word."""

    storage: Storage
    desk: Desk

    async def __call__(
        self, asked: Application, key: Fingerprint | None, write: Callable[[Appointment], str]
    ) -> Result[str, Refusal | KeyReused]:
        """Book and give the answer that *write* makes of the booking.

        A refusal changes nothing and is not kept: the same key may succeed later.
        """
        judged = partial(_once, self.desk, key, partial(judge, self.desk, asked), write)
        return await settled(lambda: self.storage.book(question(self.desk, asked, key), judged))


@attrs.frozen(kw_only=True)
class CancelOnce:
    """Cancel for the clinic under an idempotency key: a repeat gets the first answer."""

    storage: Storage
    desk: Desk

    async def __call__(
        self, appointment: AppointmentId, key: Fingerprint | None, write: Callable[[ClosedAppointment], str]
    ) -> Result[str, CancelRefusal | KeyReused]:
        """Cancel and give the answer that *write* makes of the closed booking; a refusal is not kept."""

        def cancelled(held: Held) -> Result[Decision[ClosedAppointment], CancelRefusal]:
            verdict = booking.cancel(held, by=None, now=self.desk.clock.now())
            return verdict.map(lambda closed: Decision(value=closed, change=closed, agenda=when_told(None, closed)))

        judged = partial(_once, self.desk, key, cancelled, write)
        return await settled(lambda: self.storage.cancel(ToCancel(appointment=appointment, key=key), judged))


def _once(
    desk: Desk,
    key: Fingerprint | None,
    judged: Callable[[K], Result[Decision[V], R]],
    write: Callable[[V], str],
    known: Known[K],
) -> Result[Decision[str], R | KeyReused]:
    """Give the answer that stands under *key*, or judge and keep the answer with the decision."""
    if isinstance(known.answered, KeyReused):
        return Failure(known.answered)
    if known.answered is not None:
        return Success(Decision(value=known.answered))
    verdict = judged(known.found)
    if not is_successful(verdict):
        return Failure(verdict.failure())
    decision = verdict.unwrap()
    words = write(decision.value)
    answer = Answer(key, words, desk.clock.now()) if key is not None else None
    return Success(Decision(value=words, change=decision.change, answer=answer, agenda=decision.agenda))
