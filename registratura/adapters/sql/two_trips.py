"""Booking and cancelling on PostgreSQL in two round trips: one statement looks, one keeps what was decided.

Between the two the patient's turn may pass to somebody else; then the second statement does nothing, and the caller
looks again. Neither waits for a lock while it thinks, and no transaction stays open.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable, UniqueViolation
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.adapters.sql import races
from registratura.adapters.sql.appointments import FIND, FIND_WITH_KEY, held_of
from registratura.adapters.sql.availability import STATEMENTS as AVAILABILITY
from registratura.adapters.sql.availability import availability_of
from registratura.adapters.sql.availability import parameters as availability_asked
from registratura.adapters.sql.engines import POSTGRESQL, unavailable
from registratura.adapters.sql.facts import AROUND, LOOK_TOGETHER, asking, facts_of, turn_of
from registratura.adapters.sql.inbox import PUT_TOGETHER, receiving
from registratura.adapters.sql.keeping import APART, BUSY, KEEP_TOGETHER, KEPT
from registratura.adapters.sql.lanes import Broken, Lanes
from registratura.adapters.sql.prepared import Parameters, Prepared
from registratura.adapters.sql.questions import Batch
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
from registratura.application.ports.failures import TransactionLost, Unavailable
from registratura.application.ports.messenger import Incoming
from registratura.domain.appointments import FREEING

T = TypeVar("T")
R = TypeVar("R")


class TwoTrips:
    """The hot path over lanes."""

    def __init__(self, lanes: Lanes, surroundings: Surroundings) -> None:
        self._lanes = lanes
        self._surroundings = surroundings
        self._look = Together(partial(self._read_together, LOOK_TOGETHER))
        self._read_around = Together(partial(self._read_together, READ_TOGETHER))
        self._taking = Together(self._take_together)
        self._receiving = Together(self._receive_together)

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

    async def receive(self, key: str, line: str, incoming: Incoming) -> bool:
        """See `Storage.receive`."""
        (is_new, _) = await self._receiving.one(receiving(key, line, incoming))
        return bool(is_new)

    async def _read_together(self, batch: Batch, questions: Sequence[Parameters]) -> Sequence[Sequence[Any]]:
        return await self._read(batch.statement, batch.parameters(questions))

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
        change, answer = decision.change, decision.answer
        remembered = races.remembering(answer) if answer is not None else {}
        match change:
            case NewBooking(appointment, consent):
                values = races.taking(appointment, consent, decision.agenda)
                is_kept = await self._take({**values, **remembered, "seen": seen})
            case None:
                is_kept = answer is None or await self._done(remember_if_new(POSTGRESQL), remembered)
            case closed:
                frees = closed.outcome in FREEING
                release = races.release_at_once(frees=frees, with_answer=answer is not None)
                is_kept = await self._done(release, {**races.releasing(closed, decision.agenda), **remembered})
        return Success(decision.value) if is_kept else Failure(Overtaken())

    async def _take(self, values: Parameters) -> bool:
        (end,) = await self._taking.one(values)
        # Who has to wait does so alone, and nobody else with them.
        if end == BUSY:
            return await self._done(_taking_alone(values), {**values, "seen": values["seen"] + 1})
        if end == APART:
            return await self._done(_taking_alone(values), values)
        return bool(end == KEPT)

    async def _take_together(self, asked: Sequence[Parameters]) -> Sequence[Sequence[str]]:
        try:
            return await self._change(KEEP_TOGETHER.statement, KEEP_TOGETHER.parameters(asked))
        except UniqueViolation:
            # A key that was used meanwhile. Nothing is done.
            return [(APART,)] * len(asked)
        except Unavailable as fault:
            if isinstance(fault.__cause__, LockNotAvailable | DeadlockDetected):
                return [(APART,)] * len(asked)
            raise

    async def _receive_together(self, asked: Sequence[Parameters]) -> Sequence[Sequence[Any]]:
        return await self._change(PUT_TOGETHER.statement, PUT_TOGETHER.parameters(asked))

    async def _done(self, statement: Prepared, values: Parameters) -> bool:
        try:
            rows = await self._change(statement, values)
        except UniqueViolation:
            # A booking, or an answer under the same key, that was not there when we looked.
            return False
        return bool(rows and rows[0][0])

    async def _change(self, statement: Prepared, values: Parameters) -> Sequence[Sequence[Any]]:
        try:
            return await self._lanes.all(statement, values)
        except (Broken, psycopg.OperationalError) as fault:
            if isinstance(fault, Broken) or _is_shut_down(fault):
                raise TransactionLost("the connection broke while a decision was kept") from fault
            raise unavailable(fault) from fault


def _taking_alone(values: Parameters) -> Prepared:
    return races.take_in_turn(with_consent="consent_version" in values, with_answer="request_key" in values)


def _is_shut_down(fault: psycopg.Error) -> bool:
    """Whether the server ended the connection, perhaps after it has committed."""
    return (fault.sqlstate or "").startswith("57P")


def _key(key: Fingerprint | None) -> Parameters:
    return {} if key is None else {"scope": key.scope, "key": key.key}


def _answered(row: Sequence[Any], key: Fingerprint | None) -> str | KeyReused | None:
    return answered(row[-2:], key) if key is not None and row[-2] is not None else None
