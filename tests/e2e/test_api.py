"""Bookings through the API: repeated safely, refused for a reason, given back once."""

from uuid import uuid4

import pytest

from tests.harness.product import Product
from tests.harness.village import Village


def asked_of(village: Village, clock: str = "10:00") -> dict[str, str]:
    person = village.citizens[0]
    slot = village.slot_id(village.therapist, village.days[0], clock)
    return {"patient_id": person.id, "slot_id": slot, "author_id": person.id}


def test_the_same_key_and_body_give_the_same_booking_at_every_server(product: Product) -> None:
    village = product.settle(1)
    headers = {"Idempotency-Key": str(uuid4())}

    answers = [product.call("POST", "/api/v1/bookings", json=asked_of(village), headers=headers) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.text for answer in answers}) == 1
    assert [booking["id"] for booking in product.bookings(village.citizens[0].id)] == [answers[0].json()["id"]]


def test_the_same_key_with_another_body_is_refused(product: Product) -> None:
    village = product.settle(1)
    headers = {"Idempotency-Key": str(uuid4())}
    first = product.call("POST", "/api/v1/bookings", json=asked_of(village), headers=headers)

    second = product.call("POST", "/api/v1/bookings", json=asked_of(village, "10:20"), headers=headers)

    assert (first.status_code, second.status_code) == (201, 422)
    assert second.json()["code"] == "idempotency.reused"
    assert len(product.bookings(village.citizens[0].id)) == 1


@pytest.mark.parametrize("key", ["", "k" * 201, "ключ".encode().decode("latin-1")])
def test_a_key_of_another_shape_is_refused(small: Product, key: str) -> None:
    village = small.settle(1)
    headers = {"Idempotency-Key": key.encode("latin-1")}

    answer = small.call("POST", "/api/v1/bookings", json=asked_of(village), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.shape")


@pytest.mark.req("TMK-57")
def test_a_repeated_booking_is_refused_with_its_own_reason(product: Product) -> None:
    village = product.settle(1)
    person, doctor = village.citizens[0], village.therapist
    assert product.call("POST", "/api/v1/bookings", json=asked_of(village)).status_code == 201

    def refusal(slot: str) -> tuple[int, str]:
        answer = product.call("POST", "/api/v1/bookings", json={**asked_of(village), "slot_id": slot})
        return answer.status_code, answer.json()["code"]

    assert refusal(village.slot_id(doctor, village.days[1], "10:20")) == (409, "booking.SpecialityBooked")
    assert refusal(village.slot_id(village.neurologist, village.days[0], "10:00")) == (409, "booking.BusyAtThatTime")
    assert refusal(village.slot_id(village.paediatrician, village.days[1], "10:00")) == (422, "booking.AgeMismatch")
    assert len(product.bookings(person.id)) == 1


def test_cancelling_gives_the_time_back_and_is_done_once(product: Product) -> None:
    village = product.settle(2)
    first, second = village.citizens
    booked = product.call("POST", "/api/v1/bookings", json=asked_of(village)).json()
    theirs = {**asked_of(village), "patient_id": second.id, "author_id": second.id}
    assert product.call("POST", "/api/v1/bookings", json=theirs).json()["code"] == "booking.SlotTaken"

    answers = [product.call("DELETE", f"/api/v1/bookings/{booked['id']}") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204, 409, 409]
    assert answers[1].json()["code"] == "booking.AlreadyCancelled"
    assert product.bookings(first.id) == []
    assert product.call("POST", "/api/v1/bookings", json=theirs).status_code == 201


def test_a_booking_nobody_knows_is_not_found(small: Product) -> None:
    answer = small.call("DELETE", f"/api/v1/bookings/{uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (404, "booking.AppointmentUnknown")


def test_the_list_asks_for_a_patient(small: Product) -> None:
    answer = small.call("GET", "/api/v1/bookings")

    assert (answer.status_code, answer.json()["code"]) == (400, "query.patient_id")
