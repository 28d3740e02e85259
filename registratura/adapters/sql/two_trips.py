"""Booking and cancelling on PostgreSQL in two round trips: one statement looks, one keeps what was decided.

Between the two the patient's turn may pass to somebody else; then the second statement does nothing, and the caller
looks again. Neither waits for a lock while it thinks, and no transaction stays open.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.errors import UniqueViolation
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.adapters.sql import races
from registratura.adapters.sql.appointments import FIND, FIND_WITH_KEY, held_of
from registratura.adapters.sql.availability import STATEMENTS as AVAILABILITY
from registratura.adapters.sql.availability import availability_of
from registratura.adapters.sql.availability import parameters as availability_asked
from registratura.adapters.sql.engines import POSTGRESQL, unavailable
from registratura.adapters.sql.facts import AROUND, LOOK_TOGETHER, asking, facts_of, turn_of
from registratura.adapters.sql.lanes import Broken, Lanes
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.adapters.sql.requests import answered, remember_if_new
from registratura.adapters.sql.surroundings import READ_TOGETHER, Surroundings
from registratura.adapters.sql.surroundings import asking as around_asked
from registratura.adapters.sql.together import Together
from registratura.application.availability import Availability, AvailabilityQuery
from registratura.application.ports.deciding import (
    BookingJudge,
    CancelJudge,
    Decision,
    Fingerprint,
    KeyReused,
    Known,
    NewBooking,
    Overtaken,
    ToBook,
    ToCancel,
)
from registratura.application.ports.failures import TransactionLost

T = TypeVar("T")
R = TypeVar("R")


class TwoTrips:
    """The hot path over lanes."""

    def __init__(self, lanes: Lanes, surroundings: Surroundings) -> None:
        self._lanes = lanes
        self._surroundings = surroundings
        self._look = Together(partial(self._read, LOOK_TOGETHER))
        self._read_around = Together(partial(self._read, READ_TOGETHER))

    async def book(self, asked: ToBook, judge: BookingJudge[T, R]) -> Result[T, R | Overtaken]:
        """See `Storage.book`."""
        row = await self._look.one(asking(asked))
        around = self._surroundings.known(row, AROUND)
        if around is None:
            self._surroundings.learn(await self._read_around.one(around_asked(asked)))
            around = self._surroundings.known(row, AROUND)
        if around is None:
            # Somebody loaded another clinic or doctor between the two looks.
            return Failure(Overtaken())
        verdict = judge(Known(facts_of(row, around), _answered(row, asked.key)))
        if not is_successful(verdict):
            return Failure(verdict.failure())
        return await self._keep(verdict.unwrap(), turn_of(row))

    async def cancel(self, asked: ToCancel, judge: CancelJudge[T, R]) -> Result[T, R | Overtaken]:
        """See `Storage.cancel`."""
        question = {"appointment": asked.appointment, **_key(asked.key)}
        (row,) = await self._read(FIND if asked.key is None else FIND_WITH_KEY, question)
        verdict = judge(Known(held_of(row), _answered(row, asked.key)))
        if not is_successful(verdict):
            return Failure(verdict.failure())
        return await self._keep(verdict.unwrap(), 0)

    async def availability(self, asked: AvailabilityQuery) -> Availability | None:
        """See `Storage.availability`."""
        return availability_of(asked, await self._read(AVAILABILITY[POSTGRESQL], availability_asked(asked)))

    async def _read(self, statement: Prepared, question: Parameters) -> Sequence[Sequence[Any]]:
        """Ask what changes nothing: a lane that broke while it was idle is no reason to give up."""
        try:
            return await self._once(statement, question)
        except Broken:
            pass
        try:
            return await self._once(statement, question)
        except Broken as fault:
            raise unavailable(fault) from fault

    async def _once(self, statement: Prepared, question: Parameters) -> Sequence[Sequence[Any]]:
        try:
            return await self._lanes.all(statement, question)
        except psycopg.OperationalError as fault:
            if _is_shut_down(fault):
                raise Broken from fault
            raise unavailable(fault) from fault

    async def _keep(self, decision: Decision[T], seen: int) -> Result[T, R | Overtaken]:
        statement, values = _keeping(decision, seen)
        if statement is None:
            return Success(decision.value)
        try:
            row = await self._lanes.one(statement, values)
        except UniqueViolation:
            # A booking, or an answer under the same key, that was not there when we looked.
            return Failure(Overtaken())
        except (Broken, psycopg.OperationalError) as fault:
            if isinstance(fault, Broken) or _is_shut_down(fault):
                raise TransactionLost("the connection broke while a decision was kept") from fault
            raise unavailable(fault) from fault
        return Success(decision.value) if row is not None and row[0] else Failure(Overtaken())


def _is_shut_down(fault: psycopg.Error) -> bool:
    """Whether the server ended the connection, perhaps after it has committed."""
    return (fault.sqlstate or "").startswith("57P")


def _keeping(decision: Decision[T], seen: int) -> tuple[Prepared | None, Parameters]:
    """The one statement that keeps *decision*, and its parameters."""
    change, answer = decision.change, decision.answer
    remembered = races.remembering(answer) if answer is not None else {}
    with_answer = answer is not None
    match change:
        case NewBooking(appointment, consent):
            statement = races.take_in_turn(with_consent=consent is not None, with_answer=with_answer)
            return statement, {**races.taking(appointment, consent), **remembered, "seen": seen}
        case None:
            return (remember_if_new(POSTGRESQL), remembered) if with_answer else (None, {})
        case closed:
            return races.release_at_once(with_answer=with_answer), {**races.releasing(closed), **remembered}


def _key(key: Fingerprint | None) -> Parameters:
    return {} if key is None else {"scope": key.scope, "key": key.key}


def _answered(row: Sequence[Any], key: Fingerprint | None) -> str | KeyReused | None:
    return answered(row[-2:], key) if key is not None and row[-2] is not None else None
