"""What may be chosen at each step: the schedule's facts, filtered by the domain's rules."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from registratura.application.booking import Desk
from registratura.application.confirmation import Terms
from registratura.application.dialogue.screens import (
    AppointmentOffer,
    DayOffer,
    DoctorOffer,
    Offer,
    OrganisationOffer,
    PersonOffer,
    TimeOffer,
)
from registratura.application.ports.storage import DoctorOpening, Each, Transaction, Window
from registratura.domain.appointments import Appointment, Channel, VisitKind
from registratura.domain.dialogue import Choices, Dialogue, Step
from registratura.domain.identifiers import AppointmentId, PatientId, ResourceId
from registratura.domain.moments import day_bounds, local_day
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Patient, may_act_for, represented
from registratura.domain.schedule import AgeTag, Opening
from registratura.domain.suitability import Encounter, unsuitable
from registratura.domain.telemedicine import Purpose, purposes_for


class NotAllowed(Exception):  # a dialogue that outlived a representation, not a fault
    """The person may no longer act for the patient of the dialogue."""


def offer_id(offer: Offer) -> str:
    """What an offer stands for in the dialogue."""
    match offer:
        case PersonOffer(patient=patient):
            return patient.id
        case OrganisationOffer(organisation=organisation):
            return organisation.id
        case DoctorOffer(resource=resource):
            return resource.id
        case DayOffer(day=day):
            return day.isoformat()
        case TimeOffer(slot=slot):
            return slot
        case _:
            return offer.id


@attrs.frozen(kw_only=True)
class Lists:
    """Reads the list of a step for one person. Times are judged in each clinic's zone, ages today in the region's."""

    desk: Desk
    after_start: timedelta = timedelta(hours=4)
    """How long a consultation that has begun counts as coming when nobody says that it ended."""
    leave_closing: str = "Закрытие листа нетрудоспособности"
    """Id or name of the purpose with which a sick leave is closed (`tmk.leave_purpose`)."""
    terms: Terms | None = None
    """How the clinic is waited for where it decides about bookings itself; None where we decide."""

    @property
    def zone(self) -> ZoneInfo:
        """The region's zone."""
        return self.desk.rules.zone

    def offers(  # noqa: PLR0911  # one line a step
        self, dialogue: Dialogue, person: Patient, tx: Transaction
    ) -> tuple[Offer, ...]:
        """Everything the step in force offers, all pages together."""
        choices = dialogue.choices
        match dialogue.step:
            case Step.WHOM:
                return self._people(person, tx)
            case Step.UPCOMING:
                return self.upcoming(person, tx)
            case Step.PURPOSE:
                patient = self.patient(choices, person, tx)
                return purposes_for(patient, tx.schedule.purposes(), self._today)
            case Step.SPECIALITY:
                return self._specialities(self._one_of(Each.SPECIALITY, choices, person, tx), tx)
            case Step.ORGANISATION:
                return self._organisations(choices, self._one_of(Each.ORGANISATION, choices, person, tx), tx)
            case Step.DOCTOR:
                doctors = self._doctors(choices, person, tx)
                offers = (DoctorOffer(found.resource, found.nearest, found.organisation.zone) for found in doctors)
                return tuple(sorted(offers, key=lambda offer: (offer.nearest, offer.resource.label)))
            case Step.DAY:
                return self._days(choices, person, tx)
            case Step.TIME:
                return self._times(choices, person, tx)
            case _:
                return ()

    @property
    def _today(self) -> date:
        return local_day(self.desk.clock.now(), self.zone)

    def patient(self, choices: Choices, person: Patient, tx: Transaction) -> Patient:
        """The patient chosen, if *person* may still act for them; raises `NotAllowed`."""
        if choices.patient is None or choices.patient == person.id:
            return person
        representations, patients = tx.patients.represented_by(person.id)
        patient = next((known for known in patients if known.id == choices.patient), None)
        if patient is None or not may_act_for(person.id, patient, representations, self._today):
            raise NotAllowed
        return patient

    def _people(self, person: Patient, tx: Transaction) -> tuple[PersonOffer, ...]:
        representations, patients = tx.patients.represented_by(person.id)
        known = {patient.id: patient for patient in patients}
        found = represented(person.id, representations, known, self._today)
        return tuple(PersonOffer(patient, self._today) for patient in found)

    def _one_of(self, each: Each, choices: Choices, person: Patient, tx: Transaction) -> Sequence[DoctorOpening]:
        """A suitable doctor for each speciality or organisation; all suitable doctors where slots decide."""
        patient = self.patient(choices, person, tx)
        if self._gets_older(patient):
            return self._doctors(choices, person, tx)
        suits = self._judge(choices, patient, tx)
        return tx.schedule.first_of(each, self._window(patient), suits, speciality=choices.speciality)

    def _doctors(self, choices: Choices, person: Patient, tx: Transaction) -> list[DoctorOpening]:
        """All suitable doctors with a free time that fits."""
        patient = self.patient(choices, person, tx)
        found = tx.schedule.consultants(
            self._window(patient), speciality=choices.speciality, organisation=choices.organisation
        )
        suitable = list(filter(self._judge(choices, patient, tx), found))
        return self._fitting(suitable, patient, tx) if self._gets_older(patient) else suitable

    def _judge(self, choices: Choices, patient: Patient, tx: Transaction) -> Callable[[DoctorOpening], bool]:
        """The rules about the patient and a doctor, with everything they look at besides the two."""
        now = self.desk.clock.now()
        attachments = tuple(tx.patients.attachments(patient.id))
        specialities = {speciality.id: speciality for speciality in tx.schedule.specialities()}
        purpose = tx.schedule.purpose(choices.purpose) if choices.purpose else None

        def suits(opening: DoctorOpening) -> bool:
            speciality = specialities.get(opening.resource.speciality) if opening.resource.speciality else None
            meeting = Encounter(
                patient=patient,
                organisation=opening.organisation,
                resource=opening.resource,
                speciality=speciality,
                purpose=purpose,
                attachments=attachments,
                channel=Channel.MAX,
                consultation=True,
                rules=self.desk.rules,
                now=now,
            )
            age = patient.age_on(local_day(opening.nearest, opening.organisation.zone))
            return unsuitable(meeting) is None and opening.organisation.age.admits(age)

        return suits

    def _gets_older(self, patient: Patient) -> bool:
        """Whether another age group begins for the patient within the horizon: a rare case, looked at slot by slot."""
        now, days = self.desk.clock.now(), self.desk.rules.days
        first, last = (patient.age_on(day) for day in (self._today, days.last_day(now, self.zone)))
        return any(tag.admits(first) is not tag.admits(last) for tag in AgeTag)

    def _fitting(self, found: Iterable[DoctorOpening], patient: Patient, tx: Transaction) -> list[DoctorOpening]:
        openings = ((doctor, self._free(doctor.resource.id, doctor.organisation, patient, tx)) for doctor in found)
        return [attrs.evolve(doctor, nearest=free[0].starts) for doctor, free in openings if free]

    def _window(self, patient: Patient) -> Window:
        now, days = self.desk.clock.now(), self.desk.rules.days
        youngest = patient.age_on(local_day(now, self.zone))
        ages = {youngest, patient.age_on(days.last_day(now, self.zone))}
        tags = frozenset(tag for tag in AgeTag if any(tag.admits(age) for age in ages))
        return Window(now=now, days=days, ages=tags)

    def _specialities(self, doctors: Iterable[DoctorOpening], tx: Transaction) -> tuple[Speciality, ...]:
        wanted = {found.resource.speciality for found in doctors} - {None}
        named = {speciality.id: speciality for speciality in tx.schedule.specialities()}
        offers = (named.get(code) or Speciality(id=code, name=code) for code in wanted if code is not None)
        return tuple(sorted(offers, key=lambda speciality: (speciality.name, speciality.id)))

    def _organisations(
        self, choices: Choices, doctors: Iterable[DoctorOpening], tx: Transaction
    ) -> tuple[OrganisationOffer, ...]:
        found = {opening.organisation.id: opening.organisation for opening in doctors}
        held = tx.patients.attachments(choices.patient) if choices.patient else ()
        own = {attachment.organisation for attachment in held if attachment.holds_on(self._today)}
        offers = (OrganisationOffer(organisation, organisation.id in own) for organisation in found.values())
        return tuple(sorted(offers, key=lambda offer: (not offer.own, offer.organisation.name)))

    def _openings(
        self, choices: Choices, person: Patient, tx: Transaction
    ) -> tuple[list[Opening], Organisation | None]:
        doctor = self.doctor(choices.resource, tx)
        if doctor is None:
            return [], None
        resource, organisation = doctor
        return self._free(resource.id, organisation, self.patient(choices, person, tx), tx), organisation

    def _free(
        self, resource: ResourceId, organisation: Organisation, patient: Patient, tx: Transaction
    ) -> list[Opening]:
        """Free times of a doctor that are shown to the patient now and fit the patient's age on their day."""
        now, zone = self.desk.clock.now(), organisation.zone
        days = self.desk.rules.days.at(organisation)
        _, ends = day_bounds(days.last_day(now, zone), zone)
        return [
            opening
            for opening in tx.schedule.openings(resource, now, ends)
            if days.shows(opening.starts, now, zone)
            and opening.age.admits(patient.age_on(local_day(opening.starts, zone)))
        ]

    def _days(self, choices: Choices, person: Patient, tx: Transaction) -> tuple[DayOffer, ...]:
        openings, organisation = self._openings(choices, person, tx)
        if organisation is None:
            return ()
        free = Counter(local_day(opening.starts, organisation.zone) for opening in openings)
        return tuple(DayOffer(day, free[day]) for day in sorted(free))

    def _times(self, choices: Choices, person: Patient, tx: Transaction) -> tuple[TimeOffer, ...]:
        openings, organisation = self._openings(choices, person, tx)
        if organisation is None:
            return ()
        zone = organisation.zone
        return tuple(
            TimeOffer(opening.id, opening.starts, zone)
            for opening in openings
            if local_day(opening.starts, zone) == choices.day
        )

    def upcoming(self, person: Patient, tx: Transaction) -> tuple[AppointmentOffer, ...]:
        """Coming visits of the person, and those the person made for people they may still act for (TMK-107)."""
        representations, patients = tx.patients.represented_by(person.id)
        allowed = {
            known: patient
            for patient in (person, *patients)
            if may_act_for(person.id, patient, representations, self._today)
            for known in patient.ids
        }
        now = self.desk.clock.now()
        held = tx.appointments.coming(person.ids, person.id, now - self.after_start)
        coming = [visit for visit in held if visit.patient in allowed and self._is_coming(visit, now)]
        return self._visits(coming, person, allowed, tx)

    def _is_coming(self, visit: Appointment, now: datetime) -> bool:
        online = visit.kind is VisitKind.ONLINE_CONSULTING
        return visit.starts > now - self.after_start if online else visit.ends > now

    def visit(self, id: AppointmentId, person: Patient, tx: Transaction) -> AppointmentOffer | None:
        """One coming visit the person may see."""
        return next((offer for offer in self.upcoming(person, tx) if offer.id == id), None)

    def described(
        self, id: AppointmentId, choices: Choices, person: Patient, tx: Transaction
    ) -> AppointmentOffer | None:
        """A booking in force of the chosen patient, whoever made it."""
        held = tx.appointments.find(id)
        if not isinstance(held, Appointment):
            return None
        patient = self.patient(choices, person, tx)
        if held.patient not in patient.ids:
            return None
        return next(iter(self._visits([held], person, {held.patient: patient}, tx)), None)

    def of(self, visit: Appointment, person: Patient, tx: Transaction) -> AppointmentOffer | None:
        """What is said about *visit*, in force or not, to the person who booked it."""
        patient = tx.patients.find(visit.patient)
        return self._visits([visit], person, {visit.patient: patient}, tx)[0] if patient is not None else None

    def _visits(
        self, held: Sequence[Appointment], person: Patient, patients: Mapping[PatientId, Patient], tx: Transaction
    ) -> tuple[AppointmentOffer, ...]:
        doctors = tx.schedule.doctors({visit.resource for visit in held}) if held else {}
        specialities = {speciality.id: speciality for speciality in tx.schedule.specialities()} if held else {}
        purposes = {purpose.id: purpose for purpose in tx.schedule.purposes()} if held else {}
        states = tx.confirmations.states([visit.id for visit in held]) if self.terms is not None else {}
        return tuple(
            AppointmentOffer(
                id=visit.id,
                starts=visit.starts,
                zone=doctors[visit.resource][1].zone,
                patient=patients[visit.patient],
                resource=doctors[visit.resource][0],
                organisation=doctors[visit.resource][1],
                speciality=specialities.get(visit.speciality) if visit.speciality else None,
                purpose=purposes.get(visit.purpose) if visit.purpose else None,
                own=visit.patient in person.ids,
                online=visit.kind is VisitKind.ONLINE_CONSULTING,
                state=states.get(visit.id),
            )
            for visit in held
        )

    def doctor(self, resource: ResourceId | None, tx: Transaction) -> tuple[Resource, Organisation] | None:
        """The doctor chosen, with the organisation."""
        return tx.schedule.doctors([resource]).get(resource) if resource else None

    def planned(self, choices: Choices, person: Patient, tx: Transaction) -> AppointmentOffer | None:
        """The visit that the choices so far describe; None when something of it no longer exists."""
        opening = tx.schedule.opening(choices.slot) if choices.slot else None
        doctor = self.doctor(opening.resource if opening else None, tx)
        if opening is None or doctor is None:
            return None
        resource, organisation = doctor
        patient = self.patient(choices, person, tx)
        return AppointmentOffer(
            id=AppointmentId(""),
            starts=opening.starts,
            zone=organisation.zone,
            patient=patient,
            resource=resource,
            organisation=organisation,
            speciality=tx.schedule.speciality(resource.speciality) if resource.speciality else None,
            purpose=tx.schedule.purpose(choices.purpose) if choices.purpose else None,
            own=patient.id == person.id,
            online=True,
        )

    def leave_purpose(self, tx: Transaction) -> Purpose | None:
        """The purpose with which a sick leave is closed."""
        wanted = self.leave_closing.casefold()
        named = (known for known in tx.schedule.purposes() if wanted in {known.id.casefold(), known.name.casefold()})
        return next(named, None)

    def differs(self, organisation: Organisation) -> bool:
        """Whether the clinic's clocks now differ from the region's."""
        now = self.desk.clock.now()
        return now.astimezone(organisation.zone).utcoffset() != now.astimezone(self.zone).utcoffset()
