"""Every refusal in the bot's words: each says what happened and what to do (TMK-61)."""

from registratura.adapters.max import grammar, texts
from registratura.application.dialogue.screens import Refused
from registratura.domain import refusals
from registratura.domain.confirmation import Declined
from registratura.domain.dialogue import Key
from registratura.domain.refusals import BookingCode, Refusal

WORDS: dict[type[Refusal], str] = {
    refusals.DataMismatch: texts.REFUSAL_OTHER,
    refusals.SlotUnknown: texts.REFUSAL_OTHER,
    refusals.SlotAnnulled: texts.REFUSAL_ANNULLED,
    refusals.DoctorAbsent: texts.REFUSAL_ABSENT,
    refusals.SlotTaken: texts.REFUSAL_TAKEN,
    refusals.PatientUnknown: texts.REFUSAL_PATIENT_UNKNOWN,
    refusals.Deceased: texts.REFUSAL_DECEASED,
    refusals.NotRepresented: texts.REFUSAL_NOT_REPRESENTED,
    refusals.WrongChannel: texts.REFUSAL_CHANNEL,
    refusals.InternetBookingClosed: texts.REFUSAL_INTERNET,
    refusals.NotAccepting: texts.REFUSAL_NOT_ACCEPTING,
    refusals.OtherDistrict: texts.REFUSAL_DISTRICT,
    refusals.NoAttachment: texts.REFUSAL_NO_ATTACHMENT,
    refusals.DoctorNotInMessenger: texts.REFUSAL_DOCTOR_NOT_IN_MAX,
    refusals.PurposeUnavailable: texts.REFUSAL_PURPOSE,
    refusals.ConsentOutdated: texts.REFUSAL_OTHER,
    refusals.SlotInPast: texts.REFUSAL_PAST,
    refusals.DayClosed: texts.REFUSAL_DAY_CLOSED,
    refusals.BeyondHorizon: texts.REFUSAL_TOO_EARLY,
    refusals.SexMismatch: texts.REFUSAL_SEX,
    refusals.AgeMismatch: texts.REFUSAL_AGE,
    refusals.BusyAtThatTime: texts.REFUSAL_SAME_TIME,
    refusals.SameDoctorThatDay: texts.REFUSAL_SAME_DOCTOR,
    refusals.SpecialityBooked: texts.REFUSAL_SAME_SPECIALITY,
    refusals.SpecialityBookedThatDay: texts.REFUSAL_SAME_SPECIALITY_DAY,
}

_MINE = (texts.B_UPCOMING, Key.UPCOMING)
_DOCTORS = (texts.B_DOCTORS, Key.DOCTORS)
_TIMES = (texts.B_TIMES, Key.TIMES)
_RETRY = (texts.B_RETRY, Key.RETRY)

WAYS_OUT: dict[type[Refusal], tuple[str, Key] | None] = {
    refusals.DataMismatch: _RETRY,
    refusals.SlotUnknown: _RETRY,
    refusals.SlotAnnulled: _TIMES,
    refusals.DoctorAbsent: _TIMES,
    refusals.SlotTaken: _TIMES,
    refusals.PatientUnknown: (texts.B_HELP, Key.HELP),
    refusals.Deceased: None,
    refusals.NotRepresented: None,
    refusals.WrongChannel: _TIMES,
    refusals.InternetBookingClosed: _DOCTORS,
    refusals.NotAccepting: _DOCTORS,
    refusals.OtherDistrict: _DOCTORS,
    refusals.NoAttachment: _DOCTORS,
    refusals.DoctorNotInMessenger: _DOCTORS,
    refusals.PurposeUnavailable: _DOCTORS,
    refusals.ConsentOutdated: _RETRY,
    refusals.SlotInPast: _TIMES,
    refusals.DayClosed: _TIMES,
    refusals.BeyondHorizon: _TIMES,
    refusals.SexMismatch: _DOCTORS,
    refusals.AgeMismatch: _DOCTORS,
    refusals.BusyAtThatTime: _MINE,
    refusals.SameDoctorThatDay: _MINE,
    refusals.SpecialityBooked: _MINE,
    refusals.SpecialityBookedThatDay: _MINE,
}
"""The button, besides «Назад», that leads on from a refusal; None where only the menu is left."""


DECLINED: dict[BookingCode, tuple[str, tuple[str, Key]]] = {
    BookingCode.TAKEN: (texts.REFUSAL_TAKEN, _TIMES),
    BookingCode.SAME_TIME: (texts.DECLINED_SAME_TIME, _MINE),
    BookingCode.SAME_DOCTOR: (texts.DECLINED_SAME_DOCTOR, _MINE),
    BookingCode.AGE: (texts.REFUSAL_AGE, _DOCTORS),
    BookingCode.ANNULLED: (texts.REFUSAL_ANNULLED, _TIMES),
    BookingCode.PATIENT_UNKNOWN: (texts.REFUSAL_PATIENT_UNKNOWN, (texts.B_HELP, Key.HELP)),
    BookingCode.IMPOSSIBLE: (texts.REFUSAL_OTHER, _RETRY),
}
"""What a clinic that decides itself says by its code, and the button that leads on."""


def refusal_words(screen: Refused) -> str:
    """The text of a refusal, naming the visit in the way where there is one."""
    reason = screen.reason
    words = DECLINED[reason.code][0] if isinstance(reason, Declined) else WORDS[type(reason)]
    return words.format(code=screen.code, other=_other(screen))


def way_out(reason: Refusal | Declined) -> tuple[str, Key] | None:
    """The button that leads on from a refusal."""
    return DECLINED[reason.code][1] if isinstance(reason, Declined) else WAYS_OUT[type(reason)]


def _other(screen: Refused) -> str:
    starts = getattr(screen.reason, "starts", None)
    if screen.other is not None:
        return f"{screen.other.resource.label}, {grammar.moment_short(screen.other.starts, screen.other.zone)}"
    return grammar.moment_short(starts, screen.zone) if starts else ""
