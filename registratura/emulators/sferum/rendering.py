"""The pages as HTML: plain forms, no scripts, addresses relative to the page."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from registratura.emulators.sferum import texts
from registratura.emulators.sferum.chats import Chat, Member, State
from registratura.emulators.sferum.config import SferumEmulatorConfig
from registratura.emulators.sferum.faults import STATUSES, Faults

ROLES = (("teacher", texts.DOCTORS), ("student", texts.PATIENTS))
MOMENT = "%d.%m.%Y %H:%M"


def overview(config: SferumEmulatorConfig, chats: list[Chat], faults: Faults) -> str:
    """The first page: every chat, newest first, and the switches of faults."""
    banner = f'<p class="banner" role="status">{texts.FAULTS_ON}</p>' if faults.on else ""
    listed = "".join(_card(config, chat) for chat in reversed(chats))
    shown = f'<ul class="chats">{listed}</ul>' if chats else f'<p class="empty">{texts.NO_CHATS}</p>'
    return _page(
        texts.TITLE,
        "",
        f"<header><h1>{texts.HEADING}</h1><p>{texts.SANDBOX}</p></header>{banner}<main>{shown}</main>{_switches(faults)}",
    )


def chat(config: SferumEmulatorConfig, chat: Chat) -> str:
    """What an invitation opens."""
    title = escape(chat.title)
    said = "".join(
        f"<li><b>{escape(_who(config, message.phone))}</b> <time>{_moment(config, message.written)}</time>"
        f"<p>{escape(message.text)}</p></li>"
        for message in chat.messages
    )
    messages = f'<ol class="messages">{said}</ol>' if said else f'<p class="empty">{texts.NO_MESSAGES}</p>'
    return _page(
        title,
        "../",
        f'<header><a href="../">{texts.ALL_CHATS}</a><h1>{title}</h1>'
        f"<p>{_created(config, chat)} · {texts.SANDBOX}</p></header>"
        f"<main>{_people(config, chat.members)}<section><h2>{texts.MESSAGES}</h2>{messages}{_writing(config, chat)}"
        f"</section></main>",
    )


def nothing_here(words: str, *, home: str) -> str:
    """A page that says what went wrong and leads back."""
    return _page(
        texts.TITLE, home, f'<main><p class="empty">{words}</p><p><a href="{home}">{texts.ALL_CHATS}</a></p></main>'
    )


def _page(title: str, root: str, body: str) -> str:
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="{root}_static/icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{root}_static/page.css"></head><body>{body}</body></html>'
    )


def _card(config: SferumEmulatorConfig, chat: Chat) -> str:
    return (
        f'<li><h2><a href="join/{chat.code}">{escape(chat.title)}</a></h2><p>{_created(config, chat)}</p>'
        f"{_people(config, chat.members)}</li>"
    )


def _people(config: SferumEmulatorConfig, members: Iterable[Member]) -> str:
    rows = [
        f"<dt>{words}</dt>"
        + "".join(f"<dd>{_person(config, member)}</dd>" for member in members if member.chat_role == role)
        for role, words in ROLES
        if any(member.chat_role == role for member in members)
    ]
    return f'<dl class="people">{"".join(rows)}</dl>' if rows else f'<p class="empty">{texts.NOBODY}</p>'


def _person(config: SferumEmulatorConfig, member: Member) -> str:
    queued = f" <small>{texts.QUEUED}</small>" if member.state is State.QUEUED else ""
    return escape(_who(config, member.phone)) + queued


def _who(config: SferumEmulatorConfig, phone: str) -> str:
    number = f"+{phone[0]} {phone[1:4]} {phone[4:7]}-{phone[7:9]}-{phone[9:]}"
    name = config.names.get(phone)
    return f"{name}, {number}" if name else number


def _writing(config: SferumEmulatorConfig, chat: Chat) -> str:
    people = {member.phone: _who(config, member.phone) for member in chat.members if member.state is State.MEMBER}
    if not people:
        return ""
    return (
        f'<form method="post" action="{chat.code}">{_choice(texts.WHO, "phone", people, None)}'
        f'<label>{texts.TEXT}<textarea name="text" rows="2" maxlength="4000" required></textarea></label>'
        f'<p class="actions"><button>{texts.SEND}</button> <a href="{chat.code}">{texts.RENEW}</a></p></form>'
    )


def _switches(faults: Faults) -> str:
    statuses = {str(status): str(status) for status in STATUSES}
    methods = faults.methods[0] if len(faults.methods) == 1 else None
    choices = (
        _choice(texts.ERROR, "error", _coded(texts.ERRORS), faults.error, texts.NONE),
        _choice(texts.STATUS, "status", statuses, faults.status, texts.NONE),
        _choice(texts.DELAY, "delay_ms", _keyed(texts.DELAYS), faults.delay_ms, texts.NONE),
        _choice(texts.METHODS, "methods", texts.METHOD_NAMES, methods, texts.ALL),
        _choice(texts.TIMES, "times", _keyed(texts.COUNTS), faults.times, texts.ALL),
        _choice(texts.FAILED_AS, "failed_as", texts.SHAPES, faults.failed_as.value),
    )
    return (
        f'<section class="faults"><h2>{texts.FAULTS}</h2><p>{texts.FAULTS_HINT}</p>'
        f'<form method="post" action="_emu/faults">{"".join(choices)}'
        f"{_tick('cut', texts.CUT, texts.CUT_HINT, on=faults.cut)}"
        f"{_tick('page', texts.PAGE, texts.PAGE_HINT, on=faults.page)}"
        f'<label>{texts.FAILING}<input name="failing" value="{escape(" ".join(sorted(faults.failing)))}"></label>'
        f'<p class="actions"><button>{texts.APPLY}</button>'
        f'<button form="calm" class="quiet">{texts.ALL_OFF}</button></p></form>'
        f'<form id="calm" method="post" action="_emu/faults" hidden></form></section>'
    )


def _choice(label: str, name: str, options: Mapping[str, str], chosen: object, nothing: str | None = None) -> str:
    first = f'<option value="">{nothing}</option>' if nothing else ""
    rest = "".join(
        f'<option value="{escape(value)}"{" selected" if value == str(chosen) else ""}>{escape(words)}</option>'
        for value, words in options.items()
    )
    return f'<label>{label}<select name="{name}">{first}{rest}</select></label>'


def _tick(name: str, words: str, hint: str, *, on: bool) -> str:
    checked = " checked" if on else ""
    box = f'<input type="checkbox" name="{name}"{checked}>'
    return f'<label class="tick">{box}<span>{words}<small>{hint}</small></span></label>'


def _keyed(words: Mapping[int, str]) -> dict[str, str]:
    return {str(number): text for number, text in words.items()}


def _coded(words: Mapping[int, str]) -> dict[str, str]:
    return {str(number): f"{number}, {text}" for number, text in words.items()}


def _created(config: SferumEmulatorConfig, chat: Chat) -> str:
    return texts.CREATED.format(moment=_moment(config, chat.created))


def _moment(config: SferumEmulatorConfig, moment: datetime) -> str:
    return moment.astimezone(config.zone).strftime(MOMENT)
