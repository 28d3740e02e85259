"""Free and taken times through the API, on both databases."""

from collections.abc import Mapping

from tests.harness.product import Product
from tests.harness.village import Doctor, Village


def counts(product: Product, village: Village, doctor: Doctor, **more: str) -> list[Mapping[str, object]]:
    asked = {"mo_id": village.clinic_id, "speciality_id": doctor.speciality, **more}
    answer = product.call("GET", "/api/v1/availability", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["counts"])


def test_a_booking_is_seen_in_the_counts_of_its_day_at_every_server(product: Product) -> None:
    village = product.settle(1, days=3, times=4)
    person, doctor, day = village.citizens[0], village.therapist, village.days[1]
    free = [
        {"day": str(one), "resource_id": doctor.id, "tag_age": "ALL", "available": 4, "recorded": 0}
        for one in village.days
    ]
    assert counts(product, village, doctor) == free

    asked = {"patient_id": person.id, "slot_id": village.slot_id(doctor, day, "10:00"), "author_id": person.id}
    booked = product.call("POST", "/api/v1/bookings", json=asked).json()
    taken = [free[0], {**free[1], "available": 3, "recorded": 1}, free[2]]
    assert [counts(product, village, doctor) for _ in range(2)] == [taken, taken]
    assert counts(product, village, doctor, **{"from": str(day), "to": str(day), "online": "true"}) == [taken[1]]
    assert counts(product, village, village.neurologist) == [
        {**one, "resource_id": village.neurologist.id} for one in free
    ]

    assert product.call("DELETE", f"/api/v1/bookings/{booked['id']}").status_code == 204
    assert counts(product, village, doctor) == free


def test_the_days_of_the_answer_are_those_asked_for(small: Product) -> None:
    village = small.settle(0, days=1, times=1)
    asked = {"mo_id": village.clinic_id, "speciality_id": "-", "from": "2026-03-01", "to": "2026-03-02"}

    answer = small.call("GET", "/api/v1/availability", params=asked)

    assert answer.json() == {
        "mo_id": village.clinic_id,
        "speciality_id": "-",
        "from": "2026-03-01",
        "to": "2026-03-02",
        "counts": [],
    }


def test_an_organisation_nobody_knows_is_not_found(small: Product) -> None:
    answer = small.call("GET", "/api/v1/availability", params={"mo_id": "-", "speciality_id": "-"})

    assert (answer.status_code, answer.json()["code"]) == (404, "mo.unknown")


def test_every_wrong_parameter_is_named(small: Product) -> None:
    answer = small.call("GET", "/api/v1/availability", params={"mo": "1", "from": "today"})

    assert (answer.status_code, answer.json()["code"]) == (400, "query.fields")
    assert {error["field"] for error in answer.json()["errors"]} == {"mo", "mo_id", "speciality_id", "from"}


def test_nobody_without_the_token_is_answered(small: Product) -> None:
    assert small.call("GET", "/api/v1/availability", token=None).status_code == 401
