"""Loading organisations, doctors, specialities, purposes and periods of unavailability."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, or_, select, update

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import (
    absence_row,
    organisation_row,
    purpose_row,
    resource_row,
    speciality_row,
)
from registratura.adapters.sql.register.rows import Changes, Owners, among, known, orphan
from registratura.application.records import AbsenceRecord, Clash, Verdict
from registratura.domain.moments import local_day
from registratura.domain.organisations import Organisation, Resource, Speciality
from registratura.domain.telemedicine import Purpose


def store_organisations(connection: Connection, records: Sequence[Organisation]) -> list[Verdict]:
    """Two organisations of one name, spaces around it aside, clash."""
    ids = {record.id for record in records}
    names = {record.name.strip() for record in records}
    owners = Owners()
    zones: dict[str, str] = {}
    c = t.organisation.c
    either = or_(among(connection, c.id, ids), among(connection, c.trimmed_name, names))
    for row in connection.execute(select(c.id, c.trimmed_name, c.zone).where(either)):
        owners.give(row.id, row.trimmed_name)
        zones[row.id] = row.zone
    changes = Changes(connection, t.organisation)
    changes.look(c.id, ids)
    verdicts: list[Verdict] = []
    for record in records:
        name = record.name.strip()
        owner = owners.of(name)
        if owner is not None and owner != record.id:
            verdicts.append(Clash(("name",), owner))
            continue
        owners.give(record.id, name)
        verdicts.append(changes.put(organisation_row(record)))
    for written in changes.write():
        moved, zone = written["id"], written["zone"]
        if zones.get(moved, zone) != zone:
            _move_days(connection, moved, ZoneInfo(zone))
    return verdicts


def _move_days(connection: Connection, organisation: str, zone: ZoneInfo) -> None:
    """The clocks of an organisation changed: its doctors' slots keep their moments, and may fall on other days."""
    c = t.slot.c
    doctors = select(t.resource.c.id).where(t.resource.c.organisation_id == organisation)
    days = [
        {"which": row.id, "day": local_day(row.starts, zone)}
        for row in connection.execute(select(c.id, c.starts).where(c.resource_id.in_(doctors)))
    ]
    if days:
        connection.execute(update(t.slot).where(c.id == bindparam("which")).values(local_day=bindparam("day")), days)


def store_resources(connection: Connection, records: Sequence[Resource]) -> list[Verdict]:
    """A doctor works in an organisation that is there."""
    organisations = known(connection, t.organisation.c.id, {record.organisation for record in records})
    changes = Changes(connection, t.resource)
    changes.look(t.resource.c.id, {record.id for record in records})
    verdicts = [
        orphan(("mo_id", record.organisation, organisations)) or changes.put(resource_row(record)) for record in records
    ]
    changes.write()
    return list(verdicts)


def store_specialities(connection: Connection, records: Sequence[Speciality]) -> list[Verdict]:
    """A speciality refers to nothing."""
    changes = Changes(connection, t.speciality)
    changes.look(t.speciality.c.id, {record.id for record in records})
    verdicts: list[Verdict] = [changes.put(speciality_row(record)) for record in records]
    changes.write()
    return verdicts


def store_purposes(connection: Connection, records: Sequence[Purpose]) -> list[Verdict]:
    """A purpose may name specialities and organisations that come later."""
    changes = Changes(connection, t.purpose)
    changes.look(t.purpose.c.id, {record.id for record in records})
    verdicts: list[Verdict] = [changes.put(purpose_row(record)) for record in records]
    changes.write()
    return verdicts


def store_absences(connection: Connection, records: Sequence[AbsenceRecord]) -> list[Verdict]:
    """A period without an offset is local time of the doctor's organisation."""
    asked = (
        select(t.resource.c.id, t.organisation.c.zone)
        .join_from(t.resource, t.organisation, t.organisation.c.id == t.resource.c.organisation_id)
        .where(among(connection, t.resource.c.id, {record.resource for record in records}))
    )
    zones = {row.id: ZoneInfo(row.zone) for row in connection.execute(asked)}
    changes = Changes(connection, t.absence)
    changes.look(t.absence.c.id, {record.id for record in records})

    def verdict(record: AbsenceRecord) -> Verdict:
        lost = orphan(("resource_id", record.resource, zones))
        return lost or changes.put(absence_row(record, zones[record.resource]))

    verdicts = list(map(verdict, records))
    changes.write()
    return verdicts
