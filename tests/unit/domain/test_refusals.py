"""Every reason has one code of the FER profile's scale, and every reason can be met."""

from datetime import timedelta
from typing import get_args

import attrs
import pytest

from registratura.domain import refusals
from registratura.domain.appointments import Appointment
from registratura.domain.refusals import BookingCode, CancelCode, CancelRefusal, Refusal
from tests.unit.domain.builders import NEW, THERAPY, Case, in_person
from tests.unit.domain.causes import ABSENT, CAUSES, Cause

BOOKING_CODES = {
    refusals.DataMismatch: 18,
    refusals.SlotUnknown: 18,
    refusals.SlotAnnulled: 15,
    refusals.DoctorAbsent: 15,
    refusals.SlotTaken: 11,
    refusals.PatientUnknown: 17,
    refusals.Deceased: 18,
    refusals.NotRepresented: 18,
    refusals.WrongChannel: 18,
    refusals.InternetBookingClosed: 18,
    refusals.NotAccepting: 18,
    refusals.OtherDistrict: 18,
    refusals.NoAttachment: 18,
    refusals.DoctorNotInMessenger: 18,
    refusals.PurposeUnavailable: 18,
    refusals.ConsentOutdated: 18,
    refusals.SlotInPast: 18,
    refusals.DayClosed: 18,
    refusals.BeyondHorizon: 18,
    refusals.SexMismatch: 18,
    refusals.AgeMismatch: 14,
    refusals.BusyAtThatTime: 12,
    refusals.SameDoctorThatDay: 13,
    refusals.SpecialityBooked: 13,
    refusals.SpecialityBookedThatDay: 13,
}
CANCEL_CODES = {
    refusals.AppointmentUnknown: 18,
    refusals.NotYours: 18,
    refusals.AlreadyCancelled: 1,
    refusals.AlreadyOver: 18,
}


@pytest.mark.parametrize(("reason", "code"), BOOKING_CODES.items())
def test_each_reason_not_to_book_has_its_code(reason: type[Refusal], code: int) -> None:
    assert reason.code == code


@pytest.mark.parametrize(("reason", "code"), CANCEL_CODES.items())
def test_each_reason_not_to_cancel_has_its_code(reason: type[CancelRefusal], code: int) -> None:
    assert reason.code == code


def test_no_reason_is_missing_from_the_tables() -> None:
    assert set(get_args(Refusal)) == set(BOOKING_CODES)
    assert set(get_args(CancelRefusal)) == set(CANCEL_CODES)


@pytest.mark.req("FER-236")
def test_the_scales_hold_no_other_codes() -> None:
    assert sorted(BookingCode) == [0, 11, 12, 13, 14, 15, 17, 18]
    assert sorted(CancelCode) == [0, 1, 18]


@pytest.mark.parametrize("cause", CAUSES, ids=str)
def test_each_cause_alone_is_told_by_its_own_reason(cause: Cause) -> None:
    assert type(cause.spoil(Case()).answer()) is cause.reason


def test_there_is_a_cause_for_every_reason() -> None:
    assert {cause.reason for cause in CAUSES} | {refusals.DoctorAbsent} == set(get_args(Refusal))


@pytest.mark.req("FER-227")
@pytest.mark.parametrize("case", [Case(), in_person()], ids=["consultation", "visit"])
def test_a_good_case_is_booked_as_it_was_asked_for(case: Case) -> None:
    booked = case.answer()
    assert isinstance(booked, Appointment)
    opening = case.facts.slot.opening if case.facts.slot else None
    assert opening is not None
    assert booked == Appointment(
        id=NEW,
        patient=case.asked.patient,
        slot=opening.id,
        organisation=opening.organisation,
        resource=opening.resource,
        speciality=THERAPY,
        starts=opening.starts,
        ends=opening.ends,
        kind=case.asked.kind,
        channel=case.asked.channel,
        author=case.asked.author,
        purpose=case.asked.purpose,
        platform=case.rules.platform if case.asked.is_consultation else None,
        booked_at=case.now,
    )


@pytest.mark.parametrize("moment", ["begins", "ends"])
def test_a_slot_within_an_absence_is_refused_with_its_end(moment: str) -> None:
    case = Case().knowing(absences=(ABSENT,)).opening(starts=getattr(ABSENT, moment))
    assert case.answer() == refusals.DoctorAbsent(ABSENT.ends)


def test_of_two_absences_the_later_end_is_told() -> None:
    longer = attrs.evolve(ABSENT, id="sick", ends=ABSENT.ends + timedelta(days=4))
    for absences in ((ABSENT, longer), (longer, ABSENT)):
        assert Case().knowing(absences=absences).answer() == refusals.DoctorAbsent(longer.ends)
