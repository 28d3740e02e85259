"""The published strategies give people and schedules as they may be."""

from hypothesis import given

from registratura.domain.people import PersonName, Snils, is_valid_enp
from registratura.testing import strategies
from registratura.testing.strategies import Region


@given(number=strategies.snils())
def test_snils_have_their_control_number(number: Snils) -> None:
    assert number.is_issuable
    assert Snils.parse(number.formatted) == number


@given(number=strategies.enp())
def test_policies_have_their_control_digit(number: str) -> None:
    assert is_valid_enp(number)


@given(name=strategies.names())
def test_names_are_written_in_russian(name: PersonName) -> None:
    assert set(name.compared[0]) <= set("абвгдежзийклмнопрстуфхцчшщъыьэюя-")
    assert name.full.startswith(name.last)


@given(region=strategies.regions())
def test_regions_fit_together(region: Region) -> None:
    doctors = {doctor.id: doctor.organisation for doctor in region.resources}
    assert set(doctors.values()) <= {clinic.id for clinic in region.organisations}
    assert all(doctors[slot.resource] == slot.organisation for slot in region.slots)
    assert len({(slot.resource, slot.visit) for slot in region.slots}) == len(region.slots)
    assert all(absence.resource in doctors and absence.begins <= absence.ends for absence in region.absences)
