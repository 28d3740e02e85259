"""Looks at each dependency and says what to do about those that do not work."""

import attrs

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints import texts
from registratura.entrypoints.composition import Registratura, compose
from registratura.entrypoints.settings import MaxMode, Settings


@attrs.frozen(kw_only=True)
class Finding:
    """One dependency: whether it works, in Russian words that say what to do."""

    name: str
    works: bool
    words: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything *settings* name."""
    async with compose(settings) as product:
        return [await _database(product), await _max(product), _api(settings)]


async def _database(product: Registratura) -> Finding:
    try:
        await product.storage.ping()
    except Unavailable as reason:
        return Finding(name=texts.DATABASE, works=False, words=texts.DATABASE_ADVICE.format(reason=reason))
    return Finding(name=texts.DATABASE, works=True, words=texts.DATABASE_WORKS)


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
