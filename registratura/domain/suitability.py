"""Whether a doctor may be offered to a patient: the rules that do not look at a single slot.

Lists show only doctors that pass, and booking asks the same rules again, so that a hand-made request cannot pass
them by (TMK-62).
"""

from collections.abc import Callable
from datetime import date, datetime

import attrs

from registratura.domain import refusals
from registratura.domain.appointments import Channel, Checks, Rules
from registratura.domain.moments import local_day
from registratura.domain.organisations import Accepts, Organisation, Resource, Speciality
from registratura.domain.people import Attachment, Patient
from registratura.domain.refusals import Refusal
from registratura.domain.telemedicine import Platform, Purpose

FROM_INTERNET = frozenset({Channel.MAX, Channel.PORTAL, Channel.FER})
"""Channels in which people book by themselves."""


@attrs.frozen(kw_only=True)
class Encounter:
    """A patient and a doctor: what suitability depends on.

    `consultation` is whether they are to meet by telemedicine; `purpose` is the one asked for, if any.
    """

    patient: Patient
    organisation: Organisation
    resource: Resource
    speciality: Speciality | None
    purpose: Purpose | None
    attachments: tuple[Attachment, ...]
    channel: Channel
    consultation: bool
    rules: Rules
    now: datetime
    checks: Checks = attrs.field(init=False)
    """The checks in force in the organisation."""
    today: date = attrs.field(init=False)
    """The day on the organisation's clocks."""

    @checks.default
    def _checks(self) -> Checks:
        return self.rules.checks.at(self.organisation)

    @today.default
    def _today(self) -> date:
        return local_day(self.now, self.organisation.zone)


DoctorRule = Callable[[Encounter], Refusal | None]


def unsuitable(meeting: Encounter) -> Refusal | None:
    """The first reason why the doctor cannot be offered to the patient, or None."""
    return next((refusal for rule in _ALL if (refusal := rule(meeting)) is not None), None)


def internet(meeting: Encounter) -> Refusal | None:
    """TMK-27: the doctor may be booked through the Internet."""
    closed = (
        meeting.checks.internet_booking and meeting.channel in FROM_INTERNET and not meeting.resource.internet_booking
    )
    return refusals.InternetBookingClosed() if closed else None


def acceptance(meeting: Encounter) -> Refusal | None:
    """The organisation and the doctor accept a patient attached as this one is (`enabled`)."""
    accepted = _accepts(meeting.organisation.accepts, meeting) and _accepts(meeting.resource.accepts, meeting)
    return None if accepted else refusals.NotAccepting(meeting.organisation.id)


def _accepts(setting: Accepts, meeting: Encounter) -> bool:
    match setting:
        case Accepts.EVERYBODY:
            return True
        case Accepts.NOBODY:
            return False
        case Accepts.ATTACHED_HERE:
            here = meeting.organisation.id
            return any(held.organisation == here and held.holds_on(meeting.today) for held in meeting.attachments)
        case Accepts.ATTACHED_IN_REGION:
            return any(held.holds_on(meeting.today) for held in meeting.attachments)


def platform(meeting: Encounter) -> Refusal | None:
    """TMK-36, TMK-37: in MAX only doctors with an id there."""
    in_max = meeting.consultation and meeting.rules.platform is Platform.MAX
    return refusals.DoctorNotInMessenger() if in_max and meeting.resource.messenger is None else None


def district(meeting: Encounter) -> Refusal | None:
    """TMK-41 to TMK-43: a district doctor serves people attached to one of the doctor's areas."""
    if not meeting.checks.district or not meeting.resource.areas:
        return None
    has_district = False
    for held in meeting.attachments:
        if held.area is not None and held.holds_on(meeting.today):
            if held.organisation == meeting.organisation.id and held.area in meeting.resource.areas:
                return None
            has_district = True
    return refusals.OtherDistrict(meeting.resource.areas) if has_district else refusals.NoAttachment()


def purpose(meeting: Encounter) -> Refusal | None:
    """TMK-19: the purpose is offered to the patient and allowed with the doctor."""
    asked = meeting.purpose
    if asked is None:
        return None
    fits = asked.suits(meeting.patient, meeting.today) and asked.allows(
        meeting.resource.speciality, meeting.organisation.id
    )
    return None if fits else refusals.PurposeUnavailable()


def sex(meeting: Encounter) -> Refusal | None:
    """TMK-28: the speciality is meant for the patient's sex."""
    speciality = meeting.speciality
    if not meeting.checks.sex_age or speciality is None or speciality.sex is None:
        return None
    return None if speciality.sex is meeting.patient.sex else refusals.SexMismatch(speciality.sex)


def speciality_age(meeting: Encounter) -> Refusal | None:
    """TMK-29: the speciality is meant for the patient's age today."""
    if not meeting.checks.sex_age or meeting.speciality is None:
        return None
    age = meeting.patient.age_on(meeting.today)
    return None if meeting.speciality.ages.admit(age) else refusals.AgeMismatch("speciality", age)


_ALL: tuple[DoctorRule, ...] = (internet, acceptance, platform, district, purpose, sex, speciality_age)
