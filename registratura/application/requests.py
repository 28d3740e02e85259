"""Requests that may come twice: the answer is kept in the commit of its effect and given again."""

from collections.abc import Callable

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.booking import Desk, decide
from registratura.application.ports.storage import Fingerprint, KeyReused, Storage, Transaction
from registratura.domain.appointments import Application, Appointment
from registratura.domain.refusals import Refusal

Write = Callable[[Appointment], str]


@attrs.frozen
class _Overtaken:
    """The same request is being answered at this very moment by somebody else."""


@attrs.frozen(kw_only=True)
class BookOnce:
    """Book under an idempotency key: a repeat gets the first answer word for word."""

    storage: Storage
    desk: Desk

    async def __call__(
        self, asked: Application, key: Fingerprint | None, write: Write
    ) -> Result[str, Refusal | KeyReused]:
        """Book and give the answer that *write* makes of the booking.

        A refusal changes nothing and is not kept: the same key may succeed later.
        """
        while True:
            answer = await self.storage.transact(lambda tx: self._answer(asked, key, write, tx))
            if is_successful(answer):
                return Success(answer.unwrap())
            reason = answer.failure()
            # The one who was faster has committed by now, so the next look finds its answer.
            if not isinstance(reason, _Overtaken):
                return Failure(reason)

    def _answer(
        self, asked: Application, key: Fingerprint | None, write: Write, tx: Transaction
    ) -> Result[str, Refusal | KeyReused | _Overtaken]:
        known = tx.requests.remembered(key) if key is not None else None
        if isinstance(known, KeyReused):
            return Failure(known)
        if known is not None:
            return Success(known)
        verdict = decide(self.desk, asked, tx)
        if not is_successful(verdict):
            return Failure(verdict.failure())
        answer = write(verdict.unwrap())
        if key is not None and not tx.requests.remember(key, answer, self.desk.clock.now()):
            return Failure(_Overtaken())
        return Success(answer)
