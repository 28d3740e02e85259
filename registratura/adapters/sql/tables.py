"""The tables. Every constraint and index has a name, so that migrations can speak of it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Time,
    UniqueConstraint,
    false,
    text,
)

from registratura.adapters.sql.types import Moment, Sought

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

organisation = Table(
    "organisation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("trimmed_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("parent_oid", Text),
    Column("branch_oid", Text),
    Column("phone", Text),
    Column("licence", Text),
    Column("accepts", Text, nullable=False),
    Column("age", Text, nullable=False),
    Column("same_day", Boolean),
    Column("tomorrow_closes_at", Time),
    Column("conditions", Text),
    Column("checks", JSON, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("trimmed_name"),
)

resource = Table(
    "resource",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", ForeignKey(organisation.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("accepts", Text, nullable=False),
    Column("speciality_id", Text),
    Column("post", Text),
    Column("last_name", Text),
    Column("first_name", Text),
    Column("middle_name", Text),
    Column("title", Text),
    Column("room_number", Text),
    Column("description", Text),
    Column("areas", JSON, nullable=False),
    Column("internet_booking", Boolean, nullable=False),
    Column("messenger", Text),
    Column("messenger_phone", Text),
    Column("note_youngest", Integer),
    Column("note_oldest", Integer),
    Column("note_text", Text),
    Column("digest", Text, nullable=False),
)
Index("ix_resource_organisation", resource.c.organisation_id, resource.c.speciality_id)
Index("ix_resource_speciality", resource.c.speciality_id)

speciality = Table(
    "speciality",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sex", Text),
    Column("youngest", Integer),
    Column("oldest", Integer),
    Column("digest", Text, nullable=False),
)

purpose = Table(
    "purpose",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("youngest", Integer),
    Column("oldest", Integer),
    Column("sex", Text),
    Column("specialities", JSON, nullable=False),
    Column("organisations", JSON, nullable=False),
    Column("digest", Text, nullable=False),
)

patient = Table(
    "patient",
    metadata,
    Column("id", Text, primary_key=True),
    Column("last_name", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("middle_name", Text),
    Column("born", Date, nullable=False),
    Column("sex", Text, nullable=False),
    Column("snils", Text),
    Column("policy", Text),
    Column("phone", Text),
    Column("email", Text),
    Column("died", Date),
    Column("united", JSON, nullable=False),
    Column("messenger", Text),
    Column("messenger_phone", Text),
    Column("esia", Text),
    # The messenger id is that of whoever signed in: no load changes it.
    Column("tied", Boolean, nullable=False, server_default=false()),
    Column("digest", Text, nullable=False),
    UniqueConstraint("messenger"),
)

united_id = Table(
    "united_id",
    metadata,
    Column("united_id", Text, primary_key=True),
    Column("patient_id", ForeignKey(patient.c.id), nullable=False),
)
Index("ix_united_id_patient", united_id.c.patient_id)

attachment = Table(
    "attachment",
    metadata,
    Column("patient_id", ForeignKey(patient.c.id), primary_key=True),
    Column("organisation_id", ForeignKey(organisation.c.id), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("since", Date),
    Column("until", Date),
    Column("digest", Text, nullable=False),
)

representation = Table(
    "representation",
    metadata,
    Column("representative_id", ForeignKey(patient.c.id), primary_key=True),
    Column("patient_id", ForeignKey(patient.c.id), primary_key=True),
    Column("relation", Text, primary_key=True),
    Column("since", Date),
    Column("until", Date),
    Column("digest", Text, nullable=False),
)

Index("ix_representation_patient", representation.c.patient_id)
Index("ix_patient_snils", patient.c.snils)
Index("ix_patient_born", patient.c.born)

slot = Table(
    "slot",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", ForeignKey(organisation.c.id), nullable=False),
    Column("resource_id", ForeignKey(resource.c.id), nullable=False),
    Column("starts", Moment, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("age", Text, nullable=False),
    Column("note_youngest", Integer),
    Column("note_oldest", Integer),
    Column("note_text", Text),
    Column("digest", Text, nullable=False),
    UniqueConstraint("resource_id", "starts"),
    CheckConstraint("minutes > 0", name="minutes"),
)
Index(
    "ix_slot_free_online",
    slot.c.resource_id,
    slot.c.starts,
    postgresql_where=text("status = 'AVAILABLE' AND online"),
    sqlite_where=text("status = 'AVAILABLE' AND online = 1"),
)
# Everything that availability asks for, in the order in which it is grouped.
Index(
    "ix_slot_calendar",
    slot.c.resource_id,
    slot.c.local_day,
    slot.c.age,
    slot.c.status,
    slot.c.starts,
    slot.c.online,
)

absence = Table(
    "absence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("resource_id", ForeignKey(resource.c.id), nullable=False),
    Column("reason", Text, nullable=False),
    Column("begins", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("digest", Text, nullable=False),
)
Index("ix_absence_resource", absence.c.resource_id, absence.c.ends)

_IN_FORCE = text("outcome IS NULL")

appointment = Table(
    "appointment",
    metadata,
    Column("id", Text, primary_key=True),
    # No references to card and slot: neither is ever deleted, and PostgreSQL would lock and write to both for each
    # booking.
    Column("patient_id", Text, nullable=False),
    Column("slot_id", Text, nullable=False),
    Column("organisation_id", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("speciality_id", Text),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("author_id", Text),
    Column("purpose_id", Text),
    Column("platform", Text),
    Column("referral", Text),
    Column("booked_at", Moment, nullable=False),
    Column("outcome", Integer),
    Column("closed_at", Moment),
    Column("moved_to", Text),
    # When the booking is next to be looked at: to remind of it, or to tell that it was closed.
    Column("agenda", Moment),
    CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed"),
)
# Rows without an outcome are bookings in force: one for each slot, one for each patient and moment.
Index("uq_appointment_slot", appointment.c.slot_id, unique=True, postgresql_where=_IN_FORCE, sqlite_where=_IN_FORCE)
Index(
    "uq_appointment_patient_starts",
    appointment.c.patient_id,
    appointment.c.starts,
    unique=True,
    postgresql_where=_IN_FORCE,
    sqlite_where=_IN_FORCE,
)
Index(
    "ix_appointment_author",
    appointment.c.author_id,
    appointment.c.ends,
    postgresql_where=_IN_FORCE,
    sqlite_where=_IN_FORCE,
)
_ON_AGENDA = text("agenda IS NOT NULL")
Index("ix_appointment_agenda", appointment.c.agenda, postgresql_where=_ON_AGENDA, sqlite_where=_ON_AGENDA)
_CONSULTATION = text("kind = 'ONLINE_CONSULTING'")
Index(
    "ix_appointment_consultation",
    appointment.c.resource_id,
    appointment.c.starts,
    postgresql_where=_CONSULTATION,
    sqlite_where=_CONSULTATION,
)

consultation_end = Table(
    "consultation_end",
    metadata,
    Column("appointment_id", ForeignKey(appointment.c.id), primary_key=True),
    Column("ended_at", Moment, nullable=False),
    Column("held_by", Text),
)

leave_offer = Table(
    "leave_offer",
    metadata,
    Column("patient_id", ForeignKey(patient.c.id), primary_key=True),
    Column("resource_id", ForeignKey(resource.c.id), primary_key=True),
    Column("number", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("comment", Text, nullable=False),
    Column("offered_at", Moment, nullable=False),
    UniqueConstraint("id"),
)

consultation_chat = Table(
    "consultation_chat",
    metadata,
    Column("appointment_id", ForeignKey(appointment.c.id), primary_key=True),
    Column("state", Text, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("due", Moment),
    Column("guests", JSON, nullable=False),
    Column("missing", JSON, nullable=False),
    Column("chat", Text),
    Column("link", Text),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("told", Boolean, nullable=False),
)
_DUE = text("due IS NOT NULL")
Index("ix_consultation_chat_due", consultation_chat.c.due, postgresql_where=_DUE, sqlite_where=_DUE)

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("login", Text),
    # In small letters.
    Column("email", Text),
    Column("password", Text),
    Column("patient_id", ForeignKey(patient.c.id)),
    Column("messenger", Text),
    Column("is_blocked", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("created_at", Moment, nullable=False),
    # What Gosuslugi told of the person.
    Column("subject", Text),
    Column("last_name", Text),
    Column("first_name", Text),
    Column("middle_name", Text),
    Column("born", Date),
    Column("sex", Text),
    Column("snils", Text),
    Column("phone", Text),
    Column("verified_at", Moment),
    # By which accounts are listed and looked for, folded: not every database knows Russian letters.
    Column("sought_name", Sought, nullable=False, server_default=""),
    Column("sought_login", Sought),
    Column("sought_email", Sought),
    UniqueConstraint("login"),
    UniqueConstraint("email"),
    UniqueConstraint("messenger"),
    UniqueConstraint("subject"),
)
Index("ix_account_sought_name", account.c.sought_name, account.c.id)
Index("ix_account_sought_login", account.c.sought_login)
Index("ix_account_sought_email", account.c.sought_email)

session = Table(
    "session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("account_id", ForeignKey(account.c.id), nullable=False),
    Column("method", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("link_hash", Text),
)
Index("ix_session_account", session.c.account_id)
Index("ix_session_seen", session.c.seen_at)

login_link = Table(
    "login_link",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("chat", Text),
    Column("ends_at", Moment, nullable=False),
    Column("used_at", Moment),
)
Index("ix_login_link_ends", login_link.c.ends_at)

sign_in = Table(
    "sign_in",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("browser_hash", Text, nullable=False),
    Column("nonce", Text),
    Column("verifier", Text),
    Column("link_hash", Text),
    Column("next", Text, nullable=False),
    Column("ends_at", Moment, nullable=False),
)
Index("ix_sign_in_ends", sign_in.c.ends_at)

booking_turn = Table(
    "booking_turn",
    metadata,
    # No reference to the card: it would be checked at every booking, and cards are never deleted.
    Column("patient_id", Text, primary_key=True),
    Column("turn", Integer, nullable=False),
)

consent = Table(
    "consent",
    metadata,
    Column("appointment_id", Text, primary_key=True),
    Column("author_id", Text, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("channel", Text, nullable=False),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("appointment_id", ForeignKey(appointment.c.id), primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("gives_up_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("asked_at", Moment),
    Column("in_doubt", Boolean, nullable=False),
    Column("due", Moment),
    Column("number", Text),
    Column("code", Integer),
    Column("user_id", Text),
    Column("chat", Text),
)
_OPEN = text("due IS NOT NULL")
Index("ix_confirmation_due", confirmation.c.due, postgresql_where=_OPEN, sqlite_where=_OPEN)

dialogue = Table(
    "dialogue",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("chat", Text),
    Column("reachable", Boolean, nullable=False),
    Column("session", Text),
    Column("revision", Integer),
    Column("touched_at", Moment),
    Column("state", JSON(none_as_null=True)),
    UniqueConstraint("session"),
)

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_NEW = text("state = 'new'")
_NEW_AND_NEAR = text("state = 'new' AND NOT behind")
_DONE = text("state = 'done'")

inbox = Table(
    "inbox",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("reason", Text),
    # Far behind in its line: whoever looks for work passes over it until its turn comes near.
    Column("behind", Boolean, nullable=False, server_default=false()),
    Column("done_at", Moment),
    UniqueConstraint("key"),
    # A number is never given twice, so that it can stand in logs.
    sqlite_autoincrement=True,
)
Index("ix_inbox_new", inbox.c.number, postgresql_where=_NEW_AND_NEAR, sqlite_where=_NEW_AND_NEAR)
Index("ix_inbox_near", inbox.c.line, inbox.c.number, postgresql_where=_NEW_AND_NEAR, sqlite_where=_NEW_AND_NEAR)
Index("ix_inbox_line", inbox.c.line, inbox.c.number, postgresql_where=_NEW, sqlite_where=_NEW)
Index("ix_inbox_done", inbox.c.done_at, postgresql_where=_DONE, sqlite_where=_DONE)

marker = Table(
    "marker",
    metadata,
    Column("source", Text, primary_key=True),
    Column("marker", Text, nullable=False),
)

_UNSENT = text("state IN ('waiting', 'sending')")
_UNSENT_AND_NEAR = text("state IN ('waiting', 'sending') AND NOT behind")
_GONE = text("state IN ('sent', 'skipped')")

outbox = Table(
    "outbox",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_attempt_at", Moment),
    Column("lease_until", Moment),
    Column("in_doubt", Boolean, nullable=False),
    Column("settled_at", Moment),
    Column("reason", Text),
    Column("behind", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("id"),
    sqlite_autoincrement=True,
)
Index("ix_outbox_due", outbox.c.due, outbox.c.number, postgresql_where=_UNSENT_AND_NEAR, sqlite_where=_UNSENT_AND_NEAR)
Index(
    "ix_outbox_near", outbox.c.line, outbox.c.number, postgresql_where=_UNSENT_AND_NEAR, sqlite_where=_UNSENT_AND_NEAR
)
Index("ix_outbox_line", outbox.c.line, outbox.c.number, postgresql_where=_UNSENT, sqlite_where=_UNSENT)
Index("ix_outbox_settled", outbox.c.settled_at, postgresql_where=_GONE, sqlite_where=_GONE)

throttle = Table(
    "throttle",
    metadata,
    Column("name", Text, primary_key=True),
    Column("distance", Float(53), nullable=False),
    Column("next_at", Float(53), nullable=False),
)

request = Table(
    "request",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("ix_request_at", request.c.at)

audit = Table(
    "audit",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

feedback = Table(
    "feedback",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("account_id", Text),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

reference = Table(
    "reference",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("data", JSON, nullable=False),
    Column("digest", Text, nullable=False),
)
