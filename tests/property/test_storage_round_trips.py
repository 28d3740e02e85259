"""What is kept comes back as it was, for every patient, doctor, slot and message."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from registratura.adapters.sql import SqlStorage, codec, migrate
from registratura.adapters.sql.types import read_moment, write_moment
from registratura.application.ports.messenger import Answer, Button, Edit, LinkButton, Message, Outgoing, Pressed, Send
from registratura.application.ports.storage import Transaction
from registratura.application.records import Record, SlotRecord, Stored
from registratura.domain.dialogue import Choices, Dialogue, Place, Step
from registratura.domain.identifiers import AppointmentId, MessengerId, PatientId
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Patient
from registratura.domain.schedule import Slot, status_of
from registratura.domain.telemedicine import Purpose
from registratura.testing import strategies
from registratura.testing.contracts.storage.region import CLINIC, DOCTOR

any_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
rows = st.lists(
    st.lists(st.builds(Button, any_text, any_text) | st.builds(LinkButton, any_text, any_text), max_size=3).map(tuple),
    max_size=3,
).map(tuple)
messages = st.builds(Message, any_text, rows)
chats = st.none() | any_text
outgoing: st.SearchStrategy[Outgoing] = st.one_of(
    st.builds(Send, user=strategies.messenger_ids, chat=chats, message=messages),
    st.builds(Edit, user=strategies.messenger_ids, chat=chats, mid=any_text, message=messages),
    st.builds(Answer, user=strategies.messenger_ids, callback=any_text, note=any_text),
)
places = st.builds(Place, step=st.sampled_from(Step), page=st.integers(0, 99))
dialogues = st.builds(
    Dialogue,
    user=strategies.messenger_ids,
    session=any_text,
    revision=st.integers(0, 10**9),
    place=places,
    trail=st.lists(places, max_size=5).map(tuple),
    choices=st.builds(Choices, patient=st.none() | any_text.map(PatientId), day=st.none() | strategies.days),
    offers=st.lists(any_text, max_size=5).map(tuple),
    appointment=st.none() | any_text.map(AppointmentId),
    consent_version=st.none() | any_text,
    touched_at=strategies.moments,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('round-trips')}/registratura.db"
    migrate(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()


def kept(engine: Engine, records: Sequence[Record], ask: Callable[[Transaction], object]) -> object:
    """What *ask* sees after each of *records* was stored, in a transaction that leaves nothing."""
    with engine.connect() as connection:
        tx = SqlStorage.borrow(connection)
        for record in records:
            assert tx.register.store([record]) == [Stored.CREATED]
            assert tx.register.store([record]) == [Stored.SAME]
        return ask(tx)


@given(moment=strategies.moments)
def test_moments_come_back_in_utc(moment: datetime) -> None:
    again = read_moment(write_moment(moment))
    assert again == moment
    assert again.tzinfo is UTC


@given(one=strategies.moments, other=strategies.moments)
def test_text_of_moments_sorts_as_time(one: datetime, other: datetime) -> None:
    assert (write_moment(one) < write_moment(other)) is (one < other)


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        write_moment(datetime(2026, 3, 3, 9))  # noqa: DTZ001 - on purpose


@given(patient=strategies.patients())
def test_patients(engine: Engine, patient: Patient) -> None:
    assert kept(engine, [patient], lambda tx: tx.patients.find(patient.id)) == patient


@given(doctor=strategies.resources(), clinic=strategies.organisations())
def test_doctors_and_organisations(engine: Engine, doctor: Resource, clinic: Organisation) -> None:
    doctor = attrs.evolve(doctor, organisation=clinic.id)
    found = kept(engine, [clinic, doctor], lambda tx: tx.schedule.doctors([doctor.id]))
    assert found == {doctor.id: (doctor, clinic)}


@given(speciality=strategies.specialities())
def test_specialities(engine: Engine, speciality: Speciality) -> None:
    assert kept(engine, [speciality], lambda tx: tx.schedule.speciality(speciality.id)) == speciality


@given(purpose=strategies.purposes())
def test_purposes(engine: Engine, purpose: Purpose) -> None:
    assert kept(engine, [purpose], lambda tx: tx.schedule.purpose(purpose.id)) == purpose


@given(patients=st.lists(strategies.patients(), min_size=2, max_size=2, unique_by=lambda one: one.id), data=st.data())
def test_attachments_and_representations(engine: Engine, patients: list[Patient], data: st.DataObject) -> None:
    parent, child = (attrs.evolve(one, messenger=None, united=frozenset()) for one in patients)
    attached = data.draw(strategies.attachments(child.id, CLINIC.id))
    acts = data.draw(strategies.representations(parent.id, child.id))

    def ask(tx: Transaction) -> object:
        return tx.patients.attachments(child.id), tx.patients.represented_by(parent.id)

    assert kept(engine, [CLINIC, parent, child, attached, acts], ask) == ((attached,), ((acts,), (child,)))


@given(slot=strategies.slots())
def test_slots(engine: Engine, slot: Slot) -> None:
    opening = attrs.evolve(slot.opening, organisation=CLINIC.id, resource=DOCTOR.id)
    record = SlotRecord(
        id=opening.id,
        organisation=opening.organisation,
        resource=opening.resource,
        visit=opening.starts,
        minutes=opening.minutes,
        channels=opening.channels,
        age=opening.age,
        status=status_of(slot),
        note=opening.note,
    )

    def ask(tx: Transaction) -> object:
        return tx.appointments.facts(PatientId("nobody"), opening.id, now=opening.starts).slot

    assert kept(engine, [CLINIC, DOCTOR, record], ask) == status_of(slot).of(opening)


def through_json(data: object) -> object:
    return json.loads(json.dumps(data))


@given(effect=outgoing)
def test_messages(effect: Outgoing) -> None:
    assert codec.read_outgoing(through_json(codec.write_outgoing(effect))) == effect


@given(dialogue=dialogues)
def test_dialogues(dialogue: Dialogue) -> None:
    assert codec.read_dialogue(through_json(codec.write_dialogue(dialogue))) == dialogue


def test_words_of_stored_messages_outlive_renames() -> None:
    """Rows written by an earlier release are read by the next: these words are kept in databases."""
    user = MessengerId("1")
    keyboard = ((Button("Да", "yes"), LinkButton("О записи", "https://registry.example/")),)
    assert codec.write_outgoing(Send(user=user, chat="2", message=Message("Текст", keyboard))) == {
        "kind": "send",
        "user": "1",
        "chat": "2",
        "message": {
            "text": "Текст",
            "keyboard": [
                [
                    {"kind": "button", "text": "Да", "payload": "yes"},
                    {"kind": "linkbutton", "text": "О записи", "url": "https://registry.example/"},
                ]
            ],
        },
        "timely": None,
    }
    # A row of the release before reminders.
    before = {"kind": "send", "user": "1", "chat": None, "message": {"text": "Текст", "keyboard": []}}
    assert codec.read_outgoing(before) == Send(user=user, message=Message("Текст"))
    assert codec.write_incoming(Pressed(user=user, chat=None, callback="3", payload="4", mid=None)) == {
        "kind": "pressed",
        "user": "1",
        "chat": None,
        "callback": "3",
        "payload": "4",
        "mid": None,
    }
