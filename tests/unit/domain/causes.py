"""Everything that can be wrong with a booking, one change of a good case each, in the order of the FER profile."""

from datetime import time, timedelta
from enum import IntEnum

import attrs

from registratura.domain import refusals
from registratura.domain.identifiers import SpecialityId
from registratura.domain.organisations import Accepts, AgeLimits, ControllingNote, OrganisationAge
from registratura.domain.people import Sex
from registratura.domain.refusals import Refusal
from registratura.domain.schedule import Absence, AbsenceReason, AgeTag, ChannelTag, SlotStatus
from tests.unit.domain.builders import (
    CLINIC,
    DOCTOR,
    STRANGER,
    THERAPY,
    TODAY,
    VISIT_DAY,
    Case,
    Change,
    at,
    attachment,
)

UNDER_18 = ControllingNote(ages=AgeLimits(oldest=17))
NEXT_WEEK = at(VISIT_DAY + timedelta(days=3), "15:00")
LATER_THAT_DAY = at(VISIT_DAY, "17:00")


class Rank(IntEnum):
    """The groups of FER-237; the reason of an earlier group is the one that is told."""

    DATA = 0
    SLOT_UNKNOWN = 1
    ANNULLED = 2
    TAKEN = 3
    PATIENT = 4
    PERMISSION_AND_TYPE = 5
    AGE = 6
    SAME_TIME = 7
    SAME_DOCTOR = 8


@attrs.frozen
class Cause:
    rank: Rank
    name: str
    reason: type[Refusal]
    spoil: Change

    def __str__(self) -> str:
        return self.name


def _closes_tomorrow_at_six(case: Case) -> Case:
    return case.days(tomorrow_closes_at=time(18)).on(at(VISIT_DAY - timedelta(days=1), "18:00"))


CAUSES = (
    Cause(Rank.DATA, "no purpose", refusals.DataMismatch, lambda case: case.asking(purpose=None)),
    Cause(Rank.DATA, "no consent", refusals.DataMismatch, lambda case: case.asking(consent_version=None)),
    Cause(Rank.SLOT_UNKNOWN, "no slot", refusals.SlotUnknown, lambda case: case.knowing(slot=None)),
    Cause(Rank.SLOT_UNKNOWN, "no clinic", refusals.SlotUnknown, lambda case: case.knowing(organisation=None)),
    Cause(Rank.SLOT_UNKNOWN, "no doctor", refusals.SlotUnknown, lambda case: case.knowing(resource=None)),
    Cause(Rank.ANNULLED, "annulled", refusals.SlotAnnulled, lambda case: case.slot(SlotStatus.CANCELED)),
    Cause(Rank.TAKEN, "taken", refusals.SlotTaken, lambda case: case.slot(SlotStatus.RECORDED)),
    Cause(Rank.TAKEN, "reserved", refusals.SlotTaken, lambda case: case.slot(SlotStatus.RESERVED)),
    Cause(Rank.TAKEN, "blocked", refusals.SlotTaken, lambda case: case.slot(SlotStatus.BLOCKED)),
    Cause(Rank.PATIENT, "no patient", refusals.PatientUnknown, lambda case: case.knowing(patient=None)),
    Cause(Rank.PERMISSION_AND_TYPE, "dead", refusals.Deceased, lambda case: case.patient(died=TODAY)),
    Cause(Rank.PERMISSION_AND_TYPE, "stranger", refusals.NotRepresented, lambda case: case.asking(author=STRANGER)),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "other tag",
        refusals.WrongChannel,
        lambda case: case.opening(channels=frozenset({ChannelTag.EQUEUE})),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "not by internet",
        refusals.InternetBookingClosed,
        lambda case: case.doctor(internet_booking=False),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "clinic accepts nobody",
        refusals.NotAccepting,
        lambda case: case.organisation(accepts=Accepts.NOBODY),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "other district",
        refusals.OtherDistrict,
        lambda case: case.doctor(areas=frozenset({"4"})).knowing(attachments=(attachment(),)),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "no attachment",
        refusals.NoAttachment,
        lambda case: case.doctor(areas=frozenset({"3"})).knowing(attachments=()),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "doctor not in messenger",
        refusals.DoctorNotInMessenger,
        lambda case: case.doctor(messenger=None),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "purpose unknown",
        refusals.PurposeUnavailable,
        lambda case: case.knowing(purpose=None),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "purpose switched off",
        refusals.PurposeUnavailable,
        lambda case: case.purpose(active=False),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "old consent",
        refusals.ConsentOutdated,
        lambda case: case.ruled(consent_version="2"),
    ),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "begun",
        refusals.SlotInPast,
        lambda case: case.on(at(VISIT_DAY, "10:00")),
    ),
    Cause(Rank.PERMISSION_AND_TYPE, "tomorrow closed", refusals.DayClosed, _closes_tomorrow_at_six),
    Cause(Rank.PERMISSION_AND_TYPE, "too far", refusals.BeyondHorizon, lambda case: case.days(horizon_days=1)),
    Cause(
        Rank.PERMISSION_AND_TYPE,
        "speciality of the other sex",
        refusals.SexMismatch,
        lambda case: case.speciality(sex=Sex.MALE),
    ),
    Cause(
        Rank.AGE,
        "speciality for children",
        refusals.AgeMismatch,
        lambda case: case.speciality(ages=AgeLimits(oldest=17)),
    ),
    Cause(Rank.AGE, "slot for children", refusals.AgeMismatch, lambda case: case.opening(age=AgeTag.CHILD)),
    Cause(
        Rank.AGE,
        "clinic for children",
        refusals.AgeMismatch,
        lambda case: case.organisation(age=OrganisationAge.CHILD),
    ),
    Cause(Rank.AGE, "doctor's note", refusals.AgeMismatch, lambda case: case.doctor(note=UNDER_18)),
    Cause(Rank.AGE, "slot's note", refusals.AgeMismatch, lambda case: case.opening(note=UNDER_18)),
    Cause(
        Rank.SAME_TIME,
        "elsewhere then",
        refusals.BusyAtThatTime,
        lambda case: case.also_booked(starts=at(VISIT_DAY, "10:10")),
    ),
    Cause(
        Rank.SAME_DOCTOR,
        "same doctor",
        refusals.SameDoctorThatDay,
        lambda case: case.also_booked(
            organisation=CLINIC, resource=DOCTOR, speciality=SpecialityId("other"), starts=LATER_THAT_DAY
        ),
    ),
    Cause(
        Rank.SAME_DOCTOR,
        "same speciality",
        refusals.SpecialityBooked,
        lambda case: case.also_booked(organisation=CLINIC, speciality=THERAPY, starts=NEXT_WEEK),
    ),
    Cause(
        Rank.SAME_DOCTOR,
        "same speciality that day",
        refusals.SpecialityBookedThatDay,
        lambda case: case.checks(repeat_speciality_mo=False).also_booked(
            organisation=CLINIC, speciality=THERAPY, starts=LATER_THAT_DAY
        ),
    ),
)

ABSENT = Absence(
    id="vacation",
    resource=DOCTOR,
    reason=AbsenceReason.VACATION,
    begins=at(VISIT_DAY, "00:00"),
    ends=at(VISIT_DAY, "23:59"),
)
