"""Where the buttons of notices lead. Notices stand beside the dialogue, so what they lead to begins at the menu."""

from collections.abc import Callable, Mapping

import attrs

from registratura.application.dialogue.painting import Painter
from registratura.application.ports.storage import Transaction
from registratura.domain import dialogue as rules
from registratura.domain.appointments import ClosedAppointment
from registratura.domain.dialogue import Dialogue, NoticeKey, NoticeToken, Step
from registratura.domain.identifiers import AppointmentId
from registratura.domain.people import Patient


@attrs.frozen(kw_only=True)
class _Noticed:
    """A pressed button of a notice."""

    subject: str
    menu: Dialogue
    person: Patient
    painter: Painter
    tx: Transaction

    def booking(self, step: Step) -> Dialogue:
        """A step that looks at the booking; one that the person may not see leads to the menu when it is drawn."""
        return rules.to_step(attrs.evolve(self.menu, appointment=AppointmentId(self.subject)), step)

    def cancelling(self) -> Dialogue:
        return self.booking(Step.CANCELLING if self.painter.allow_cancel else Step.APPOINTMENT)

    def again(self) -> Dialogue:
        """Book anew what the clinic cancelled: oneself, or somebody else."""
        closed = self.tx.appointments.find(AppointmentId(self.subject))
        own = isinstance(closed, ClosedAppointment) and closed.appointment.patient in self.person.ids
        return rules.for_oneself(self.menu, self.person.id) if own else rules.to_step(self.menu, Step.WHOM)

    def closing_leave(self) -> Dialogue:
        """The days of the doctor who offered to close a sick leave of this person (TMK-119)."""
        offer = self.tx.consultations.offer(self.subject)
        if offer is None or offer.patient not in self.person.ids:
            return self.menu
        doctor = self.tx.schedule.doctors({offer.doctor}).get(offer.doctor)
        purpose = self.painter.lists.leave_purpose(self.tx)
        if doctor is None or purpose is None:
            return rules.for_oneself(self.menu, self.person.id)
        return rules.opened_at_doctor(
            self.menu,
            patient=self.person.id,
            purpose=purpose.id,
            speciality=doctor[0].speciality,
            organisation=doctor[1].id,
            resource=doctor[0].id,
        )


_LEADS: Mapping[NoticeKey, Callable[[_Noticed], Dialogue]] = {
    NoticeKey.CONDITIONS: lambda pressed: pressed.booking(Step.CONDITIONS),
    NoticeKey.CANCEL: _Noticed.cancelling,
    NoticeKey.UPCOMING: lambda pressed: rules.to_step(pressed.menu, Step.UPCOMING),
    NoticeKey.AGAIN: _Noticed.again,
    NoticeKey.HELP: lambda pressed: rules.to_step(pressed.menu, Step.HELP),
    NoticeKey.LEAVE: _Noticed.closing_leave,
    NoticeKey.NOT_NOW: lambda pressed: pressed.menu,
}


def led_by(token: NoticeToken, dialogue: Dialogue, person: Patient, painter: Painter, tx: Transaction) -> Dialogue:
    """The dialogue after the button of a notice was pressed."""
    menu = rules.at_menu(dialogue)
    pressed = _Noticed(subject=token.subject, menu=menu, person=person, painter=painter, tx=tx)
    return _LEADS[token.press](pressed)
