"""People who book in MAX, each a doctor and day of their own: what there is to choose from, and what they press."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import Record, SlotRecord
from registratura.domain.dialogue import Key, Pick, Press
from registratura.domain.identifiers import (
    MessengerId,
    OrganisationId,
    PatientId,
    PurposeId,
    ResourceId,
    SlotId,
    SpecialityId,
)
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.people import Patient, PersonName, Sex
from registratura.domain.schedule import AgeTag, ChannelTag, SlotStatus
from registratura.domain.telemedicine import Purpose

ZONE = ZoneInfo("Europe/Moscow")
PAGE = 10
"""What a list shows at once: nobody turns a page here."""
DAYS = 5
TIMES = 4
FIRST_USER = 1_000_000
BATCH = 1000
EFFECTS = 22
"""Messages, edits and notes that one walk causes, the start included."""


@attrs.frozen
class Size:
    """A region of clinics, each with doctors of every speciality."""

    organisations: int = 60
    specialities: int = 10
    doctors: int = 5
    """Of one speciality in one clinic."""

    @property
    def walks(self) -> int:
        """How many people find a doctor and a day for themselves alone."""
        return min(self.specialities, PAGE) * min(self.organisations, PAGE) * min(self.doctors, PAGE) * DAYS


VILLAGE = Size(organisations=2, specialities=2, doctors=2)


def user_of(walk: int) -> int:
    """The MAX id of the person with this number."""
    return FIRST_USER + walk


def presses(walk: int, size: Size) -> Sequence[Press | None]:
    """What the person presses after the start, from the menu to the booking and back; None is a typed message.

    The last of the times of a day is taken, so that nobody's choice moves what others see.
    """
    rest, day = divmod(walk, DAYS)
    rest, organisation = divmod(rest, min(size.organisations, PAGE))
    rest, speciality = divmod(rest, min(size.specialities, PAGE))
    doctor = rest % min(size.doctors, PAGE)
    chosen = (0, speciality, organisation, doctor, day, TIMES - 1)
    return (Key.SELF, *(Pick(index) for index in chosen), Key.CONFIRM, Key.HOME, None)


async def settle(storage: Storage, size: Size, walks: int) -> None:
    """Load the region and everybody who walks."""
    for records in _records(size, walks, datetime.now(ZONE).date()):
        for first in range(0, len(records), BATCH):
            batch = records[first : first + BATCH]

            def store(tx: Transaction, batch: Sequence[Record] = batch) -> None:
                tx.register.store(batch)

            await storage.transact(store)


def _records(size: Size, walks: int, today: date) -> Iterator[Sequence[Record]]:
    clinics = [OrganisationId(f"clinic-{number:03}") for number in range(size.organisations)]
    specialities = [SpecialityId(f"{number:02}") for number in range(size.specialities)]
    posts = [
        (clinic, speciality, number)
        for clinic in clinics
        for speciality in specialities
        for number in range(size.doctors)
    ]
    yield [Organisation(id=clinic, name=f"Поликлиника {clinic}", address="-", zone=ZONE) for clinic in clinics]
    yield [Speciality(id=speciality, name=f"Специальность {speciality}") for speciality in specialities]
    yield [Purpose(id=PurposeId("first"), name="Первичная консультация")]
    yield [
        Resource(
            id=_doctor(*post),
            organisation=post[0],
            speciality=post[1],
            name=PersonName(f"Врачев-{post[2]}", "Иван"),
            messenger=MessengerId(f"doctor-{number}"),
        )
        for number, post in enumerate(posts)
    ]
    yield [
        Patient(
            id=PatientId(f"person-{walk}"),
            name=PersonName("Прохожев", "Пётр"),
            born=date(1990, 1, 1),
            sex=Sex.MALE,
            messenger=MessengerId(str(user_of(walk))),
        )
        for walk in range(walks)
    ]
    yield [slot for post in posts for slot in _slots(post[0], _doctor(*post), today)]


def _doctor(clinic: str, speciality: str, number: int) -> ResourceId:
    return ResourceId(f"{clinic}-{speciality}-{number}")


def _slots(clinic: OrganisationId, doctor: ResourceId, today: date) -> Iterator[SlotRecord]:
    for day in range(DAYS):
        for number in range(TIMES):
            starts = datetime.combine(today + timedelta(days=day + 1), time(9), ZONE) + timedelta(minutes=15 * number)
            yield SlotRecord(
                id=SlotId(f"{doctor}-{day}-{number}"),
                organisation=clinic,
                resource=doctor,
                visit=starts.astimezone(UTC),
                minutes=15,
                channels=frozenset({ChannelTag.ONLINE}),
                age=AgeTag.ALL,
                status=SlotStatus.AVAILABLE,
            )
