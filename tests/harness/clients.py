"""Clients of the API who book and cancel the same few times at once, and write down what they were told."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from uuid import uuid4

import attrs
import httpx

from registratura.testing.history import Journal, Kind
from tests.harness.waiting import until

PATIENT = 0.5
"""The share of requests that are repeated until they are answered; the others are left open."""
LONGEST_PAUSE = 0.2
"""Seconds that a client waits before it repeats, whatever it is asked to wait: a test has no minutes."""
EFFECTS_SECONDS = 60.0
"""What a busy machine may need for as many effects as a test waits for."""

Send = Callable[..., httpx.Response]
"""Sends a request with method, path and what `httpx` takes; raises `httpx.TransportError`."""


@attrs.define
class Told:
    """What all clients together were told."""

    answers: Counter[int] = attrs.field(factory=Counter)
    """How often each status was answered."""
    booked: dict[str, tuple[str, str]] = attrs.field(factory=dict)
    """Patient and slot of each acknowledged booking."""
    cancelled: set[str] = attrs.field(factory=set)
    """The bookings whose end was acknowledged."""
    faults: list[str] = attrs.field(factory=list)
    """What no client may ever see."""

    @property
    def done(self) -> int:
        """How many effects were acknowledged."""
        return len(self.booked) + len(self.cancelled)


@attrs.define(kw_only=True)
class Client:
    """One patient, who books one of *slots*, gives it back, and begins again until *over* is set."""

    patient: str
    slots: Sequence[str]
    send: Send
    journal: Journal
    told: Told
    over: threading.Event
    chance: random.Random
    _keys: "count[int]" = attrs.field(factory=count)
    _run: str = attrs.field(factory=lambda: uuid4().hex)

    def live(self) -> None:
        """Book and cancel until it is over; nothing of ours is open at the end."""
        try:
            while not self.over.is_set():
                self._round()
        except Exception as fault:
            self.told.faults.append(repr(fault))
            raise

    def _round(self) -> None:
        slot = self.chance.choice(self.slots)
        try:
            booking = self._book(slot)
            if booking is not None:
                self._cancel(slot, booking)
        except _LeftOpenError:
            # Who did not wait for the answer has to look what became of it.
            held = self._look(slot)
            if held is not None:
                self._cancel(slot, held, patient=True)

    def _book(self, slot: str) -> str | None:
        body = {
            "patient_id": self.patient,
            "slot_id": slot,
            "kind": "ONLINE_CONSULTING",
            "purpose_id": "first",
            "consent_version": "1",
        }
        with self.journal.asking(Kind.BOOK, slot, person=self.patient) as asking:
            answer = self._ask("POST", "/api/v1/bookings", json=body)
            if answer.status_code == httpx.codes.CREATED:
                booking = str(answer.json()["id"])
                self.told.booked[booking] = (self.patient, slot)
                asking.yes(booking)
                return booking
            assert answer.json()["code"] == "booking.SlotTaken", answer.text
            asking.no()
        return None

    def _cancel(self, slot: str, booking: str, *, patient: bool = False) -> None:
        with self.journal.asking(Kind.CANCEL, slot, person=self.patient, booking=booking) as asking:
            answer = self._ask("DELETE", f"/api/v1/bookings/{booking}", patient=patient)
            assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
            self.told.cancelled.add(booking)
            asking.yes()

    def _look(self, slot: str) -> str | None:
        with self.journal.asking(Kind.LOOK, slot) as asking:
            answer = self._ask("GET", "/api/v1/bookings", patient=True, params={"patient_id": self.patient})
            held = {str(one["slot_id"]): str(one["id"]) for one in answer.json()["bookings"]}
            assert set(held) <= {slot}, "a booking that nobody asked for"
            if slot in held:
                asking.yes(held[slot], person=self.patient)
            return held.get(slot)

    def _ask(self, method: str, path: str, *, patient: bool = False, **more: object) -> httpx.Response:
        """Ask under a new key, and again while the service is out of order; the impatient leave it open."""
        headers = {"Idempotency-Key": f"{self._run}-{next(self._keys)}"}
        patient = patient or self.chance.random() < PATIENT
        while True:
            answer = self.send(method, path, headers=headers, **more)
            self.told.answers[answer.status_code] += 1
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            assert int(answer.headers["Retry-After"]) > 0, "503 without a time to come back"
            if not patient:
                raise _LeftOpenError
            time.sleep(self.chance.uniform(0, LONGEST_PAUSE))


class _LeftOpenError(Exception):
    """Nobody knows what became of a request."""


@contextlib.contextmanager
def crowd(patients: Sequence[str], slots: Sequence[str], send: Send, folder: Path) -> Iterator[Told]:
    """Clients for all *patients* at once while the block lasts; their journals are left in *folder*.

    Raises at the end what any of them was told and must not have been told.
    """
    told, over = Told(), threading.Event()

    def live(number: int) -> None:
        with Journal.at(folder / f"{number}.journal", f"client {number}") as journal:
            Client(
                patient=patients[number],
                slots=slots,
                send=send,
                journal=journal,
                told=told,
                over=over,
                chance=random.Random(number),
            ).live()

    with ThreadPoolExecutor(len(patients)) as people:
        lives = [people.submit(live, number) for number in range(len(patients))]
        try:
            yield told
        finally:
            over.set()
    for one in lives:
        one.result()


def await_effects(told: Told, more: int, when: str) -> None:
    """Return once *more* effects were acknowledged than now; the failure tells *when* they were missed."""
    least = told.done + more
    until(lambda: told.faults or told.done >= least, f"{more} effects {when}; so far {told}", EFFECTS_SECONDS)
    assert told.faults == []
