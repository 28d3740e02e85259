"""Loading attachments and representations: their ids may have been merged into other cards."""

from collections.abc import Sequence

from sqlalchemy import Connection

from registratura.adapters.sql import tables as t
from registratura.adapters.sql.mapping import attachment_row, representation_row
from registratura.adapters.sql.register.rows import Changes, cards, known, orphan
from registratura.application.records import Verdict
from registratura.domain.identifiers import PatientId
from registratura.domain.people import Attachment, Representation


def store_attachments(connection: Connection, records: Sequence[Attachment]) -> list[Verdict]:
    """One attachment of a patient to an area of an organisation, or to the whole; the latest word on its dates."""
    patients = cards(connection, {record.patient for record in records})
    organisations = known(connection, t.organisation.c.id, {record.organisation for record in records})
    changes = Changes(connection, t.attachment)
    changes.look(t.attachment.c.patient_id, set(patients.values()))

    def verdict(record: Attachment) -> Verdict:
        lost = orphan(("patient_id", record.patient, patients), ("mo_id", record.organisation, organisations))
        return lost or changes.put(attachment_row(record, PatientId(patients[record.patient])))

    verdicts = list(map(verdict, records))
    changes.write()
    return verdicts


def store_representations(connection: Connection, records: Sequence[Representation]) -> list[Verdict]:
    """One representation between two people on one ground; the latest word on its dates."""
    people = cards(connection, {person for record in records for person in (record.representative, record.patient)})
    changes = Changes(connection, t.representation)
    changes.look(t.representation.c.representative_id, set(people.values()))

    def verdict(record: Representation) -> Verdict:
        lost = orphan(
            ("representative_id", record.representative, people),
            ("patient_id", record.patient, people),
        )
        return lost or changes.put(
            representation_row(record, PatientId(people[record.representative]), PatientId(people[record.patient]))
        )

    verdicts = list(map(verdict, records))
    changes.write()
    return verdicts
