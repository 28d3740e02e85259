"""The invented region keeps the formats of the load file and every promise about its people."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registratura.emulators.region import Citizen, Size, citizens, invent
from registratura.emulators.region.clinics import neighbour_zone
from registratura.emulators.region.numbers import enp_control, snils_control

MONDAY = date(2025, 11, 24)
SMALL = Size(organisations=4, doctors=40, days=7, patients=120)
DISTRICT_POSTS = {"110", "59", "49", "120"}

TAGS = {
    "EPGU", "ORDINARY", "RESERVE", "PAID", "CENTER", "REFERRAL", "D_OBSERVATION", "INFOMAT", "REGISTRY", "EQUEUE",
    "ONLINE",
}  # fmt: skip

Record = dict[str, Any]
Kinds = dict[str, list[Record]]
Format = dict[str, Callable[[object], bool]]


def by_kind(records: Iterator[Record]) -> Kinds:
    kinds: Kinds = {}
    for record in records:
        kinds.setdefault(record["kind"], []).append(record)
    return kinds


@pytest.fixture(scope="module")
def region() -> Kinds:
    return by_kind(invent(7, MONDAY))


@pytest.fixture(scope="module")
def people() -> dict[int, Citizen]:
    return {citizen.max_user_id: citizen for citizen in citizens(7, MONDAY)}


def text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 512


def matches(pattern: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*values: object) -> Callable[[object], bool]:
    return lambda value: value in values


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def flag(value: object) -> bool:
    return isinstance(value, bool)


def real_date(value: object) -> bool:
    return matches(r"\d{4}-\d\d-\d\d")(value) and str(date.fromisoformat(str(value))) == value


def timestamp(value: object) -> bool:
    shape = matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")(value)
    return shape and datetime.fromisoformat(str(value)).tzinfo is None


def zone(value: object) -> bool:
    return ZoneInfo(str(value)).key == value


def luhn(value: object) -> bool:
    digits = [int(digit) for digit in str(value)][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return matches(r"\d{16}")(value) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def snils(value: object) -> bool:
    number = str(value)
    if not matches(r"\d{11}")(value) or number[:9] <= "001001998":
        return False
    control = sum(int(digit) * (9 - place) for place, digit in enumerate(number[:9])) % 101
    return int(number[9:]) == (0 if control == 100 else control)


def tags(value: object) -> bool:
    return isinstance(value, str) and set(value.split(",")) <= TAGS


def words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


guid = matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
code = matches(r"\d{1,3}")
phone = matches(r"\+7555\d{7}")
service = matches(r"[AB]\d\d(\.\d{2,3}){2}")
enabled = one_of("ATTACHED_MO", "ATTACHED_REG", "ALL", "NONE")
gender = one_of("1", "2")
oid = matches(r"1\.2\.643\.5\.1\.13\.13\.12\.2\.100\.\d+(\.0\.\d+)?")
notes: Format = {"note_age_from": whole, "note_age_to": whole, "note_text": text}

FORMATS: dict[str, tuple[Format, Format]] = {
    "mo": (
        {"id": guid, "parent_id": oid, "branch_oid": oid, "name": text, "address": text, "enabled": enabled}
        | {"create_ts": timestamp, "tag_age": one_of("ADULT", "CHILD", "ALL"), "timezone": zone},
        {
            "phone": phone,
            "same_day": flag,
            "conditions": text,
            "tomorrow_closes_at": matches(r"[01]\d:[0-5]\d|2[0-3]:[0-5]\d"),
        },
    ),
    "resource": (
        {"id": guid, "type": one_of("SPECIALIST", "MACHINE", "ROOM"), "mo_id": guid, "enabled": enabled}
        | {"create_ts": timestamp},
        {"post_id": code, "speciality_id": code, "snils": snils, "last_name": text, "first_name": text}
        | {"middle_name": text, "machine_name": text, "room_number": text, "room_name": text}
        | {"area": lambda value: code(value) or words(value), "internet_booking": flag, "max_user_id": whole}
        | {"max_phone": phone}
        | notes,
    ),
    "service": ({"id": guid, "resource_id": guid, "code": service, "create_ts": timestamp}, {}),
    "slot": (
        {"id": guid, "mo_id": guid, "resource_id": guid, "tag_type": tags, "visit_time": timestamp, "duration": whole}
        | {"tag_age": one_of("ADULT", "CHILD", "BABY", "ALL"), "create_ts": timestamp}
        | {"status": one_of("AVAILABLE", "RECORDED", "CANCELED", "RESERVED", "BLOCKED")},
        notes,
    ),
    "book": (
        {"id": guid, "patient_id": guid, "slot_id": guid, "status_code": one_of(5000), "create_ts": timestamp}
        | {"tag_source": one_of("EPGU", "REG", "OTHER_WEB"), "type": one_of("APPOINTMENT", "ONLINE_CONSULTING")},
        {},
    ),
    "referral": (
        {"id": guid, "patient_id": guid, "number": text, "type": one_of("CONSULTATION", "RESEARCH")}
        | {
            "start_date": timestamp,
            "end_date": timestamp,
            "to_mo_id": guid,
            "to_profile_code": code,
            "from_mo_id": guid,
        }
        | {"from_resource_id": guid, "status": one_of("AVAILABLE"), "create_ts": timestamp, "referral_type_code": code}
        | {"to_mo_oid": oid, "from_mo_oid": oid},
        {"speciality_id": code, "to_post_name": text, "to_service_id": service},
    ),
    "unaccessable_period": (
        {"period_id": guid, "resource_id": guid, "beg_date": timestamp, "end_date": timestamp, "create_ts": timestamp}
        | {"reason": one_of("VACATION", "SICK_LEAVE", "FIRED", "REPAIR")},
        {},
    ),
    "profilecode_resource": ({"id": guid, "resource_id": guid, "profile_code": code, "create_ts": timestamp}, {}),
    "patient": (
        {"id": guid, "lastname": text, "firstname": text, "middlename": text, "birthdate": real_date, "gender": gender}
        | {"snils": snils, "oms_number": luhn},
        {"phone": phone, "email": matches(r"[^@]+@example\.com"), "death_date": real_date, "united_guids": words}
        | {"max_user_id": whole, "max_phone": phone, "esia_id": matches(r"\d{10}")},
    ),
    "attachment": ({"patient_id": guid, "mo_id": guid, "area": code, "since": real_date}, {"until": real_date}),
    "representation": (
        {"representative_id": guid, "patient_id": guid, "relation": one_of("epgu_child", "legal"), "since": real_date},
        {"until": real_date},
    ),
    "purpose": (
        {"id": text, "name": text, "active": flag, "order": whole, "speciality_ids": words, "mo_ids": words},
        {"age_from": whole, "age_to": whole, "gender": gender},
    ),
    "consent_document": (
        {"id": guid, "patient_id": guid, "booking_id": guid, "title": text, "template_id": text}
        | {"signing_method": one_of("Электронно", "Бумажно")},
        {},
    ),
    "speciality": ({"id": code, "name": text}, {"gender": gender, "age_from": whole, "age_to": whole}),
}


def faults(record: Record) -> list[str]:
    required, optional = FORMATS[record["kind"]]
    known = required | optional
    missing = [f"{name} is missing" for name in required if name not in record]
    strange = [f"{name} is unknown" for name in record if name != "kind" and name not in known]
    wrong = [f"{name}={record[name]!r}" for name, check in known.items() if name in record and not check(record[name])]
    return missing + strange + wrong


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_every_record_has_the_fields_of_its_kind_in_the_right_form(region: Kinds, kind: str) -> None:
    assert [(record, faults(record)) for record in region[kind] if faults(record)] == []


def test_no_kind_is_strange_to_the_load_format(region: Kinds) -> None:
    assert set(region) == set(FORMATS)


def test_resources_carry_the_names_of_their_type_and_no_others(region: Kinds) -> None:
    own = {
        "SPECIALIST": {"post_id", "speciality_id", "snils", "last_name", "first_name", "middle_name"},
        "MACHINE": {"machine_name"},
        "ROOM": {"room_number", "room_name"},
    }
    for record in region["resource"]:
        named = {name for names in own.values() for name in names if name in record}
        assert named == own[record["type"]]


def test_referrals_say_what_their_type_needs(region: Kinds) -> None:
    for record in region["referral"]:
        consultation = record["type"] == "CONSULTATION"
        assert consultation == ("speciality_id" in record) == ("to_post_name" in record)
        assert consultation != ("to_service_id" in record)


@pytest.mark.parametrize(("number", "control"), [("112233445", "95"), ("087654303", "00")])
def test_known_insurance_numbers_get_their_control_digits(number: str, control: str) -> None:
    assert snils_control(number) == control


@pytest.mark.parametrize("number", ["5901081234567898", "4539578763621486"])
def test_known_policy_numbers_get_their_control_digit(number: str) -> None:
    assert enp_control(number[:15]) == number[15]


def test_nobody_invented_bears_a_number_of_a_living_person(region: Kinds) -> None:
    assert {record["snils"][:2] for record in region["patient"]} == {"98"}
    assert {record["snils"][:2] for record in doctors(region)} == {"97"}
    assert {record["oms_number"][:2] for record in region["patient"]} == {"00"}


def test_numbers_and_names_that_must_differ_do(region: Kinds) -> None:
    for kind, field in (
        ("mo", "name"), ("mo", "branch_oid"), ("patient", "snils"), ("patient", "oms_number"), ("resource", "snils"),
        ("resource", "max_user_id"), ("patient", "max_user_id"), ("referral", "number"),
    ):  # fmt: skip
        values = [record[field] for record in region[kind] if field in record]
        assert len(values) == len(set(values)), (kind, field)


def test_the_same_seed_and_day_give_the_same_records() -> None:
    first, second = (list(invent(3, MONDAY, size=SMALL)) for _ in range(2))
    assert first == second
    assert citizens(3, MONDAY) == citizens(3, MONDAY)


def test_another_seed_gives_other_people() -> None:
    assert list(invent(3, MONDAY, size=SMALL)) != list(invent(4, MONDAY, size=SMALL))


def test_tomorrow_nothing_that_was_there_today_has_a_new_name() -> None:
    today, tomorrow = (by_kind(invent(3, day, size=SMALL)) for day in (MONDAY, MONDAY + timedelta(days=1)))
    for kind in ("mo", "resource", "service", "profilecode_resource"):
        assert today[kind] == tomorrow[kind]
    later = {record["id"] for record in tomorrow["slot"]}
    assert all(slot["id"] in later for slot in today["slot"] if not slot["visit_time"].startswith(str(MONDAY)))
    assert [record["id"] for record in today["patient"]] == [record["id"] for record in tomorrow["patient"]]


def test_records_come_one_by_one() -> None:
    assert len(list(islice(invent(7, MONDAY), 20))) == 20


def doctors(region: Kinds) -> list[Record]:
    return [record for record in region["resource"] if record["type"] == "SPECIALIST"]


def online(region: Kinds) -> list[Record]:
    return [slot for slot in region["slot"] if "ONLINE" in slot["tag_type"].split(",")]


def share(records: Sequence[Record], holds: Callable[[Record], bool]) -> float:
    return sum(map(holds, records)) / len(records)


def test_the_region_has_the_size_asked_for(region: Kinds) -> None:
    assert len(region["mo"]) == 30
    assert len(doctors(region)) == 600
    assert 3000 <= len(region["patient"]) <= 3100
    assert 60_000 <= len(region["slot"]) <= 90_000
    days = {date.fromisoformat(slot["visit_time"][:10]) for slot in region["slot"]}
    assert min(days) == MONDAY
    assert max(days) < MONDAY + timedelta(days=14)


@pytest.mark.parametrize(
    "small",
    [
        pytest.param({"organisations": 3, "doctors": 30}, id="fewer clinics than the citizens need"),
        pytest.param({"organisations": 10, "doctors": 49}, id="doctors do not suffice"),
        pytest.param({"days": 4}, id="the promised booking may fall outside"),
        pytest.param({"patients": -1}, id="negative"),
    ],
)
def test_a_region_too_small_for_its_promises_is_refused(small: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Size(**small)


def test_slots_are_taken_and_free_in_believable_shares(region: Kinds) -> None:
    assert 0.5 < share(region["slot"], lambda slot: slot["status"] == "RECORDED") < 0.6
    assert 0.3 < share(region["slot"], lambda slot: slot["status"] == "AVAILABLE") < 0.45
    statuses = Counter(slot["status"] for slot in region["slot"])
    for rare in ("CANCELED", "BLOCKED", "RESERVED"):
        assert 0.005 < statuses[rare] / statuses.total() < 0.05


def test_slots_are_of_many_types(region: Kinds) -> None:
    seen = Counter(slot["tag_type"] for slot in region["slot"])
    expected = {"EPGU", "ORDINARY", "CENTER", "REGISTRY", "REFERRAL", "EPGU,ONLINE", "ONLINE"}
    assert expected <= {tag for tag, count in seen.items() if count > 100}


def test_about_half_of_the_doctors_hold_telemedicine_hours(region: Kinds) -> None:
    holders = {slot["resource_id"] for slot in online(region)}
    assert 0.4 < share(doctors(region), lambda doctor: doctor["id"] in holders) < 0.6


def test_a_resource_never_has_two_slots_at_once(region: Kinds) -> None:
    ends: dict[str, datetime] = {}
    for slot in sorted(region["slot"], key=lambda slot: (slot["resource_id"], slot["visit_time"])):
        start = datetime.fromisoformat(slot["visit_time"])
        assert start >= ends.get(slot["resource_id"], start)
        ends[slot["resource_id"]] = start + timedelta(minutes=slot["duration"])
        assert 10 <= slot["duration"] <= 30


def test_nobody_works_on_sunday(region: Kinds) -> None:
    assert all(datetime.fromisoformat(slot["visit_time"]).weekday() < 6 for slot in region["slot"])


def test_nothing_can_be_booked_during_an_absence(region: Kinds) -> None:
    away = {period["resource_id"]: period for period in region["unaccessable_period"]}
    absent = [
        slot
        for slot in region["slot"]
        if (period := away.get(slot["resource_id"])) and period["beg_date"] <= slot["visit_time"] <= period["end_date"]
    ]
    assert absent
    assert {slot["status"] for slot in absent} == {"BLOCKED"}
    assert {"VACATION", "REPAIR"} <= {period["reason"] for period in away.values()}


def test_most_doctors_are_on_max_and_some_cannot_be_booked_through_the_internet(region: Kinds) -> None:
    staff = doctors(region)
    assert 0.8 < share(staff, lambda doctor: "max_user_id" in doctor) < 0.98
    assert all(("max_user_id" in doctor) == ("max_phone" in doctor) for doctor in staff)
    assert 0.005 < share(staff, lambda doctor: doctor.get("internet_booking") is False) < 0.1
    assert 0.01 < share(staff, lambda doctor: "note_text" in doctor) < 0.15
    assert any("note_text" in slot for slot in region["slot"])


def test_district_doctors_and_only_they_have_areas(region: Kinds) -> None:
    for doctor in doctors(region):
        assert (doctor["post_id"] in DISTRICT_POSTS) == bool(doctor.get("area"))
    assert any(isinstance(doctor.get("area"), list) for doctor in doctors(region))


def test_clinics_differ_in_zone_age_and_rules(region: Kinds) -> None:
    clinics = region["mo"]
    assert Counter(clinic["timezone"] for clinic in clinics) == {"Europe/Moscow": 27, "Europe/Samara": 3}
    assert {clinic["tag_age"] for clinic in clinics} == {"ADULT", "CHILD", "ALL"}
    assert {clinic["enabled"] for clinic in clinics} == {"ALL", "ATTACHED_REG", "ATTACHED_MO", "NONE"}
    assert {clinic.get("same_day") for clinic in clinics} == {True, False, None}
    for optional in ("tomorrow_closes_at", "conditions", "phone"):
        assert 0 < sum(optional in clinic for clinic in clinics) < len(clinics)


@pytest.mark.parametrize(
    ("zone_of_region", "neighbour"),
    [
        ("Europe/Moscow", "Europe/Samara"),
        ("Asia/Yekaterinburg", "Asia/Omsk"),
        ("Asia/Kamchatka", "Asia/Magadan"),
    ],
)
def test_the_other_zone_is_one_hour_away(zone_of_region: str, neighbour: str) -> None:
    assert neighbour_zone(zone_of_region, MONDAY) == neighbour


def test_clinics_for_children_have_no_slots_for_adults_and_the_reverse(region: Kinds) -> None:
    tag_age = {clinic["id"]: clinic["tag_age"] for clinic in region["mo"]}
    staff = {doctor["id"] for doctor in doctors(region)}
    seen: dict[str, set[str]] = {}
    for slot in region["slot"]:
        if slot["resource_id"] in staff:
            seen.setdefault(tag_age[slot["mo_id"]], set()).add(slot["tag_age"])
    assert seen["ADULT"] == {"ADULT"}
    assert seen["CHILD"] == {"CHILD", "BABY"}
    assert seen["ALL"] == {"ADULT", "CHILD", "BABY", "ALL"}


def test_specialities_limit_gender_and_age(region: Kinds) -> None:
    limits = {record["name"]: record for record in region["speciality"]}
    assert limits["Акушерство и гинекология"]["gender"] == "2"
    assert (limits["Педиатрия"]["age_from"], limits["Педиатрия"]["age_to"]) == (0, 17)
    assert limits["Терапия"]["age_from"] == 18
    assert {doctor["speciality_id"] for doctor in doctors(region)} == {record["id"] for record in limits.values()}


def test_purposes_include_those_the_rules_name(region: Kinds) -> None:
    names = {purpose["name"]: purpose for purpose in region["purpose"]}
    assert {"Первичная", "Повторная", "Закрытие листа нетрудоспособности"} <= set(names)
    assert names["Ведение беременности"]["gender"] == "2"
    assert "age_to" in names["Уход за ребёнком и кормление"]
    assert not all(purpose["active"] for purpose in names.values())


def references(region: Kinds) -> Iterator[tuple[str, str, str, str]]:
    identity = {"unaccessable_period": "period_id"}
    targets = {
        "mo_id": "mo", "resource_id": "resource", "slot_id": "slot", "patient_id": "patient", "booking_id": "book",
        "representative_id": "patient", "to_mo_id": "mo", "from_mo_id": "mo", "from_resource_id": "resource",
        "speciality_id": "speciality",
    }  # fmt: skip
    for kind, records in region.items():
        for record in records:
            for field, target in targets.items():
                if field in record:
                    yield kind, str(record.get(identity.get(kind, "id"))), target, record[field]


def test_every_reference_leads_somewhere(region: Kinds) -> None:
    ids = {kind: {record.get("id") for record in records} for kind, records in region.items()}
    assert [reference for reference in references(region) if reference[3] not in ids[reference[2]]] == []
    specialities = ids["speciality"]
    assert all(set(purpose["speciality_ids"]) <= specialities for purpose in region["purpose"])


def test_no_identifier_is_used_twice(region: Kinds) -> None:
    for kind, records in region.items():
        ids = [record["id"] for record in records if "id" in record]
        assert len(ids) == len(set(ids)), kind


def test_slots_belong_to_the_clinic_of_their_resource(region: Kinds) -> None:
    home = {resource["id"]: resource["mo_id"] for resource in region["resource"]}
    assert all(home[slot["resource_id"]] == slot["mo_id"] for slot in region["slot"])


def test_referrals_lead_to_a_schedule(region: Kinds) -> None:
    home = {resource["id"]: resource["mo_id"] for resource in region["resource"]}
    profiles = {(home[one["resource_id"]], one["profile_code"]) for one in region["profilecode_resource"]}
    services = {(home[one["resource_id"]], one["code"]) for one in region["service"]}
    for referral in region["referral"]:
        assert (referral["to_mo_id"], referral["to_profile_code"]) in profiles
        if referral["type"] == "RESEARCH":
            assert (referral["to_mo_id"], referral["to_service_id"]) in services


def years(birthdate: str, day: date) -> int:
    born = date.fromisoformat(birthdate)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def test_bookings_stand_on_taken_slots_and_fit_the_patient(region: Kinds) -> None:
    slots = {slot["id"]: slot for slot in region["slot"]}
    patients = {patient["id"]: patient for patient in region["patient"]}
    staff = {doctor["id"]: doctor for doctor in doctors(region)}
    limits = {record["id"]: record for record in region["speciality"]}
    assert len(region["book"]) > 500
    assert len({book["patient_id"] for book in region["book"]}) == len(region["book"])
    for book in region["book"]:
        slot, patient = slots[book["slot_id"]], patients[book["patient_id"]]
        limit = limits[staff[slot["resource_id"]]["speciality_id"]]
        age = years(patient["birthdate"], date.fromisoformat(slot["visit_time"][:10]))
        assert slot["status"] == "RECORDED"
        assert "death_date" not in patient
        assert limit.get("gender", patient["gender"]) == patient["gender"]
        assert limit.get("age_from", 0) <= age <= limit.get("age_to", 150)
        assert slot["tag_age"] == "ALL" or (slot["tag_age"] == "ADULT") == (age >= 18)
        assert (book["type"] == "ONLINE_CONSULTING") == ("ONLINE" in slot["tag_type"])


def test_patients_are_attached_where_their_age_is_treated(region: Kinds) -> None:
    tag_age = {clinic["id"]: clinic["tag_age"] for clinic in region["mo"]}
    adults = {patient["id"]: years(patient["birthdate"], MONDAY) >= 18 for patient in region["patient"]}
    turned_18 = citizens(7, MONDAY)[5].children[1].snils
    spared = next(patient["id"] for patient in region["patient"] if patient["snils"] == turned_18)
    for attachment in region["attachment"]:
        if attachment["patient_id"] != spared:
            expected = "ADULT" if adults[attachment["patient_id"]] else "CHILD"
            assert tag_age[attachment["mo_id"]] in {expected, "ALL"}


def patient_of(region: Kinds, citizen: Citizen) -> Record:
    return next(patient for patient in region["patient"] if patient["id"] == citizen.patient_id)


def attachment_of(region: Kinds, patient_id: str | None) -> Record | None:
    return next((one for one in region["attachment"] if one["patient_id"] == patient_id), None)


def relatives_of(region: Kinds, citizen: Citizen) -> list[tuple[str, int]]:
    """Relations in force on the day, each with the age of the relative."""
    born = {patient["id"]: patient["birthdate"] for patient in region["patient"]}
    return [
        (one["relation"], years(born[one["patient_id"]], MONDAY))
        for one in region["representation"]
        if one["representative_id"] == citizen.patient_id and one.get("until", "9999") >= str(MONDAY)
    ]


def test_citizens_are_numbered_from_1001_and_explained(people: dict[int, Citizen]) -> None:
    assert list(people) == list(range(1001, 1021))
    for citizen in people.values():
        assert phone(citizen.phone)
        assert re.search("[а-я]", citizen.note)
        assert len(citizen.note) <= 150
        assert (citizen.first_name, citizen.last_name) == (citizen.identity.first_name, citizen.identity.last_name)
        assert snils(citizen.identity.snils)


def test_citizens_are_linked_to_their_cards_except_the_two_who_are_not(
    region: Kinds, people: dict[int, Citizen]
) -> None:
    linked = {patient["max_user_id"]: patient for patient in region["patient"] if "max_user_id" in patient}
    assert set(linked) == set(people) - {1009, 1010}
    for user, patient in linked.items():
        identity = people[user].identity
        assert patient["id"] == people[user].patient_id
        assert (patient["lastname"], patient["snils"]) == (identity.last_name, identity.snils)
        assert (patient["birthdate"], patient["gender"]) == (str(identity.birthdate), identity.gender)
        assert patient["max_phone"] == people[user].phone


def test_1001_is_a_mother_of_an_infant_and_a_schoolchild(region: Kinds, people: dict[int, Citizen]) -> None:
    mother = patient_of(region, people[1001])
    assert (mother["gender"], years(mother["birthdate"], MONDAY)) == ("2", 36)
    assert relatives_of(region, people[1001]) == [("epgu_child", 0), ("epgu_child", 8)]
    assert attachment_of(region, people[1001].patient_id)


def test_1001_and_her_infant_find_telemedicine_with_a_district_doctor(
    region: Kinds, people: dict[int, Citizen]
) -> None:
    infant = next(one for one in region["patient"] if one["snils"] == people[1001].children[0].snils)
    for patient_id, post, age_tag in ((people[1001].patient_id, "110", "ADULT"), (infant["id"], "59", "BABY")):
        attachment = attachment_of(region, patient_id)
        assert attachment
        own = {
            doctor["id"]
            for doctor in doctors(region)
            if (doctor["mo_id"], doctor.get("area")) == (attachment["mo_id"], attachment["area"])
            and doctor["post_id"] == post
            and "max_user_id" in doctor
        }
        slots = [slot for slot in online(region) if slot["resource_id"] in own and slot["tag_age"] == age_tag]
        assert any(slot["status"] == "AVAILABLE" for slot in slots)


def test_1002_is_a_man_of_40_without_relatives(region: Kinds, people: dict[int, Citizen]) -> None:
    man = patient_of(region, people[1002])
    assert (man["gender"], years(man["birthdate"], MONDAY)) == ("1", 40)
    assert relatives_of(region, people[1002]) == []
    assert {one["type"] for one in region["referral"] if one["patient_id"] == man["id"]} == {"CONSULTATION", "RESEARCH"}


def test_1003_represents_one_adult_and_no_longer_another(region: Kinds, people: dict[int, Citizen]) -> None:
    assert relatives_of(region, people[1003]) == [("legal", 31)]
    ended = [one for one in region["representation"] if one.get("until", "9999") < str(MONDAY)]
    assert [one["representative_id"] for one in ended] == [people[1003].patient_id]
    assert people[1003].children == []


def test_1004_is_attached_nowhere(region: Kinds, people: dict[int, Citizen]) -> None:
    assert patient_of(region, people[1004])
    assert attachment_of(region, people[1004].patient_id) is None


def test_1005_is_a_pensioner_with_a_consultation_ahead(region: Kinds, people: dict[int, Citizen]) -> None:
    pensioner = patient_of(region, people[1005])
    (book,) = [book for book in region["book"] if book["patient_id"] == pensioner["id"]]
    slot = next(slot for slot in region["slot"] if slot["id"] == book["slot_id"])
    assert years(pensioner["birthdate"], MONDAY) >= 65
    assert slot["visit_time"] > str(MONDAY + timedelta(days=1))
    assert "ONLINE" in slot["tag_type"]
    methods = {one["signing_method"] for one in region["consent_document"] if one["booking_id"] == book["id"]}
    assert methods == {"Электронно", "Бумажно"}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), today=st.dates(date(2025, 1, 1), date(2036, 12, 31)))
def test_the_promises_hold_on_any_day(seed: int, today: date) -> None:
    region = by_kind(invent(seed, today, size=Size(organisations=4, doctors=20, days=5, patients=10)))
    people = {citizen.max_user_id: citizen for citizen in citizens(seed, today)}
    (book,) = [book for book in region["book"] if book["patient_id"] == people[1005].patient_id]
    slot = next(slot for slot in region["slot"] if slot["id"] == book["slot_id"])
    assert slot["status"] == "RECORDED"
    infant, schoolchild = people[1001].children
    assert years(str(infant.birthdate), today) == 0
    assert years(str(schoolchild.birthdate), today) == 8
    kirill, alisa = people[1006].children
    assert years(str(kirill.birthdate), today) == 12
    assert years(str(alisa.birthdate), today) == 18
    assert years(str(alisa.birthdate), today - timedelta(days=1)) == 17 or (today.month, today.day) == (2, 29)


def test_1006_has_a_child_by_both_rights_and_one_who_is_18_today(region: Kinds, people: dict[int, Citizen]) -> None:
    assert relatives_of(region, people[1006]) == [("epgu_child", 12), ("legal", 12), ("epgu_child", 18)]
    assert people[1006].children[1].birthdate == MONDAY.replace(year=MONDAY.year - 18)


def test_1007_has_no_district_doctor_of_his_area(region: Kinds, people: dict[int, Citizen]) -> None:
    attachment = attachment_of(region, people[1007].patient_id)
    assert attachment
    district = [
        doctor for doctor in doctors(region) if doctor["mo_id"] == attachment["mo_id"] and doctor["post_id"] == "110"
    ]
    assert district
    assert all(attachment["area"] != doctor["area"] for doctor in district)


def test_1008_has_a_closed_card(region: Kinds, people: dict[int, Citizen]) -> None:
    assert patient_of(region, people[1008])["death_date"] < str(MONDAY)


def test_1009_is_known_to_no_clinic(region: Kinds, people: dict[int, Citizen]) -> None:
    stranger = people[1009].identity
    assert people[1009].patient_id is None
    assert all(patient["snils"] != stranger.snils for patient in region["patient"])


def test_1010_has_a_card_that_is_not_linked_yet(region: Kinds, people: dict[int, Citizen]) -> None:
    card = patient_of(region, people[1010])
    assert card["snils"] == people[1010].identity.snils
    assert "max_user_id" not in card


def test_some_everyday_citizens_belong_to_the_clinic_in_the_other_zone(
    region: Kinds, people: dict[int, Citizen]
) -> None:
    far = {clinic["id"] for clinic in region["mo"] if clinic["timezone"] != "Europe/Moscow"}
    homes = [attachment_of(region, people[user].patient_id) for user in range(1011, 1021)]
    assert 0 < sum(home is not None and home["mo_id"] in far for home in homes) < len(homes)
