"""Each kind of the load format: what is read, what is forgiven, and what is said about the rest."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from registratura.application.ports.spool import RefusedLine
from registratura.application.records import AbsenceRecord, BookRecord, BookStatus, ReferenceRecord, SlotRecord
from registratura.domain.appointments import Channel, VisitKind
from registratura.domain.identifiers import PurposeId, SpecialityId
from registratura.domain.organisations import Accepts, AgeLimits, Organisation, OrganisationAge, Resource, Speciality
from registratura.domain.people import Attachment, Patient, Relation, Representation, Sex
from registratura.domain.schedule import AbsenceReason, AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose
from tests.unit.load.examples import (
    BOOK,
    DOCTOR,
    GOOD,
    MO,
    PARENT,
    PATIENT,
    REGION,
    SLOT,
    faults_of,
    made,
    read_one,
    record_of,
)

FER_KINDS = ("mo", "resource", "service", "slot", "unaccessable_period", "profilecode_resource", "book")
OPTIONAL = {
    ("attachment", "area"),
    ("attachment", "since"),
    ("referral", "create_ts"),
    ("consent_document", "booking_id"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_record_is_read_under_its_id(kind: str) -> None:
    record_of(made(kind))
    line = read_one(made(kind))
    assert (line.kind, bool(line.id)) == (kind, True)


@pytest.mark.req("FER-069", "FER-087", "FER-089", "FER-093", "FER-102", "FER-109", "FER-136", "FER-161", "FER-167")
@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, raw in GOOD.items() for field in raw if (kind, field) not in OPTIONAL]
)
@pytest.mark.parametrize("empty", [None, "", "   "])
def test_a_missing_or_empty_field_is_asked_for_by_name(kind: str, field: str, empty: str | None) -> None:
    raw = {**made(kind), field: empty}
    assert list(faults_of(raw)) == [field]
    assert "добавьте" in faults_of(raw)[field]


@pytest.mark.parametrize("kind", GOOD)
def test_an_unknown_field_is_refused_by_name(kind: str) -> None:
    assert faults_of(made(kind, colour="синий")) == {"colour": "colour: такого поля нет: уберите его или исправьте имя"}


@pytest.mark.req("FER-095", "FER-096")
@pytest.mark.parametrize("kind", FER_KINDS)
def test_fields_that_the_profile_took_back_are_read_over(kind: str) -> None:
    assert record_of(made(kind, update_ts="string", post_name=["что угодно"])) == record_of(made(kind))


@pytest.mark.parametrize("kind", GOOD)
def test_all_faults_of_a_record_are_told_at_once(kind: str) -> None:
    # The type decides which fields there are to complain about.
    broken = {field: {"вложено": 1} for field in GOOD[kind] if field != "type"}
    assert set(faults_of({**made(kind), **broken, "extra": 1})) == {*broken, "extra"}


@pytest.mark.parametrize("kind", GOOD)
def test_no_fault_repeats_what_was_written(kind: str) -> None:
    secret = "Секретова 112-233-445 95"
    raw = {"kind": kind, **{field: [secret] for field in GOOD[kind]}, "extra": secret}
    said = " ".join(faults_of(raw).values())
    assert "Секретова" not in said
    assert "112-233" not in said


BAD: list[tuple[str, str, object]] = [
    ("mo", "id", "10000000-0000-0000-0000-00000000000A"),
    ("mo", "id", "{10000000-0000-0000-0000-000000000001}"),
    ("mo", "name", "П" * 513),
    ("mo", "name", "нуль\0внутри"),
    ("patient", "id", "\x1b[2Jпациент"),
    ("mo", "name", 5),
    ("mo", "address_fias_guid", "a" * 37),
    ("mo", "region_okato", "123456789012"),
    ("mo", "enabled", "SOMETIMES"),
    ("mo", "tag_age", "BABY"),
    ("mo", "create_ts", "20/10/2023"),
    ("mo", "create_ts", "2023-W42-5T08:00:00"),
    ("mo", "timezone", "Europe/Lugozersk"),
    ("mo", "timezone", "../../etc/passwd"),
    ("mo", "same_day", "true"),
    ("mo", "tomorrow_closes_at", "25:00"),
    ("mo", "tomorrow_closes_at", "20:00:00"),
    ("mo", "checks", {"weather": False}),
    ("mo", "checks", {"district": 0}),
    ("mo", "checks", ["district"]),
    ("resource", "type", "TEACHER"),
    ("resource", "snils", "000-000-001 23"),
    ("resource", "snils", "0000000012"),
    ("resource", "internet_booking", 1),
    ("resource", "max_user_id", -5),
    ("resource", "max_phone", "12345"),
    ("resource", "max_phone", "+7 900 123-45-6"),
    ("resource", "area", {"number": 7}),
    ("resource", "note_age_to", 151),
    ("slot", "tag_type", "EPGU;REFERRAL"),
    ("slot", "tag_type", "EPGU,"),
    ("slot", "tag_age", "TEEN"),
    ("slot", "visit_time", "2026-03-02"),
    ("slot", "visit_time", "2026-02-30T09:20:00"),
    ("slot", "visit_time", "02.03.2026 09:20:00"),
    ("slot", "visit_time", "0001-01-01T09:20:00"),
    ("slot", "visit_time", 1772441400),
    ("slot", "duration", 0),
    ("slot", "duration", -20),
    ("slot", "duration", "двадцать"),
    ("slot", "duration", 20.0),
    ("slot", "duration", True),
    ("slot", "duration", 1441),
    ("slot", "status", "CANCELLED"),
    ("book", "status_code", 5050),
    ("book", "tag_source", "REGISTRY"),
    ("book", "type", "X"),
    ("service", "price", "дорого"),
    ("unaccessable_period", "reason", "HOLIDAY"),
    ("unaccessable_period", "end_date", "2026-03-08T00:00:00"),
    ("referral", "type", "X"),
    ("referral", "status", "DONE"),
    ("referral", "end_date", "2026-01-01T00:00:00"),
    ("patient", "id", "п" * 46),
    ("patient", "birthdate", "17.05.1990"),
    ("patient", "birthdate", "1890-05-17"),
    ("patient", "gender", "м"),
    ("patient", "snils", "123"),
    ("patient", "death_date", "1989-01-01"),
    ("patient", "united_guids", [{"id": 1}]),
    ("attachment", "until", "2019-12-31"),
    ("representation", "relation", "friend"),
    ("speciality", "age_from", -1),
    ("purpose", "active", "да"),
    ("purpose", "order", 1.5),
    ("consent_document", "signing_method", "Голубем"),
]


@pytest.mark.req(
    "FER-070", "FER-073", "FER-074", "FER-075", "FER-088", "FER-098", "FER-110", "FER-112", "FER-115", "FER-138",
    "FER-139", "FER-146", "FER-156", "FER-162", "FER-163",
)  # fmt: skip
@pytest.mark.parametrize(("kind", "field", "value"), BAD)
def test_a_bad_value_is_the_only_complaint(kind: str, field: str, value: object) -> None:
    faults = faults_of({**made(kind), field: value})
    assert list(faults) == [field]
    assert faults[field].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("slot", "duration", "canary@feathers.example"),
        ("slot", "status", "CANARY"),
        ("patient", "gender", "canary@feathers.example"),
        ("patient", "birthdate", "Canary Featherson"),
    ],
)
def test_a_fault_never_repeats_what_came(kind: str, field: str, value: str) -> None:
    assert "canary" not in faults_of(made(kind, **{field: value}))[field].lower()


def test_an_organisation_with_our_additions() -> None:
    raw = made(
        "mo",
        id=f" {MO} ",
        enabled="ATTACHED_MO",
        tag_age="CHILD",
        timezone="Asia/Omsk",
        same_day=False,
        tomorrow_closes_at="20:00",
        conditions="Время местное",
        licence="ЛО-00-01-004001",
        checks={"district": False},
        phone="2-22-22",
    )
    assert record_of(raw) == Organisation(
        id=MO,
        name="Поликлиника на Облачной",
        address="Лугозёрск, ул. Облачная, 1",
        zone=ZoneInfo("Asia/Omsk"),
        parent_oid="1.2.643.5.1.13.13.12.2.100.10001",
        branch_oid="1.2.643.5.1.13.13.12.2.100.10001.0.200001",
        phone="2-22-22",
        licence="ЛО-00-01-004001",
        accepts=Accepts.ATTACHED_HERE,
        age=OrganisationAge.CHILD,
        same_day=False,
        tomorrow_closes_at=time(20),
        conditions="Время местное",
        checks={"district": False},  # type: ignore[arg-type]  # mypy takes `dict` as converter for something untyped
    )


def test_an_organisation_without_a_zone_keeps_the_clock_of_the_region() -> None:
    record = record_of(made("mo"))
    assert isinstance(record, Organisation)
    assert record.zone == REGION


@pytest.mark.req("FER-076")
@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-01T09:00:00",
        "2026-02-01 09:00:00",
        "01.02.2026 09:00:00",
        "2026-02-01T09:00:00Z",
        "2026-02-01T09:00:00+05:00",
    ],
)
def test_forms_of_create_ts_that_are_understood(moment: str) -> None:
    assert record_of(made("mo", create_ts=moment)) == record_of(made("mo"))


@pytest.mark.parametrize(
    ("area", "areas"), [(7, {"7"}), ("7", {"7"}), ([7, " 8 "], {"7", "8"}), ([], set()), ("", set()), (None, set())]
)
def test_areas_are_one_or_many(area: object, areas: set[str]) -> None:
    record = record_of({**made("resource"), "area": area})
    assert isinstance(record, Resource)
    assert record.areas == areas


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("+7 (900) 123-45-67", "79001234567"),
        ("8 900 123 45 67", "79001234567"),
        (9001234567, "79001234567"),
        ("375291234567", "375291234567"),
        ("+84 912 345 678", "+84912345678"),
        ("+852 5123 4567", "+85251234567"),
        ("+95 123 45678", "+9512345678"),
    ],
)
def test_a_telephone_in_the_messenger_is_kept_as_digits(written: object, digits: str) -> None:
    record = record_of(made("resource", max_phone=written, max_user_id="501"))
    assert isinstance(record, Resource)
    assert (record.messenger_phone, record.messenger) == (digits, "501")


@pytest.mark.req("FER-091", "FER-092")
def test_a_device_and_a_room_need_names_and_no_doctor() -> None:
    person = dict.fromkeys(("post_id", "speciality_id", "snils", "last_name", "first_name"))
    device = record_of(made("resource", type="MACHINE", machine_name="УЗИ-аппарат", **person))
    room = record_of(made("resource", type="ROOM", room_number=114, room_name="Процедурная", **person))
    assert isinstance(device, Resource)
    assert isinstance(room, Resource)
    assert (device.title, device.name, device.speciality) == ("УЗИ-аппарат", None, None)
    assert (room.title, room.room_number) == ("Процедурная", "114")
    assert set(faults_of(made("resource", type="MACHINE", **person))) == {"machine_name"}
    assert set(faults_of(made("resource", type="ROOM", **person))) == {"room_name", "room_number"}


def test_a_wrong_type_is_not_blamed_on_fields_of_the_right_one() -> None:
    assert list(faults_of(made("resource", type="TEACHER", snils=None, last_name=None))) == ["type"]
    assert list(faults_of(made("referral", type="X", to_post_name=None, speciality_id=None))) == ["type"]


def test_fields_of_another_type_of_resource_are_forgiven_and_dropped() -> None:
    assert record_of(made("resource", room_number="1", machine_name="x")) == record_of(made("resource"))


def test_the_oldest_age_of_a_note_is_inclusive() -> None:
    record = record_of(made("slot", note_age_from=0, note_age_to="17", note_text="до 18 лет"))
    assert isinstance(record, SlotRecord)
    assert record.note is not None
    assert record.note.ages == AgeLimits(youngest=0, oldest=17)
    assert record.note.ages.admit(17)
    assert not record.note.ages.admit(18)
    assert list(faults_of(made("slot", note_age_from=18, note_age_to=17))) == ["note_age_to"]


def test_empty_note_fields_are_no_note() -> None:
    assert record_of({**made("slot"), "note_age_from": None, "note_text": " "}) == record_of(made("slot"))


@pytest.mark.req("FER-111", "FER-114")
def test_a_slot_with_the_flaws_of_the_profiles_examples() -> None:
    raw = made(
        "slot",
        id=f" {SLOT}",
        duration="20",
        create_ts="2023-10-01 09:00:00",
        tag_type="EPGU , ONLINE",
        status="RESERVED",
    )
    assert record_of(raw) == SlotRecord(
        id=SLOT,
        organisation=MO,
        resource=DOCTOR,
        visit=datetime(2026, 3, 2, 9, 20),  # noqa: DTZ001  # local to the organisation, which the record does not know
        minutes=20,
        channels=frozenset({ChannelTag.EPGU, ChannelTag.ONLINE}),
        age=AgeTag.ADULT,
        status=SlotStatus.RESERVED,
    )


def test_a_visit_with_an_offset_keeps_it() -> None:
    record = record_of(made("slot", visit_time="2026-03-02T09:20:00+05:00"))
    assert isinstance(record, SlotRecord)
    assert record.visit == datetime(2026, 3, 2, 4, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "channel"),
    [
        ("EPGU", Channel.FER),
        ("INFOMAT", Channel.REGISTRY),
        ("DOCTOR", Channel.REGISTRY),
        ("REG", Channel.REGISTRY),
        ("OTHER_WEB", Channel.PORTAL),
    ],
)
def test_sources_of_bookings_are_channels(source: str, channel: Channel) -> None:
    raw = made("book", tag_source=source, status_code="5040", type="PROPHYLACTIC_ADULT", referral_id="")
    assert record_of(raw) == BookRecord(
        id=BOOK,
        patient=PATIENT,
        slot=SLOT,
        status=BookStatus.CANCELLED_BY_PATIENT,
        channel=channel,
        kind=VisitKind.PROPHYLACTIC_ADULT,
    )


@pytest.mark.req("FER-160")
def test_the_key_of_a_period_may_be_called_id() -> None:
    named = made("unaccessable_period")
    key = named["period_id"]
    other = {
        "kind": "unaccessible_period",
        **{name: value for name, value in named.items() if name not in ("kind", "period_id")},
    }
    record = record_of(other | {"id": key})
    assert isinstance(record, AbsenceRecord)
    assert record == record_of(named) == record_of(named | {"id": key})
    assert record.reason is AbsenceReason.VACATION
    assert read_one(other | {"id": key}).id == key
    assert list(faults_of(named | {"id": DOCTOR})) == ["period_id"]


@pytest.mark.req("FER-145", "FER-147", "FER-148", "FER-149", "FER-154")
def test_a_referral_needs_what_its_type_needs() -> None:
    research = made("referral", type="RESEARCH", to_service_id="A04.20.001", speciality_id=None, to_post_name=None)
    assert isinstance(record_of(research | {"to_service_name": "УЗИ", "from_mo _id": MO}), ReferenceRecord)
    assert list(faults_of(research | {"to_service_id": ""})) == ["to_service_id"]
    assert set(faults_of(made("referral", speciality_id="", to_post_name=None))) == {"speciality_id", "to_post_name"}


def test_kept_records_say_what_they_refer_to() -> None:
    service, consent = record_of(made("service", price=950.5)), record_of(made("consent_document"))
    assert isinstance(service, ReferenceRecord)
    assert isinstance(consent, ReferenceRecord)
    assert service.references == {"resource_id": ("resource", DOCTOR)}
    assert service.data["price"] == 950.5
    assert consent.references == {"patient_id": ("patient", PATIENT), "booking_id": ("book", BOOK)}


def test_a_consent_document_is_of_a_booking_or_of_a_time() -> None:
    record = record_of(made("consent_document", booking_id=None, visit_time="2026-03-02T09:20:00"))
    assert isinstance(record, ReferenceRecord)
    assert set(record.references) == {"patient_id"}
    assert "visit_time" in faults_of(made("consent_document", booking_id=None))["booking_id"]


def test_a_patient_with_everything() -> None:
    raw = made(
        "patient",
        id=17,
        middlename="Громович",
        birthdate="1990-05-17T00:00:00",
        gender=2,
        snils="000-000-001 23",
        oms_number="11080835497",
        phone="+7 900 000-00-17",
        email="lad@example.com",
        death_date="2025-01-01",
        united_guids=["a", "b"],
        max_user_id=1001,
        max_phone="+79000000017",
        esia_id=1000000001,
    )
    record = record_of(raw)
    assert isinstance(record, Patient)
    assert (record.id, record.name.full, record.born, record.sex) == (
        "17",
        "Ветров Лад Громович",
        date(1990, 5, 17),
        Sex.FEMALE,
    )
    assert record.snils is not None
    assert record.snils.digits == "00000000123"
    assert (record.policy, record.phone, record.email) == ("11080835497", "+7 900 000-00-17", "lad@example.com")
    assert (record.died, record.united, record.esia) == (date(2025, 1, 1), frozenset({"a", "b"}), "1000000001")
    assert (record.messenger, record.messenger_phone) == ("1001", "79000000017")


def test_the_other_kinds_of_ours() -> None:
    assert record_of(made("attachment", area=7, until="2027-01-01")) == Attachment(
        patient=PATIENT, organisation=MO, area="7", since=date(2020, 1, 1), until=date(2027, 1, 1)
    )
    assert record_of(made("representation", relation="epgu_child")) == Representation(
        representative=PARENT, patient=PATIENT, relation=Relation.EPGU_CHILD
    )
    assert record_of(made("speciality", id=49, gender="2", age_from=18)) == Speciality(
        id=SpecialityId("49"), name="Терапия", sex=Sex.FEMALE, ages=AgeLimits(youngest=18)
    )
    assert record_of(made("purpose", active=False, order=3, speciality_ids=["49", 50], mo_ids=[])) == Purpose(
        id=PurposeId("repeat"),
        name="Повторная консультация",
        active=False,
        order=3,
        specialities=frozenset({SpecialityId("49"), SpecialityId("50")}),
    )


def test_a_record_that_is_refused_still_tells_whose_it_is() -> None:
    line = read_one(made("attachment", since="вчера"))
    assert isinstance(line, RefusedLine)
    assert (line.number, line.kind, line.id) == (1, "attachment", f"{PATIENT}/{MO}/7")
