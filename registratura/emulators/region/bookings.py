"""Invented bookings, the papers that go with one of them, and referrals."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from attrs import Factory, define, frozen

from registratura.emulators.region.catalogue import ADULT, Record
from registratura.emulators.region.chance import guid
from registratura.emulators.region.clinics import Clinic
from registratura.emulators.region.patients import Patient
from registratura.emulators.region.people import FEMALE, age_on
from registratura.emulators.region.schedule import SATURDAY, doctor_day
from registratura.emulators.region.staff import Doctor, Equipment

_CYCLE: Final = 30
_KNOWN: Final = 2
"""Of thirty taken slots two have a booking we know; the others were booked where only the clinic sees it."""

_BOOKED: Final = 5000
_SOURCES: Final = {"EPGU": "EPGU", "CENTER": "REG", "REGISTRY": "REG"}


@define
class Waiting:
    """Patients who have no booking yet, by clinic and group; each is booked once at most."""

    today: date
    _groups: dict[tuple[str, str], list[Patient]] = Factory(lambda: defaultdict(list))
    _taken: int = 0

    def add(self, patient: Patient) -> None:
        """Let the patient wait in the clinic of attachment; infants, the deceased and the unattached do not wait."""
        age = age_on(patient.birthdate, self.today)
        if patient.attachment and not patient.death_date and 1 < age != ADULT - 1:
            adult = "women" if patient.gender == FEMALE else "men"
            group = adult if age >= ADULT else "children"
            self._groups[patient.attachment.clinic.id, group].append(patient)

    def next_for(self, slot: Record, doctor: Doctor) -> Patient | None:
        """Return a patient for two of thirty taken slots, if somebody fitting still waits."""
        if slot["status"] != "RECORDED" or slot["tag_age"] == "BABY" or "note_text" in slot or doctor.note:
            return None
        self._taken += 1
        group = "children" if slot["tag_age"] == "CHILD" else "women"
        if doctor.post.speciality.gender is None and group == "women" and self._taken % 2:
            group = "men"
        queue = self._groups[doctor.clinic.id, group]
        fits = bool(queue) and doctor.post.speciality.suits(queue[-1].gender, age_on(queue[-1].birthdate, self.today))
        return queue.pop() if self._taken % _CYCLE < _KNOWN and fits else None


def booking(seed: int, today: date, slot: Record, patient: Patient) -> Record:
    """Return the booking of the patient to the slot (FER profile, table 7), made yesterday."""
    tags = str(slot["tag_type"]).split(",")
    return {
        "kind": "book",
        "id": guid(seed, "book", slot["id"]),
        "patient_id": patient.id,
        "slot_id": slot["id"],
        "status_code": _BOOKED,
        "tag_source": _SOURCES.get(tags[0], "OTHER_WEB"),
        "type": "ONLINE_CONSULTING" if "ONLINE" in tags else "APPOINTMENT",
        "create_ts": f"{today - timedelta(days=1)}T10:00:00",
    }


def promised_slot(seed: int, today: date, doctor: Doctor) -> Record:
    """Return the telemedicine slot kept for the citizen with a booking: on the first working day from the second on."""
    day = next(day for day in _days_from(today + timedelta(days=2)) if day.weekday() < SATURDAY)
    return next(slot for slot in doctor_day(seed, doctor, day) if "ONLINE" in str(slot["tag_type"]))


def consent_documents(seed: int, booked: Record) -> Iterator[Record]:
    """Yield the papers of a booking: one is signed in the telephone, the other on paper."""
    for title, template, method in (
        ("Информированное добровольное согласие на медицинское вмешательство", "consent-intervention", "Электронно"),
        ("Согласие на обработку персональных данных", "consent-personal-data", "Бумажно"),
    ):
        yield {
            "kind": "consent_document",
            "id": guid(seed, "consent", booked["id"], template),
            "patient_id": booked["patient_id"],
            "booking_id": booked["id"],
            "title": title,
            "template_id": template,
            "signing_method": method,
        }


@frozen
class Desk:
    """The doctor who refers and where the clinic can send: an eye doctor (if any) and a device."""

    referrer: Doctor
    consultant: Doctor | None
    device: Equipment | None

    @property
    def clinic(self) -> Clinic:
        """Return the clinic."""
        return self.referrer.clinic


def desks(staff: Sequence[Doctor], devices: Sequence[Equipment]) -> dict[str, Desk]:
    """Return the desk of each clinic by its identifier."""
    found: dict[str, Desk] = {}
    for referrer in (doctor for doctor in staff if doctor.position == 0):
        clinic = referrer.clinic.id
        consultants = (doctor for doctor in staff if doctor.clinic.id == clinic and doctor.post.id == "54")
        machines = (unit for unit in devices if unit.clinic.id == clinic and unit.type == "MACHINE")
        found[clinic] = Desk(referrer, next(consultants, None), next(machines, None))
    return found


def referrals(seed: int, today: date, desk: Desk, patient: Patient) -> Iterator[Record]:
    """Yield the referrals of the patient within the clinic (FER profile, table 8): to a consultation, to a study."""
    if desk.consultant:
        post = desk.consultant.post
        target = {"speciality_id": post.speciality.id, "to_post_name": post.name, "to_profile_code": post.profile}
        yield _referral(seed, today, desk, patient, "CONSULTATION") | target
    if desk.device:
        study = {"to_service_id": desk.device.service, "to_profile_code": desk.device.profile}
        yield _referral(seed, today, desk, patient, "RESEARCH") | study


def _referral(seed: int, today: date, desk: Desk, patient: Patient, kind: str) -> Record:
    issued = f"{today - timedelta(days=3)}T11:00:00"
    return {
        "kind": "referral",
        "id": guid(seed, "referral", patient.id, kind),
        "patient_id": patient.id,
        "number": f"{desk.clinic.index + 1:03d}-{patient.index:05d}-{kind[0]}",
        "type": kind,
        "start_date": issued,
        "end_date": f"{today + timedelta(days=30)}T23:59:59",
        "to_mo_id": desk.clinic.id,
        "from_mo_id": desk.clinic.id,
        "from_resource_id": desk.referrer.id,
        "status": "AVAILABLE",
        "create_ts": issued,
        "referral_type_code": "3" if kind == "CONSULTATION" else "2",
        "to_mo_oid": desk.clinic.head_oid,
        "from_mo_oid": desk.clinic.branch_oid,
    }


def _days_from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += timedelta(days=1)
