"""One transaction: the collections over one connection."""

from functools import cached_property

from sqlalchemy import Connection

from registratura.adapters.sql.accounts import SqlAccounts
from registratura.adapters.sql.agenda import SqlAgenda
from registratura.adapters.sql.appointments import SqlAppointments
from registratura.adapters.sql.chats import SqlConsultationChats
from registratura.adapters.sql.confirmations import SqlConfirmations
from registratura.adapters.sql.consultations import SqlConsultations
from registratura.adapters.sql.dialogues import SqlDialogues
from registratura.adapters.sql.inbox import SqlInbox
from registratura.adapters.sql.outbox import SqlOutbox
from registratura.adapters.sql.patients import SqlPatients
from registratura.adapters.sql.register import SqlRegister
from registratura.adapters.sql.requests import SqlAudit, SqlFeedback, SqlRequests
from registratura.adapters.sql.schedule import SqlSchedule
from registratura.adapters.sql.surroundings import Surroundings


class SqlTransaction:
    """Everything one unit of work may read and write.

    *locking* is False in read-only work, where rows cannot be locked and need not be.
    """

    def __init__(self, connection: Connection, surroundings: Surroundings, *, locking: bool) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._locking = locking

    @cached_property
    def patients(self) -> SqlPatients:
        return SqlPatients(self._connection)

    @cached_property
    def schedule(self) -> SqlSchedule:
        return SqlSchedule(self._connection)

    @cached_property
    def appointments(self) -> SqlAppointments:
        return SqlAppointments(self._connection, self._surroundings, locking=self._locking)

    @cached_property
    def agenda(self) -> SqlAgenda:
        return SqlAgenda(self._connection)

    @cached_property
    def confirmations(self) -> SqlConfirmations:
        return SqlConfirmations(self._connection, locking=self._locking)

    @cached_property
    def consultations(self) -> SqlConsultations:
        return SqlConsultations(self._connection)

    @cached_property
    def chats(self) -> SqlConsultationChats:
        return SqlConsultationChats(self._connection, locking=self._locking)

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._connection, locking=self._locking)

    @cached_property
    def dialogues(self) -> SqlDialogues:
        return SqlDialogues(self._connection, locking=self._locking)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self._connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def requests(self) -> SqlRequests:
        return SqlRequests(self._connection)

    @cached_property
    def audit(self) -> SqlAudit:
        return SqlAudit(self._connection)

    @cached_property
    def feedback(self) -> SqlFeedback:
        return SqlFeedback(self._connection)

    @cached_property
    def register(self) -> SqlRegister:
        return SqlRegister(self._connection)
