"""Telemedicine consultations (ТМК): purposes, consent, and the platform they are held on."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum

import attrs

from registratura.domain.identifiers import (
    AppointmentId,
    OrganisationId,
    PatientId,
    PurposeId,
    SpecialityId,
)
from registratura.domain.moments import aware
from registratura.domain.organisations import AgeLimits
from registratura.domain.people import Patient, Sex


class Platform(Enum):
    """Where a consultation is held (`tmk.platform`)."""

    MAX = "max"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class Purpose:
    """Why a patient wants a consultation, and to whom the region offers that reason (TMK-19).

    Empty `specialities` or `organisations` mean all.
    """

    id: PurposeId
    name: str
    active: bool = True
    order: int = 0
    ages: AgeLimits = attrs.field(factory=AgeLimits)
    sex: Sex | None = None
    specialities: frozenset[SpecialityId] = frozenset()
    organisations: frozenset[OrganisationId] = frozenset()

    def suits(self, patient: Patient, day: date) -> bool:
        """Whether *patient*, at their age on *day*, is offered the purpose."""
        return self.active and (self.sex is None or self.sex is patient.sex) and self.ages.admit(patient.age_on(day))

    def allows(self, speciality: SpecialityId | None, organisation: OrganisationId) -> bool:
        """Whether a doctor of *speciality* in *organisation* may be asked for the purpose."""
        return (not self.specialities or speciality in self.specialities) and (
            not self.organisations or organisation in self.organisations
        )


def purposes_for(patient: Patient, purposes: Iterable[Purpose], day: date) -> tuple[Purpose, ...]:
    """The purposes *patient* may choose, in the region's order."""
    fitting = (purpose for purpose in purposes if purpose.suits(patient, day))
    return tuple(sorted(fitting, key=lambda purpose: (purpose.order, purpose.name, purpose.id)))


@attrs.frozen(kw_only=True)
class ConsentText:
    """What a person agrees to, with the version under which it is kept (TMK-69)."""

    version: str
    text: str


@attrs.frozen(kw_only=True)
class Consent:
    """A consent given: who, for whom, to which text, when and where (TMK-73)."""

    appointment: AppointmentId
    author: PatientId
    patient: PatientId
    version: str
    given_at: datetime = attrs.field(validator=aware)
    channel: str
