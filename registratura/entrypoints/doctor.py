"""Looks at each dependency and says what to do about those that do not work."""

from datetime import datetime, timedelta

import attrs

from registratura.application.examples import Shown
from registratura.application.ports.failures import Unavailable
from registratura.entrypoints import texts
from registratura.entrypoints.composition import Condition, Registratura, compose
from registratura.entrypoints.setting_sections import MaxMode
from registratura.entrypoints.settings import Settings

LARGEST_SKEW = timedelta(seconds=5)
"""How far our clock and that of the database may be apart before visits and leases begin or end visibly wrong."""
BESIDE_THE_POOL = 6
"""Connections a process may hold besides `database.pool_size`: the hot path, listening for work, this look."""
LEAST_PROCESSES = 2
"""One `serve` and one `work`."""
LEAST_ROOM = 1024**3
"""Bytes below which a SQLite database may soon not be able to grow."""
_GIGABYTE = 1024**3


@attrs.frozen(kw_only=True)
class Finding:
    """One dependency: whether it works, in Russian words that say what to do."""

    name: str
    works: bool
    words: str
    faltered: bool = False
    """It works now and did not a moment before: a fault that passes."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything *settings* name."""
    async with compose(settings) as product:
        return [
            *await _database(product),
            await _max(product),
            *await _esia(product),
            _chats(product),
            _api(settings),
        ]


async def show(settings: Settings) -> list[Finding]:
    """Run the control examples: each walks one of the product's ways, and is undone."""
    async with compose(settings) as product:
        await product.storage.ping()
        shown = await product.examples()
    return [judge_example(one) for one in shown]


def judge_example(shown: Shown) -> Finding:
    """What it means how an example ended: right, a fault that passed, or a failure (OPS-03)."""
    name = texts.EXAMPLES[shown.name]
    if shown.fault is None:
        return Finding(name=name, works=True, words=texts.EXAMPLE_RIGHT)
    words = texts.EXAMPLE_PASSED if shown.passed else texts.EXAMPLE_WRONG
    return Finding(name=name, works=shown.passed, words=words.format(fault=shown.fault), faltered=shown.passed)


async def _esia(product: Registratura) -> list[Finding]:
    through = product.people.esia
    if through is None:
        return [Finding(name=texts.ESIA, works=True, words=texts.ESIA_OFF)]
    if through.look is not None:
        return [Finding(name=one.name, works=one.works, words=one.words) for one in await through.look()]
    try:
        await through.begin.provider.begin(through.begin.return_to)
    except Unavailable as reason:
        words = texts.ESIA_SILENT.format(url=product.settings.esia.url, reason=reason)
        return [Finding(name=texts.ESIA, works=False, words=words)]
    return [Finding(name=texts.ESIA, works=True, words=texts.ESIA_WORKS)]


def _chats(product: Registratura) -> Finding:
    words = texts.CHATS_OFF if product.open_chats is None else texts.CHATS_ON
    return Finding(name=texts.CHATS, works=True, words=words)


async def _database(product: Registratura) -> list[Finding]:
    try:
        asked = product.clock.now()
        condition = await product.inspection.condition()
        # Somewhere between asking and getting the answer the database looked at its clock.
        ours = asked + (product.clock.now() - asked) / 2
    except Unavailable as reason:
        return [Finding(name=texts.DATABASE, works=False, words=texts.DATABASE_ADVICE.format(reason=reason))]
    return judge(condition, ours, product.settings.database.pool_size)


def judge(condition: Condition, now: datetime, pool_size: int) -> list[Finding]:
    """What the *condition* of the database means when our clock shows *now* and a pool has *pool_size* connections."""
    return [
        _schema(condition),
        _durability(condition),
        _clock(condition.now - now),
        *([_connections(condition.connections, pool_size)] if condition.connections is not None else []),
        *([_room(condition.free_bytes)] if condition.free_bytes is not None else []),
    ]


def _schema(condition: Condition) -> Finding:
    words = texts.DATABASE_WORKS if condition.is_current else texts.DATABASE_OLD
    return Finding(name=texts.DATABASE, works=condition.is_current, words=words.format(version=condition.version))


def _durability(condition: Condition) -> Finding:
    words = texts.DURABLE if condition.is_durable else texts.NOT_DURABLE
    return Finding(name=texts.DURABILITY, works=condition.is_durable, words=words)


def _clock(skew: timedelta) -> Finding:
    works = abs(skew) <= LARGEST_SKEW
    words = texts.CLOCK_TOGETHER if works else texts.CLOCK_APART
    return Finding(name=texts.CLOCKS, works=works, words=words.format(seconds=f"{abs(skew).total_seconds():.1f}"))


def _connections(most: int, pool_size: int) -> Finding:
    one = pool_size + BESIDE_THE_POOL
    works = most >= one * LEAST_PROCESSES
    words = texts.CONNECTIONS_ENOUGH if works else texts.CONNECTIONS_FEW
    return Finding(name=texts.CONNECTIONS, works=works, words=words.format(most=most, one=one, fit=most // one))


def _room(free: int) -> Finding:
    works = free >= LEAST_ROOM
    words = texts.ROOM_ENOUGH if works else texts.ROOM_LITTLE
    return Finding(name=texts.ROOM, works=works, words=words.format(gigabytes=f"{free / _GIGABYTE:.1f}"))


async def _max(product: Registratura) -> Finding:
    settings = product.settings.max
    if product.max_line is None:
        return Finding(name=texts.MAX, works=False, words=texts.MAX_NOT_SET)
    if settings.mode is MaxMode.WEBHOOK and settings.webhook_secret is None:
        return Finding(name=texts.MAX, works=False, words=texts.MAX_NO_SECRET)
    try:
        bot = await product.max_line.who()
    except Unavailable as reason:
        return Finding(name=texts.MAX, works=False, words=texts.MAX_SILENT.format(url=settings.url, reason=reason))
    return Finding(name=texts.MAX, works=True, words=texts.MAX_WORKS.format(bot=bot))


def _api(settings: Settings) -> Finding:
    words = texts.API_CLOSED if settings.api.token is None else texts.API_OPEN
    return Finding(name=texts.API, works=True, words=words)
