"""What the doctor does: records the end of a consultation, offers one that closes a sick leave."""

from datetime import datetime
from functools import partial

import attrs
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from registratura.application.notices import NO_MESSENGER, LeaveOffered, NoticeWords, notice_id
from registratura.application.ports.consultations import LeaveOffer
from registratura.application.ports.messenger import Send, line_of
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock
from registratura.domain import consultations as rules
from registratura.domain.consultations import End, EndRefusal
from registratura.domain.identifiers import AppointmentId, ResourceId


@attrs.frozen(kw_only=True)
class EndConsultation:
    """Record the end of a consultation; whoever booked it is told once."""

    storage: Storage
    clock: Clock

    async def __call__(
        self, appointment: AppointmentId, ended_at: datetime | None = None, held_by: ResourceId | None = None
    ) -> Result[End, EndRefusal]:
        """Record that it ended at *ended_at*, now by default; again, to correct that."""
        return await self.storage.transact(partial(self._end, appointment, ended_at, held_by))

    def _end(
        self, appointment: AppointmentId, ended_at: datetime | None, held_by: ResourceId | None, tx: Transaction
    ) -> Result[End, EndRefusal]:
        now = self.clock.now()
        if held_by is not None and held_by not in tx.schedule.doctors({held_by}):
            return Failure(EndRefusal.NO_SUCH_DOCTOR)
        verdict = rules.end(tx.appointments.find(appointment), ended_at, held_by, now=now)
        if not is_successful(verdict):
            return Failure(verdict.failure())
        ended = verdict.unwrap()
        if ended.closed is not None:
            tx.appointments.release(ended.closed)
        if tx.consultations.end_of(appointment) is None:
            tx.agenda.put({appointment: now})
        tx.consultations.save_end(ended.end)
        return Success(ended.end)


@attrs.frozen
class Offered:
    """An offer that was kept; `reachable` tells whether the patient can be told of it in the messenger (TMK-118)."""

    reachable: bool


@attrs.frozen
class NobodyThere:
    """There is no such patient or doctor: `field` tells which."""

    field: str


@attrs.frozen(kw_only=True)
class OfferLeaveClosing:
    """Tell a patient that a consultation may be booked to close a sick leave (TMK-114)."""

    storage: Storage
    words: NoticeWords

    async def __call__(self, offer: LeaveOffer, *, again: bool = False) -> Result[Offered, NobodyThere]:
        """Keep *offer* and tell the patient, once for each sick leave and doctor unless *again* (TMK-121)."""
        return await self.storage.transact(partial(self._offer, offer, again))

    def _offer(self, offer: LeaveOffer, again: bool, tx: Transaction) -> Result[Offered, NobodyThere]:  # noqa: FBT001  # handed on
        patient = tx.patients.find(offer.patient)
        if patient is None:
            return Failure(NobodyThere("patient_id"))
        found = tx.schedule.doctors({offer.doctor}).get(offer.doctor)
        if found is None:
            return Failure(NobodyThere("resource_id"))
        kept = tx.consultations.save_offer(attrs.evolve(offer, patient=patient.id))
        user = patient.messenger
        if kept.id == offer.id or again:
            once = notice_id("leave", offer.id)
            if user is None:
                tx.outbox.leave_out(once, id=once, reason=NO_MESSENGER)
            else:
                resource, organisation = found
                speciality = tx.schedule.speciality(resource.speciality) if resource.speciality else None
                notice = LeaveOffered(offer=kept, resource=resource, organisation=organisation, speciality=speciality)
                tx.outbox.put_once(line_of(user), Send(user=user, message=self.words.notice(notice)), id=once)
        return Success(Offered(reachable=user is not None))
