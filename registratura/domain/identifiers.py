"""Names of things that other systems named: kept as they came, never guessed from."""

from typing import NewType

PatientId = NewType("PatientId", str)
"""A patient's id in the MIS or the regional patient registry (РРП); any text, not always a GUID."""

OrganisationId = NewType("OrganisationId", str)
"""GUID of a subdivision of a medical organisation (MO.id, FER profile, table 1)."""

ResourceId = NewType("ResourceId", str)
"""GUID of a doctor, room or device (Resource.id, FER profile, table 2)."""

SpecialityId = NewType("SpecialityId", str)
"""Code of dictionary 1.2.643.5.1.13.13.11.1066."""

SlotId = NewType("SlotId", str)
"""GUID of one bookable time (Slot.id, FER profile, table 4)."""

AppointmentId = NewType("AppointmentId", str)
"""Our own id of a booking: lower-case UUID; it is FER's `book_ext_id` and Book.id (table 7)."""

PurposeId = NewType("PurposeId", str)
"""Code of a purpose of consultation, as the region's settings name it."""

MessengerId = NewType("MessengerId", str)
"""A person's id in the MAX messenger: an integer there, opaque here."""
