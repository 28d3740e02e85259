"""Medical organisations, their doctors, rooms and devices, and what they accept."""

from collections.abc import Mapping
from datetime import time
from enum import Enum
from zoneinfo import ZoneInfo

import attrs

from registratura.domain.identifiers import MessengerId, OrganisationId, ResourceId, SpecialityId
from registratura.domain.people import ADULT_FROM, PersonName, Sex


class Accepts(Enum):
    """Whom an organisation or a resource accepts (`enabled`, FER profile, tables 1 and 2)."""

    ATTACHED_HERE = "ATTACHED_MO"
    ATTACHED_IN_REGION = "ATTACHED_REG"
    EVERYBODY = "ALL"
    NOBODY = "NONE"


class OrganisationAge(Enum):
    """Age group of a whole organisation (FER profile, table 1): here CHILD begins at birth."""

    ADULT = "ADULT"
    CHILD = "CHILD"
    ALL = "ALL"

    def admits(self, age: int) -> bool:
        """Whether a person of *age* whole years belongs to the group."""
        match self:
            case OrganisationAge.ALL:
                return True
            case OrganisationAge.ADULT:
                return age >= ADULT_FROM
            case OrganisationAge.CHILD:
                return age < ADULT_FROM


@attrs.frozen(kw_only=True)
class AgeLimits:
    """Ages from *youngest* to *oldest*, whole years, both inclusive; None is no limit."""

    youngest: int | None = None
    oldest: int | None = None

    def admit(self, age: int) -> bool:
        """Whether *age* whole years lies within."""
        return (self.youngest is None or self.youngest <= age) and (self.oldest is None or age <= self.oldest)


@attrs.frozen(kw_only=True)
class ControllingNote:
    """Управляющее примечание of a doctor or a slot: its age limits bind, its text informs."""

    ages: AgeLimits = attrs.field(factory=AgeLimits)
    text: str | None = None


@attrs.frozen(kw_only=True)
class Organisation:
    """A subdivision that people visit (MO of the FER profile, table 1) with its own booking settings."""

    id: OrganisationId
    name: str
    address: str
    zone: ZoneInfo
    parent_oid: str | None = None
    branch_oid: str | None = None
    phone: str | None = None
    licence: str | None = None
    accepts: Accepts = Accepts.EVERYBODY
    age: OrganisationAge = OrganisationAge.ALL
    same_day: bool | None = None
    """Whether visits of the current day may be booked; None follows the region."""
    tomorrow_closes_at: time | None = None
    """Local time from which tomorrow can no longer be booked; None follows the region."""
    conditions: str | None = None
    """Order and conditions of telemedicine here; None shows the region's text."""
    checks: Mapping[str, bool] = attrs.field(factory=dict, converter=dict)
    """Switches of single checks that differ from the region's, by name."""


class ResourceKind(Enum):
    """What is booked (`type`, FER profile, table 2)."""

    SPECIALIST = "SPECIALIST"
    MACHINE = "MACHINE"
    ROOM = "ROOM"


@attrs.frozen(kw_only=True)
class Resource:
    """A doctor, device or room that has slots (FER profile, table 2)."""

    id: ResourceId
    organisation: OrganisationId
    kind: ResourceKind = ResourceKind.SPECIALIST
    accepts: Accepts = Accepts.EVERYBODY
    speciality: SpecialityId | None = None
    post: str | None = None
    name: PersonName | None = None
    title: str | None = None
    """Name of a device or room; None for people."""
    room_number: str | None = None
    description: str | None = None
    areas: frozenset[str] = frozenset()
    """Areas (участки) of a district doctor; empty for everybody else."""
    internet_booking: bool = True
    messenger: MessengerId | None = None
    messenger_phone: str | None = None
    note: ControllingNote | None = None

    @property
    def label(self) -> str:
        """Full Ф. И. О. of a person, the title of a thing."""
        return self.name.full if self.name else self.title or self.room_number or self.id


@attrs.frozen(kw_only=True)
class Speciality:
    """A doctor's speciality and whom it is meant for (TMK-28, TMK-29)."""

    id: SpecialityId
    name: str
    sex: Sex | None = None
    ages: AgeLimits = attrs.field(factory=AgeLimits)
