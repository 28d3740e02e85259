"""What is sent: titles that fit, and people in their roles."""

import json

import pytest

from registratura.adapters.sferum.bodies import TITLE, chat_fields, fitted, users_fields
from registratura.application.ports.chats import Participant, Role


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("ТМК 03.03.2027 09:15", "ТМК 03.03.2027 09:15"),
        (" ТМК\n03.03.2027\t09:15\u00a0", "ТМК 03.03.2027 09:15"),
        ("ТМК\u202e\x00\ud800 утром", "ТМК утром"),
        ("x" * TITLE, "x" * TITLE),
        ("x" * (TITLE + 1), "x" * (TITLE - 1) + "…"),
        ("x" * (TITLE - 1) + " y", "x" * (TITLE - 1) + "…"),
        ("x " + "y" * TITLE, "x…"),
        ("ТМК, " + "y" * TITLE, "ТМК…"),
    ],
)
def test_a_title_goes_on_one_line_and_is_cut_after_a_word(title: str, sent: str) -> None:
    assert fitted(title) == sent
    assert len(sent) <= TITLE


@pytest.mark.parametrize("title", ["", " \n\t", "\u200b\x00"])
def test_a_title_nobody_could_read_is_our_fault(title: str) -> None:
    with pytest.raises(ValueError, match="words expected"):
        fitted(title)


def test_a_chat_is_asked_for_by_type_and_title() -> None:
    assert chat_fields("ТМК") == {"type": "telemedicine", "chat_title": "ТМК"}


def test_a_doctor_leads_and_a_patient_takes_part() -> None:
    people = [Participant("79170000001", Role.DOCTOR), Participant("79170000002", Role.PATIENT)]
    fields = users_fields("7", people)
    assert fields.keys() == {"chat_id", "users"}
    assert fields["chat_id"] == "7"
    assert json.loads(fields["users"]) == [
        {"phone": "79170000001", "chat_role": "teacher", "member_role": "admin"},
        {"phone": "79170000002", "chat_role": "student", "member_role": "member"},
    ]


@pytest.mark.parametrize("phone", ["", "+79170000001", "89170000001", "7917000000", "791700000012", "7917000000١"])
def test_a_phone_in_another_form_is_refused_and_not_repeated(phone: str) -> None:
    with pytest.raises(ValueError, match="11 digits from 7 expected") as refused:
        Participant(phone, Role.PATIENT)
    assert not phone or phone not in str(refused.value)
