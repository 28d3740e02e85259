"""The one place that picks adapters and puts the product together."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

import attrs
from returns.pipeline import is_successful

from registratura.adapters import load, sql
from registratura.adapters.max import grammar, texts
from registratura.adapters.max.brake import Brake
from registratura.adapters.max.client import MaxMessenger, MaxSettings, connect
from registratura.adapters.max.door import MaxDoor
from registratura.adapters.max.notice_phrases import MaxNotices
from registratura.adapters.max.phrases import MaxPhrases
from registratura.adapters.max.polling import Polling
from registratura.adapters.max.webhook import SECRET_HEADER, Watchdog
from registratura.adapters.sferum import client as sferum
from registratura.adapters.sql.inspection import Condition, Inspection
from registratura.adapters.system import MovedClock, SystemClock, SystemIds, chance
from registratura.application.agenda import Remind
from registratura.application.booking import BookAppointment, CancelAppointment, Desk, MoveAppointment
from registratura.application.chats import MakeAnotherChat, OpenChats
from registratura.application.confirmation import AskMis, Terms
from registratura.application.consent import KeepConsentText
from registratura.application.consultations import EndConsultation, OfferLeaveClosing
from registratura.application.dialogue.conversation import Converse, Invite, Manners
from registratura.application.dialogue.lists import Lists
from registratura.application.dialogue.painting import Painter
from registratura.application.examples import ControlExamples
from registratura.application.load import LoadRecords, LoadReport
from registratura.application.mailroom import Relay, TakeIn, WorkOff
from registratura.application.ports.mis import Mis
from registratura.application.ports.spool import RefusedLine
from registratura.application.ports.storage import Storage
from registratura.application.ports.time import Clock, Ids
from registratura.application.ports.waking import Waking
from registratura.application.requests import BookOnce, CancelOnce
from registratura.application.signing_in import GiveLink
from registratura.application.through_mis import (
    BookOnceThroughMis,
    BookThroughMis,
    CancelOnceThroughMis,
    CancelThroughMis,
)
from registratura.application.tidying import Tidy
from registratura.domain.chats import ConsultationChat
from registratura.domain.identifiers import AppointmentId
from registratura.entrypoints.composition.certificates import require_certificates
from registratura.entrypoints.composition.people import RETURN_PATH, People, people_of
from registratura.entrypoints.metrics import meters
from registratura.entrypoints.metrics.counted import CountedMessenger, CountedThrottle
from registratura.entrypoints.setting_sections import MaxMode
from registratura.entrypoints.settings import Settings, WrongSettings
from registratura.entrypoints.texts import CONSENT_CHANGED

__all__ = [
    "CONSULTATIONS_PATH",
    "LINK_PATH",
    "LOGIN_PATH",
    "MAX_SECRET_HEADER",
    "RETURN_PATH",
    "WEBHOOK_PATH",
    "BackupRefused",
    "Condition",
    "Loading",
    "MaxLine",
    "MovedClock",
    "Registratura",
    "TooLarge",
    "compose",
    "migrate",
    "moment_words",
    "open_source",
    "receive",
]

moment_words = grammar.moment_words
TooLarge, open_source, receive = load.TooLarge, load.open_source, load.receive
BackupRefused = sql.BackupRefused

log = logging.getLogger(__name__)

MAX_SECRET_HEADER = SECRET_HEADER
WEBHOOK_PATH = "/max/webhook"
LOGIN_PATH = "/max/login"
LINK_PATH = "/login/max"
CONSULTATIONS_PATH = "/consultations"


@attrs.frozen(kw_only=True)
class MaxLine:
    """Everything that talks with MAX from our side; there is none without a token."""

    relay: Relay
    polling: Polling | None
    watchdog: Watchdog | None
    messenger: MaxMessenger

    @property
    def brake(self) -> Brake:
        """What keeps anything more from being sent."""
        return self.messenger.brake

    async def who(self) -> str:
        """The bot's name in MAX; raises `Unavailable` when MAX does not tell it."""
        bot = await self.messenger.me()
        return bot.username or str(bot.user_id)


@attrs.frozen(kw_only=True)
class Registratura:
    """The product put together: what runners and embedding teams call."""

    settings: Settings
    storage: Storage
    clock: Clock
    ids: Ids
    book: BookAppointment | BookThroughMis
    book_once: BookOnce | BookOnceThroughMis
    cancel: CancelAppointment | CancelThroughMis
    cancel_once: CancelOnce | CancelOnceThroughMis
    move: MoveAppointment | None
    """None where the clinic decides: there one books the new time, then cancels the old one."""
    work_off: WorkOff
    remind: Remind
    people: People
    """Those who come to the pages: accounts, sessions, the door of a consultation."""
    open_chats: OpenChats | None
    """None where no chats are made."""
    examples: ControlExamples
    make_another_chat: MakeAnotherChat
    end_consultation: EndConsultation
    offer_leave_closing: OfferLeaveClosing
    ask_mis: AskMis | None
    """Asks the clinic where it decides about bookings itself; None where we decide."""
    max_door: MaxDoor
    max_line: MaxLine | None
    waking: Waking | None
    tidy: Tidy
    loading: "Loading"
    inspection: Inspection
    keep_consent_text: KeepConsentText

    async def ready(self) -> None:
        """Return when work may begin: the database answers with the newest schema and the consent text is kept.

        Raises `Unavailable`, or `WrongSettings` when the text changed without its version.
        """
        await self.storage.ping()
        if not is_successful(await self.keep_consent_text()):
            raise WrongSettings([CONSENT_CHANGED.format(version=self.keep_consent_text.consent.version)])


@asynccontextmanager
async def compose(
    settings: Settings, mis: Mis | None = None, *, clock: Clock | None = None
) -> AsyncIterator[Registratura]:
    """Build the product over the database and the counterparts that *settings* name; closes them at the end.

    With a *mis* the clinic decides about bookings; without one we do. A *clock* other than the machine's, which the
    database follows, is for sandboxes on SQLite. Raises `WrongSettings` for files that do not hold what they should.
    """
    require_certificates(settings)
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(
            sql.open_storage(str(settings.database.url), pool_size=settings.database.pool_size, clock=clock)
        )
        inspection = Inspection(str(settings.database.url))
        stack.callback(inspection.close)
        clock, ids = clock or SystemClock(), SystemIds()
        desk = Desk(rules=settings.rules, clock=clock, ids=ids, reminders=settings.reminders)
        door = MaxDoor(
            secret=settings.max.webhook_secret.reveal if settings.max.webhook_secret else "",
            take_in=TakeIn(storage=storage),
        )
        terms = Terms(patience=timedelta(minutes=settings.mis.wait_minutes)) if mis is not None else None
        converse = _converse(settings, desk, terms)
        people = await people_of(settings, storage, clock, ids, converse, stack)
        ask_mis = None
        if mis is not None and terms is not None:
            ask_mis = AskMis(storage=storage, mis=mis, terms=terms, tell=converse.announce, on_fault=_log_slip)
        line = None
        if settings.max.token is not None:
            max_settings = _max_settings(settings, settings.max.token.reveal)
            messenger = await stack.enter_async_context(connect(max_settings, CountedThrottle(storage)))
            line = _max_line(settings, storage, clock, messenger, door)
        yield Registratura(
            settings=settings,
            storage=storage,
            clock=clock,
            ids=ids,
            **_bookings(storage, desk, ask_mis),
            work_off=WorkOff(storage=storage, converse=converse, ids=ids),
            remind=_remind(settings, storage, through_mis=mis is not None),
            examples=ControlExamples(storage=storage, desk=desk, words=MaxNotices(), passwords=people.manage.passwords),
            make_another_chat=MakeAnotherChat(storage=storage, lead=settings.reminders.chat),
            end_consultation=EndConsultation(storage=storage, clock=clock),
            offer_leave_closing=OfferLeaveClosing(storage=storage, words=MaxNotices()),
            people=people,
            open_chats=await _open_chats(settings, storage, stack),
            ask_mis=ask_mis,
            max_door=door,
            max_line=line,
            waking=sql.waking_at(str(settings.database.url)),
            tidy=Tidy(storage=storage, clock=clock, retention=settings.keep.retention),
            loading=_loading(settings, storage),
            inspection=inspection,
            keep_consent_text=KeepConsentText(storage=storage, consent=settings.consent(texts.CONSENT)),
        )


class _Bookings(TypedDict):
    book: BookAppointment | BookThroughMis
    book_once: BookOnce | BookOnceThroughMis
    cancel: CancelAppointment | CancelThroughMis
    cancel_once: CancelOnce | CancelOnceThroughMis
    move: MoveAppointment | None


def _bookings(storage: Storage, desk: Desk, ask: AskMis | None) -> _Bookings:
    """The use cases of booking: where a clinic decides none of them goes past it."""
    if ask is None:
        return _Bookings(
            book=BookAppointment(storage=storage, desk=desk),
            book_once=BookOnce(storage=storage, desk=desk),
            cancel=CancelAppointment(storage=storage, desk=desk),
            cancel_once=CancelOnce(storage=storage, desk=desk),
            move=MoveAppointment(storage=storage, desk=desk),
        )
    return _Bookings(
        book=BookThroughMis(storage=storage, desk=desk, ask=ask),
        book_once=BookOnceThroughMis(storage=storage, desk=desk, ask=ask),
        cancel=CancelThroughMis(storage=storage, desk=desk, ask=ask),
        cancel_once=CancelOnceThroughMis(storage=storage, desk=desk, ask=ask),
        move=None,
    )


def _log_slip(slip: Exception) -> None:
    log.error("mis.slip", exc_info=slip)


def _converse(settings: Settings, desk: Desk, terms: Terms | None) -> Converse:
    bot = settings.bot
    painter = Painter(
        lists=Lists(
            desk=desk,
            after_start=timedelta(hours=settings.tmk.link.fallback_hours),
            terms=terms,
            leave_closing=settings.tmk.leave_purpose,
        ),
        consent=settings.consent(texts.CONSENT),
        conditions=settings.tmk.conditions_text or None,
        page_size=bot.page_size,
        allow_cancel=bot.allow_cancel,
        link_lead=settings.link_lead,
        link=partial(_consultation_link, settings),
    )
    manners = Manners(idle=timedelta(hours=bot.session_hours), skip_single=bot.skip_single_choice)
    return Converse(desk=desk, painter=painter, phrases=MaxPhrases(), manners=manners, invite=_inviting(settings, desk))


def _inviting(settings: Settings, desk: Desk) -> Invite:
    """Whoever is not known signs in by a link of their own; without Gosuslugi a page says what to do."""
    if settings.esia.url is None:
        return lambda _user, _chat, _tx: f"{settings.public.url}{LOGIN_PATH}"
    return GiveLink(
        address=f"{settings.public.url}{LINK_PATH}",
        clock=desk.clock,
        ids=desk.ids,
        term=timedelta(minutes=settings.max.login_link_minutes),
    )


async def _open_chats(settings: Settings, storage: sql.SqlStorage, stack: AsyncExitStack) -> OpenChats | None:
    if settings.sferum.url is None:
        return None
    token = settings.sferum.token.reveal if settings.sferum.token is not None else ""
    chats = await stack.enter_async_context(
        sferum.connect(sferum.SferumSettings(url=str(settings.sferum.url), token=token), storage)
    )
    return OpenChats(storage=storage, chats=chats, words=MaxNotices(), alarm=_alarm)


def _alarm(chat: ConsultationChat) -> None:
    log.error("chat.failed", extra={"booking": chat.appointment, "state": chat.state.value, "reason": chat.reason})
    meters.chat_failed(chat.state.value)


def _remind(settings: Settings, storage: Storage, *, through_mis: bool) -> Remind:
    return Remind(
        storage=storage,
        rules=settings.reminders,
        words=MaxNotices(soon=settings.reminders.soon),
        link=partial(_consultation_link, settings),
        may_cancel=settings.bot.allow_cancel,
        on_fault=_log_reminder,
        through_mis=through_mis,
    )


def _log_reminder(booking: AppointmentId, slip: Exception) -> None:
    log.error("notice.slip", extra={"booking": booking}, exc_info=slip)


def _consultation_link(settings: Settings, appointment: AppointmentId) -> str:
    return f"{settings.public.url}{CONSULTATIONS_PATH}/{appointment}"


def _max_settings(settings: Settings, token: str) -> MaxSettings:
    bundle = Path(settings.max.ca_file) if settings.max.ca_file else None
    return MaxSettings(url=str(settings.max.url), token=token, ca_bundle=bundle)


def _max_line(settings: Settings, storage: Storage, clock: Clock, messenger: MaxMessenger, door: MaxDoor) -> MaxLine:
    polling = watchdog = None
    if settings.max.mode is MaxMode.POLLING:
        polling = Polling(messenger=messenger, marker=partial(_marker, storage), keep=door.keep, chance=chance)
    elif settings.max.webhook_secret is not None:
        url = f"{settings.public.url}{WEBHOOK_PATH}"
        watchdog = Watchdog(messenger=messenger, url=url, secret=settings.max.webhook_secret.reveal)
    relay = Relay(storage=storage, messenger=CountedMessenger(messenger), clock=clock, chance=chance)
    return MaxLine(relay=relay, polling=polling, watchdog=watchdog, messenger=messenger)


async def _marker(storage: Storage) -> str | None:
    return await storage.read(lambda tx: tx.inbox.marker("max"))


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema; raises `Unavailable` when it cannot be reached."""
    sql.migrate(str(settings.database.url))


def backup(settings: Settings, folder: Path, *, keep: int | None) -> Path:
    """Save the database into *folder*; raises `BackupRefused` and `Unavailable`."""
    return sql.backup(str(settings.database.url), folder, now=SystemClock().now(), keep=keep)


def restore(settings: Settings, file: Path, *, replace: bool) -> Path | None:
    """Bring the database back from *file*; gives the backup of what was replaced. Raises as `backup`."""
    return sql.restore(str(settings.database.url), file, now=SystemClock().now(), replace=replace)


@attrs.frozen(kw_only=True)
class Loading:
    """Everything a load needs: the use case and the reader of its format."""

    records: LoadRecords
    region: ZoneInfo

    async def run(
        self,
        source: Iterable[bytes],
        *,
        name: str = "",
        on_refused: Callable[[RefusedLine], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> LoadReport:
        """Load the records of *source*: NDJSON, an array or the FER envelope, packed by gzip or not."""
        lines = load.read_records(source, self.region, source=name)
        return await self.records(lines, on_refused=on_refused, progress=progress)


def _loading(settings: Settings, storage: Storage) -> Loading:
    records = LoadRecords(
        storage=storage,
        open_spool=partial(load.temporary_spool, settings.region.timezone),
        wording=load.RussianWording(),
    )
    return Loading(records=records, region=settings.region.timezone)
