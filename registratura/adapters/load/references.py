"""Reading what the registry keeps for others: services, referrals, profile links, documents of consent."""

from typing import Final

from registratura.adapters.load import texts
from registratura.adapters.load.fields import ID, LONG, Fields, named
from registratura.application.records import ReferenceRecord

SERVICE_FIELDS: Final = frozenset({"id", "resource_id", "code", "price", "create_ts"})
# `to_service_name` is asked for in 7.6 of the profile and absent from its table 8 (I-32).
_REFERRAL_TEXTS: Final = named(
    "number to_post_name to_service_name from_resource_id to_resource_id from_referral_id from_rmis_id "
    "to_mo_oid from_mo_oid from_mnemonic_code"
)
_SPACED: Final = "from_mo _id"  # the profile prints the key so (I-31)
REFERRAL_FIELDS: Final = (
    _REFERRAL_TEXTS
    | {_SPACED}
    | named(
        "id patient_id speciality_id type start_date end_date to_mo_id to_profile_code to_service_id from_mo_id status "
        "create_ts referral_type_code"
    )
)
PROFILE_FIELDS: Final = frozenset({"id", "resource_id", "profile_code", "create_ts"})
CONSENT_FIELDS: Final = named("id patient_id booking_id visit_time title template_id signing_method")

_CONSULTATION: Final = "CONSULTATION"
_RESEARCH: Final = "RESEARCH"
_REFERRAL_STATUSES: Final = {word: word for word in ("AVAILABLE", "RECORDED", "CANCELED")}
_REFERRAL_TYPES: Final = {word: word for word in (_CONSULTATION, _RESEARCH)}
_SIGNING_METHODS: Final = {word: word for word in ("Электронно", "Бумажно")}


def service(fields: Fields) -> ReferenceRecord:
    """What a resource does (table 3)."""
    resource = fields.guid("resource_id")
    return ReferenceRecord(
        kind="service",
        id=fields.guid("id"),
        data=_present(
            resource_id=resource,
            code=fields.code("code"),
            price=fields.number_or_none("price"),
            create_ts=fields.created().isoformat(),
        ),
        references={"resource_id": ("resource", resource)},
    )


def profile_link(fields: Fields) -> ReferenceRecord:
    """A profile of a resource (table 10)."""
    resource = fields.guid("resource_id")
    return ReferenceRecord(
        kind="profilecode_resource",
        id=fields.guid("id"),
        data=_present(
            resource_id=resource, profile_code=fields.code("profile_code"), create_ts=fields.created().isoformat()
        ),
        references={"resource_id": ("resource", resource)},
    )


def referral(fields: Fields) -> ReferenceRecord:
    """A referral (table 8), with the fields that section 7.6 of the profile calls necessary (OQ-24).

    Where it leads to and whom it is for may be unknown here: referrals cross organisations and regions (OQ-07, OQ-43).
    """
    kind = fields.choice("type", _REFERRAL_TYPES)
    is_told = not fields.is_at_fault("type")
    to_doctor, to_service = is_told and kind == _CONSULTATION, is_told and kind == _RESEARCH
    begins, ends = fields.moment("start_date"), fields.moment_or_none("end_date")
    fields.in_order("start_date", begins, "end_date", ends)
    texts_kept = {name: fields.text_or_none(name, LONG) for name in sorted(_REFERRAL_TEXTS)}
    if to_doctor:
        fields.text("to_post_name", LONG)
    return ReferenceRecord(
        kind="referral",
        id=fields.guid("id"),
        data=_present(
            **texts_kept,
            patient_id=fields.code("patient_id"),
            type=kind,
            speciality_id=fields.code("speciality_id") if to_doctor else fields.code_or_none("speciality_id"),
            to_service_id=fields.code("to_service_id") if to_service else fields.code_or_none("to_service_id"),
            start_date=begins.isoformat(),
            end_date=ends and ends.isoformat(),
            to_mo_id=fields.guid("to_mo_id"),
            to_profile_code=fields.code("to_profile_code"),
            from_mo_id=fields.guid_or_none("from_mo_id") or fields.guid_or_none(_SPACED),
            status=fields.choice("status", _REFERRAL_STATUSES),
            referral_type_code=fields.code_or_none("referral_type_code"),
            create_ts=fields.created().isoformat() if fields.has("create_ts") else None,
        ),
    )


def consent_document(fields: Fields) -> ReferenceRecord:
    """A document that a patient signs before a visit: of a booking known here, or of a time."""
    patient = fields.code("patient_id")
    booking = fields.text_or_none("booking_id", ID)
    visit = fields.moment_or_none("visit_time")
    if not fields.has("booking_id") and not fields.has("visit_time"):
        fields.refuse("booking_id", texts.ONE_OF_TWO.format(names="booking_id, visit_time"))
    references = {"patient_id": ("patient", patient)}
    return ReferenceRecord(
        kind="consent_document",
        id=fields.code("id"),
        data=_present(
            patient_id=patient,
            booking_id=booking,
            visit_time=visit and visit.isoformat(),
            title=fields.text("title", LONG),
            template_id=fields.code("template_id"),
            signing_method=fields.choice("signing_method", _SIGNING_METHODS),
        ),
        references=references | ({"booking_id": ("book", booking)} if booking else {}),
    )


def _present(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
